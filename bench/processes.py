"""Processes that the benchmark starts, and what they have used."""

from __future__ import annotations

import atexit
import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import psutil

HOST = "127.0.0.1"
_PATIENCE_S = 30


class Child:
    """A process of ours: waited for until `ready`, with its output in a file.

    Raises SystemExit, with that output, when it ends before it is ready or is not ready in 30 s.
    """

    popen: ClassVar[type[subprocess.Popen[bytes]]] = subprocess.Popen
    """What starts it; tests have one that is quicker."""

    def __init__(
        self,
        command: Sequence[str],
        ready: Callable[[], bool],
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        with log.open("w") as out:
            self._child = self.popen(command, stdout=out, stderr=out, env=environment)
        atexit.register(self._child.kill)  # whatever ends the benchmark
        self._wait_until(ready)
        self._process = psutil.Process(self._child.pid)

    @property
    def cpu_seconds(self) -> float:
        """User and system time of the process and of its children, those that ended too."""
        return cpu_seconds(self._process)

    @property
    def rss_mib(self) -> float:
        return float(self._process.memory_info().rss / 2**20)

    @property
    def peak_mib(self) -> float:
        """The most memory that was ever resident, the children's included."""
        return sum(_peak_mib(process) for process in _with_children(self._process))

    def kill(self) -> None:
        """As a power cut of this process alone: kill -9."""
        self._child.kill()
        self._child.wait()

    def stop(self) -> None:
        """As an administrator does it: SIGTERM, and 20 s to wind down."""
        self._child.terminate()
        try:
            self._child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        ends = time.monotonic() + _PATIENCE_S
        while not ready():
            if self._child.poll() is not None or time.monotonic() > ends:
                self.kill()
                raise SystemExit(f"did not start:\n{self._log.read_text()}")
            time.sleep(0.05)


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and of its children, those that ended too."""
    total = 0.0
    for one in _with_children(process):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(one.cpu_times()[:4])  # own and ended children's, user and system
    return total


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def free_ports(count: int = 3) -> tuple[int, ...]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = tuple(found.getsockname()[1] for found in sockets)
    for found in sockets:
        found.close()
    return ports


def _with_children(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _peak_mib(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status")
    with contextlib.suppress(FileNotFoundError):
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
