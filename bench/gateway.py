"""The gateway as a user runs it: a process of its own."""

from __future__ import annotations

import json
import secrets
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from cryptography.fernet import Fernet

from bench.processes import HOST, Child, free_ports

__all__ = ["HOST", "Gateway", "Process", "Serving", "free_ports"]


class Process(Child):
    """A `simpost` command that says it is ready, and what it has used so far."""

    def __init__(self, arguments: Sequence[str], ready: str, log: Path) -> None:
        command = [sys.executable, "-m", "simpost", *arguments]
        super().__init__(command, lambda: ready in log.read_text(), log)


class Serving:
    """`simpost serve`, with one account and as many eSIMs as wanted, bound to whatever listens.

    `database_url` none keeps the embedded store in the folder; `carrier` is more lines of the
    carrier's table; nodes on one database need one `seal_key`.
    """

    access_code = "bench"
    secret = "bench-secret-0123"
    system_id = "bench"
    password = "bench123"

    def __init__(
        self,
        folder: Path,
        smsc_port: int,
        *,
        window: int = 10,
        log_level: str = "warning",
        database_url: str | None = None,
        carrier: str = "",
        seal_key: str | None = None,
        more: str = "",
    ) -> None:
        """`carrier` is more lines of this section, `more` is more sections."""
        (self.port,) = free_ports(1)
        self.token = secrets.token_urlsafe(24)
        self.folder = folder
        self._config = folder / "simpost.toml"
        url = database_url or "sqlite:///simpost.db"
        key = seal_key or Fernet.generate_key().decode()
        self._config.write_text(self._toml(smsc_port, window, log_level, url, key, carrier) + more)
        self._config.chmod(0o600)
        self.start()

    def start(self) -> None:
        self.process = Process(
            ["serve", f"--config={self._config}"],
            ready="listens on",
            log=self.folder / "gateway.log",
        )

    def fill(self, esims: int) -> list[str]:
        """Make the account and its eSIMs; returns their transaction numbers."""
        self.operate(
            "POST",
            "accounts",
            {"accessCode": self.access_code, "secret": self.secret, "requestsPerSecond": 0},
        )
        self.operate(
            "PUT",
            "plans",
            [{"packageCode": "P1", "slug": "TH_1_7", "name": "Thailand", "smsStatus": 1}],
        )
        numbers = [f"260101{index:08d}" for index in range(esims)]
        for first in range(0, esims, 1000):
            rows = [esim_row(number) for number in numbers[first : first + 1000]]
            self.operate("PUT", f"accounts/{self.access_code}/esims", rows)
        return numbers

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def credentials(self) -> dict[str, str]:
        return {"RT-AccessCode": self.access_code, "RT-SecretKey": self.secret}

    def ask(self, path: str) -> Any:
        """The JSON response of the native API to the account for a path."""
        request = urllib.request.Request(f"{self.url}{path}", headers=self.credentials)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def ask_admin(self, path: str) -> Any:
        """The JSON response of the admin API for a path."""
        request = urllib.request.Request(
            f"{self.url}/v1/admin/{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def pause(self) -> None:
        """The administrator's commands: what is accepted waits in the store."""
        self.operate("POST", "carriers/simulator/pause", None)

    def resume(self) -> None:
        self.operate("POST", "carriers/simulator/resume", None)

    def stop(self) -> None:
        self.process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def operate(self, method: str, path: str, body: object) -> Any:
        """The JSON response of the admin API. Raises SystemExit if an import refused a row."""
        request = urllib.request.Request(
            f"{self.url}/v1/admin/{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:
            found = json.load(answer)
        if method == "PUT" and (refused := found.get("refused")):
            raise SystemExit(f"{path}: {refused[0]}")
        return found

    def _toml(
        self, smsc_port: int, window: int, log_level: str, url: str, key: str, carrier: str
    ) -> str:
        return f"""\
[server]
port = {self.port}
admin_token = "{self.token}"
[store]
database_url = "{url}"
secrets_key = "{key}"
[log]
level = "{log_level}"
[[carriers]]
name = "simulator"
type = "smpp"
host = "{HOST}"
port = {smsc_port}
system_id = "{self.system_id}"
password = "{self.password}"
window = {window}
{carrier}
[[routes]]
carrier = "simulator"
"""


class Gateway(Serving):
    """The gateway with the bundled simulator beside it, in another process."""

    def __init__(
        self, folder: Path, window: int = 10, log_level: str = "warning", more: str = ""
    ) -> None:
        smsc_port, self._smsc_http = free_ports(2)
        self._centre = Process(
            [
                "smsc",
                f"--port={smsc_port}",
                f"--http-port={self._smsc_http}",
                f"--system-id={self.system_id}",
                f"--password={self.password}",
                f"--window={window}",
            ],
            ready=str(self._smsc_http),
            log=folder / "smsc.log",
        )
        super().__init__(folder, smsc_port, window=window, log_level=log_level, more=more)

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

    def cut_off_the_carrier(self) -> None:
        self._centre.kill()

    def stop(self) -> None:
        super().stop()
        self._centre.stop()


def esim_row(number: str) -> dict[str, Any]:
    return {
        "esimTranNo": number,
        "iccid": f"8966{number}1",
        "msisdn": f"66{number[-10:]}",
        "smsStatus": 1,
        "smdpStatus": "ENABLED",
        "esimStatus": "IN_USE",
        "packageList": [{"packageCode": "P1", "slug": "TH_1_7"}],
    }
