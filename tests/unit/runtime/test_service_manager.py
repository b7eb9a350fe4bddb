from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from simpost.runtime.service_manager import ServiceManager, service_manager_of


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def test_states_are_the_words_of_sd_notify(listener: socket.socket) -> None:
    manager = ServiceManager(listener.getsockname())
    manager.ready()
    assert listener.recv(4096).splitlines()[0] == b"READY=1"
    manager.reloading()
    reloading, moment = listener.recv(4096).splitlines()
    assert reloading == b"RELOADING=1"
    assert moment.startswith(b"MONOTONIC_USEC=")
    manager.stopping()
    assert listener.recv(4096).splitlines()[0] == b"STOPPING=1"


async def test_the_watchdog_hears_of_a_running_loop_at_once(listener: socket.socket) -> None:
    manager = ServiceManager(listener.getsockname(), watchdog_s=60)
    beat = manager.run_watchdog()
    beat.send(None)
    assert listener.recv(4096) == b"WATCHDOG=1"
    beat.close()


def test_an_abstract_name_is_an_address() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0simpost-test-{os.getpid()}")
        ServiceManager(f"@simpost-test-{os.getpid()}").ready()
        assert listening.recv(4096).startswith(b"READY=1")


def test_a_manager_that_is_gone_does_not_stop_the_service(tmp_path: Path) -> None:
    ServiceManager(str(tmp_path / "nobody")).ready()


def test_processes_that_this_one_starts_do_not_report() -> None:
    environment = {
        "NOTIFY_SOCKET": "",
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(os.getpid()),
        "PATH": "/bin",
    }
    assert service_manager_of(environment).watchdog_s == 30
    assert environment == {"PATH": "/bin"}


def test_a_watchdog_of_another_process_is_not_ours() -> None:
    environment = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}
    assert service_manager_of(environment).watchdog_s == 0
