"""/healthz and /readyz of a whole process tell the truth: a full disk, no carrier, a stop."""

import time

import psutil
import pytest

from bench.gateway import Gateway
from simpost.runtime.readiness import WAITS
from tests.scenarios.plain_http import get, post

PATIENCE_S = 90


@pytest.fixture
def gateway(tmp_path):
    with Gateway(tmp_path) as running:
        yield running


def ask(gateway, path):
    return get(f"{gateway.url}/{path}")


def wait_for(gateway, fits):
    ends = time.monotonic() + PATIENCE_S
    while not fits(answer := ask(gateway, "readyz")):
        assert time.monotonic() < ends, answer.text
        time.sleep(0.1)
    return answer


def send(gateway, number):
    return post(
        f"{gateway.url}/api/v1/open/esim/sendSms",
        json={"esimTranNo": number, "message": "hello"},
        headers=gateway.credentials,
    )


def test_a_running_process_is_alive_and_becomes_ready_without_a_warning(gateway):
    assert ask(gateway, "healthz").json()["status"] == "ok"
    wait_for(gateway, lambda answer: answer.json().get("status") == "ok")


def test_without_a_carrier_it_is_ready_says_so_and_accepts(gateway):
    number = gateway.fill(1)[0]
    gateway.cut_off_the_carrier()
    found = wait_for(gateway, lambda answer: answer.json().get("status") == "degraded")
    assert (found.status_code, found.json()["warning"]) == (200, WAITS)
    assert send(gateway, number).json()["success"]


def test_on_a_full_disk_it_is_alive_and_not_ready_until_there_is_room(gateway):
    number = gateway.fill(1)[0]
    process = psutil.Process(gateway.process._child.pid)
    process.rlimit(psutil.RLIMIT_FSIZE, (0, psutil.RLIM_INFINITY))
    found = wait_for(gateway, lambda answer: answer.status_code == 503)
    assert found.json()["code"] == "store_unavailable"
    assert "disk" in found.json()["detail"]
    assert ask(gateway, "healthz").status_code == 200
    assert not send(gateway, number).json()["success"]
    process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    wait_for(gateway, lambda answer: answer.status_code == 200)
    assert send(gateway, number).json()["success"]


@pytest.fixture
def patient(monkeypatch):
    """A gateway made after this waits a minute before it stops."""
    monkeypatch.setenv("SIMPOST_SERVER__DRAIN_S", "60")


def test_a_stopping_process_is_not_ready_before_it_refuses_requests(patient, gateway):
    number = gateway.fill(1)[0]
    process = gateway.process._child
    process.terminate()
    found = wait_for(gateway, lambda answer: answer.status_code == 503)
    assert found.json()["code"] == "stopping"
    assert ask(gateway, "healthz").status_code == 200
    assert send(gateway, number).json()["success"]
    process.terminate()  # told twice, it does not wait
    process.wait(timeout=PATIENCE_S)
