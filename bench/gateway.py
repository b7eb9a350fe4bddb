"""The gateway as a user runs it, in a process of its own, with the bundled simulator in another."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import psutil

HOST = "127.0.0.1"


class Process:
    """A child that says it is ready, and what it has used so far."""

    def __init__(self, arguments: Sequence[str], ready: str, log: Path) -> None:
        with log.open("w") as out:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "simpost", *arguments], stdout=out, stderr=out
            )
        self._log = log
        self._wait_until_ready(ready)
        self._process = psutil.Process(self._child.pid)

    @property
    def cpu_seconds(self) -> float:
        """User and system time of the process and the children it still has."""
        processes = [self._process, *self._process.children(recursive=True)]
        times = [process.cpu_times() for process in processes]
        return float(sum(used.user + used.system for used in times))

    @property
    def rss_mib(self) -> float:
        return float(self._process.memory_info().rss / 2**20)

    def kill(self) -> None:
        """As a power cut of this process alone: kill -9."""
        self._child.kill()
        self._child.wait()

    def stop(self) -> None:
        """As an operator does it: SIGTERM, and 20 s to wind down."""
        self._child.terminate()
        try:
            self._child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _wait_until_ready(self, ready: str) -> None:
        ends = time.monotonic() + 30
        while ready not in self._log.read_text():
            if self._child.poll() is not None or time.monotonic() > ends:
                self._child.kill()
                raise SystemExit(f"did not start:\n{self._log.read_text()}")
            time.sleep(0.05)


class Gateway:
    """`simpost serve` bound to `simpost smsc`, with one account and as many eSIMs as wanted."""

    access_code = "bench"
    secret = "bench-secret"
    password = "bench123"

    def __init__(self, folder: Path, window: int = 10, log_level: str = "warning") -> None:
        self.port, smsc_port, self._smsc_http = free_ports()
        self.token = secrets.token_urlsafe(24)
        self._config = folder / "simpost.toml"
        self._config.write_text(self._toml(smsc_port, window, log_level))
        self._config.chmod(0o600)
        self._folder = folder
        self._centre = Process(
            [
                "smsc",
                f"--port={smsc_port}",
                f"--http-port={self._smsc_http}",
                "--system-id=bench",
                f"--password={self.password}",
                f"--window={window}",
            ],
            ready=str(self._smsc_http),
            log=folder / "smsc.log",
        )
        self.start()

    def start(self) -> None:
        self.process = Process(
            ["serve", f"--config={self._config}"],
            ready="listens on",
            log=self._folder / "gateway.log",
        )

    def fill(self, esims: int) -> list[str]:
        """Make the account and its eSIMs; returns their transaction numbers."""
        self._operate(
            "POST",
            "accounts",
            {"accessCode": self.access_code, "secret": self.secret, "requestsPerSecond": 0},
        )
        self._operate(
            "PUT",
            "plans",
            [{"packageCode": "P1", "slug": "TH_1_7", "name": "Thailand", "smsStatus": 1}],
        )
        numbers = [f"260101{index:08d}" for index in range(esims)]
        for first in range(0, esims, 1000):
            rows = [_esim(number) for number in numbers[first : first + 1000]]
            self._operate("PUT", f"accounts/{self.access_code}/esims", rows)
        return numbers

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def credentials(self) -> dict[str, str]:
        return {"RT-AccessCode": self.access_code, "RT-SecretKey": self.secret}

    def smsc(self, path: str) -> Any:
        """What the simulator answers under a path, as JSON."""
        with urllib.request.urlopen(f"http://{HOST}:{self._smsc_http}/{path}") as answer:
            return json.load(answer)

    def set_faults(self, rules: Sequence[dict[str, Any]]) -> None:
        """How the simulator misbehaves from now on, as docs/faults.md says; none: not at all."""
        request = urllib.request.Request(
            f"http://{HOST}:{self._smsc_http}/faults",
            method="PUT",
            data=json.dumps({"rules": list(rules)}).encode(),
        )
        urllib.request.urlopen(request).close()

    def pause(self) -> None:
        """The operator's hand: what is accepted waits in the store."""
        self._operate("POST", "carriers/simulator/pause", None)

    def resume(self) -> None:
        self._operate("POST", "carriers/simulator/resume", None)

    def cut_off_the_operator(self) -> None:
        self._centre.kill()

    def stop(self) -> None:
        self.process.stop()
        self._centre.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _operate(self, method: str, path: str, body: object) -> None:
        request = urllib.request.Request(
            f"{self.url}/v1/operator/{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:
            refused = json.load(answer).get("refused") if method == "PUT" else None
        if refused:
            raise SystemExit(f"{path}: {refused[0]}")

    def _toml(self, smsc_port: int, window: int, log_level: str) -> str:
        from cryptography.fernet import Fernet

        return f"""\
[server]
port = {self.port}
operator_token = "{self.token}"
[store]
secrets_key = "{Fernet.generate_key().decode()}"
[log]
level = "{log_level}"
[[carriers]]
name = "simulator"
type = "smpp"
host = "{HOST}"
port = {smsc_port}
system_id = "bench"
password = "{self.password}"
window = {window}
[[routes]]
carrier = "simulator"
"""


def free_ports() -> tuple[int, int, int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(3)]
    first, second, third = (found.getsockname()[1] for found in sockets)
    for found in sockets:
        found.close()
    return first, second, third


def _esim(number: str) -> dict[str, Any]:
    return {
        "esimTranNo": number,
        "iccid": f"8966{number}1",
        "msisdn": f"66{number[-10:]}",
        "smsStatus": 1,
        "smdpStatus": "ENABLED",
        "esimStatus": "IN_USE",
        "packageList": [{"packageCode": "P1", "slug": "TH_1_7"}],
    }
