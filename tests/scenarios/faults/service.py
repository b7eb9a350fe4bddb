"""Whole processes under a fault: nodes of simpost, and the message centre whose handsets count."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cryptography.fernet import Fernet

from bench.gateway import Process, esim_row
from bench.processes import HOST, Child, free_ports
from tests import prestarted

LONG = os.environ.get("SCENARIOS") == "long"
"""Whether `make scenarios` runs: every fault as often and as long as promised."""
PATIENCE_S = 240 if LONG else 150
"""Longest wait for anything; it only ends a test that hangs."""
ESIMS = 200
LEASE_S = 3.0
"""The shortest allowed lease, so that a dead node is replaced soon."""
ACCESS_CODE, SECRET = "acme", "acme-secret-0123"
CREDENTIALS = {"RT-AccessCode": ACCESS_CODE, "RT-SecretKey": SECRET}
ROOT = Path(__file__).parents[3]

T = TypeVar("T")


async def until(found: Callable[[], T], what: str) -> T:
    """What `found` gives once it is true; it is asked in a thread, so that the load goes on."""
    ends_s = time.monotonic() + PATIENCE_S
    while not (value := await asyncio.to_thread(found)):
        assert time.monotonic() < ends_s, f"waited too long until {what}"
        await asyncio.sleep(0.1)
    return value


class Centre(Process):
    """`simpost smsc`: the SMSC, and all handsets."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port, self._http_port = free_ports(2)
        arguments = [f"--port={self.port}", f"--http-port={self._http_port}", "--system-id=esme",
                     "--password=secret", "--window=100", *options]  # fmt: skip
        super().__init__(["smsc", *arguments], str(self._http_port), folder / "smsc.log")

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://{HOST}:{self._http_port}/{path}") as answer:
            return json.load(answer)

    def set_faults(self, *rules: dict[str, Any]) -> None:
        """How it misbehaves from now on (docs/faults.md); without rules it behaves."""
        request = urllib.request.Request(
            f"http://{HOST}:{self._http_port}/faults",
            method="PUT",
            data=json.dumps({"rules": rules}).encode(),
        )
        urllib.request.urlopen(request).close()


class Node:
    """One `simpost serve`, which a test may kill and start again as often as it likes.

    `clock` is a file whose number of seconds its wall clock is wrong by (`wrong_clock.py`).
    """

    def __init__(self, site: Site, name: str, clock: Path | None = None) -> None:
        self.name = name
        (self.port,) = free_ports(1)
        self.url = f"http://{HOST}:{self.port}"
        self._site = site
        self._clock = clock
        self._starts = 0
        self._config = site.folder / f"{name}.toml"
        self._config.write_text(site.toml(self.port, name))
        self._config.chmod(0o600)
        self.start()

    def command(self) -> list[str]:
        module = "tests.scenarios.faults.wrong_clock" if self._clock else "simpost"
        return [sys.executable, "-m", module, "serve", f"--config={self._config}"]

    def start(self) -> None:
        self._starts += 1
        self.log = self._site.folder / f"{self.name}-{self._starts}.log"
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        if self._clock:
            environment["WRONG_CLOCK"] = str(self._clock)
        try:
            self.process = Child(
                self.command(),
                lambda: "listens on" in self.log.read_text(),
                self.log,
                environment,
            )
        except SystemExit as ended:
            raise AssertionError(str(ended)) from None

    @property
    def pid(self) -> int:
        return self.process._child.pid

    def kill(self) -> None:
        self.process.kill()

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz."""
        return _get(f"{self.url}/readyz")

    def is_ready(self) -> bool:
        """Ready, and with a bind that takes messages somewhere."""
        status, body = self.readiness()
        return status == 200 and body["status"] == "ok"

    def is_held(self) -> bool:
        """Ready, but it is a copy that sends nothing."""
        status, body = self.readiness()
        return status == 200 and "is a copy" in (body["warning"] or "")

    def is_unready(self) -> bool:
        status, body = self.readiness()
        return status == 503 and body["code"] == "store_unavailable"

    def ask(self, path: str) -> Any:
        status, body = _get(f"{self.url}{path}")
        assert status == 200, body
        return body

    def send(self, esim: str, text: str, **body: object) -> tuple[int, dict[str, Any]]:
        """Status and body of what the native API answers."""
        return _open(
            urllib.request.Request(
                f"{self.url}/v1/messages",
                data=json.dumps({"esimTranNo": esim, "text": text, **body}).encode(),
                headers={**CREDENTIALS, "Content-Type": "application/json"},
            )
        )

    def operate(self, method: str, path: str, body: object) -> None:
        request = urllib.request.Request(
            f"{self.url}/v1/admin/{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._site.token}",
                "Content-Type": "application/json",
            },
        )
        urllib.request.urlopen(request).close()


class Site:
    """A message centre, and nodes that share a store; all of them end with it.

    `database_url` none is an embedded store in the folder; a relative one is there, too.
    """

    def __init__(self, folder: Path, database_url: str | None = None, *options: str) -> None:
        self.folder = folder
        self.token = secrets.token_urlsafe(24)
        self.nodes: list[Node] = []
        self._database_url = database_url
        self._seal_key = Fernet.generate_key().decode()
        self.centre = Centre(folder, *options)
        self.esims = [f"260101{index:08d}" for index in range(ESIMS)]

    def start(self, name: str, **more: Any) -> Node:
        """One more node; the first makes the account and its eSIMs."""
        node = Node(self, name, **more)
        self.nodes.append(node)
        if len(self.nodes) == 1:
            self._fill(node)
        return node

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
        self.centre.kill()

    def try_second(self, name: str) -> tuple[int, str]:
        """Start a node that is expected to refuse: its exit code and what it said."""
        (port,) = free_ports(1)
        config = self.folder / f"{name}.toml"
        config.write_text(self.toml(port, name))
        config.chmod(0o600)
        command = [sys.executable, "-m", "simpost", "serve", f"--config={config}"]
        done = prestarted.run(command, timeout=PATIENCE_S)
        return done.returncode, done.stdout + done.stderr

    def toml(self, port: int, name: str) -> str:
        url = self._database_url or "sqlite:///simpost.db"
        is_shared = url.startswith("postgresql")
        node = f'[node]\nname = "{name}"\nlease_s = {LEASE_S}\n' if is_shared else ""
        return f"""\
[server]
port = {port}
admin_token = "{self.token}"
[store]
database_url = "{url}"
secrets_key = "{self._seal_key}"
{node}[log]
level = "warning"
[[carriers]]
name = "simulator"
type = "smpp"
host = "{HOST}"
port = {self.centre.port}
system_id = "esme"
password = "secret"
binds = 2
reconnect_min_s = 0.2
reconnect_max_s = 1
[[routes]]
carrier = "simulator"
"""

    def _fill(self, node: Node) -> None:
        account = {"accessCode": ACCESS_CODE, "secret": SECRET, "requestsPerSecond": 0}
        node.operate("POST", "accounts", account)
        node.operate("PUT", "plans", [{"packageCode": "P1", "slug": "TH_1_7", "smsStatus": 1}])
        rows = [esim_row(each) for each in self.esims]
        node.operate("PUT", f"accounts/{ACCESS_CODE}/esims", rows)


def _get(url: str) -> tuple[int, dict[str, Any]]:
    return _open(urllib.request.Request(url, headers=CREDENTIALS))


def _open(request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
