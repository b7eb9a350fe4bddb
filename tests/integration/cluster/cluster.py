"""Whole processes on one database, with the bundled message centre beside them."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from bench.gateway import Process, esim_row
from bench.processes import HOST, Child, free_ports

PATIENCE_S = 90
"""Longest wait for anything; it only ends a test that hangs."""
LEASE_S = 4.0
ACCESS_CODE, SECRET = "acme", "acme-secret-of-16"
CREDENTIALS = {"RT-AccessCode": ACCESS_CODE, "RT-SecretKey": SECRET}


def until(found, what="nothing came of it", slowest_s=0.25):
    """Wait until `found()` is true; returns its value.

    It is asked ever less often, for each time costs a request: 20 times a second would be a quarter
    of what some scenarios cost.
    """
    ends_s, pause_s = time.monotonic() + PATIENCE_S, 0.02
    while not (value := found()):
        assert time.monotonic() < ends_s, what
        time.sleep(pause_s)
        pause_s = min(1.5 * pause_s, slowest_s)
    return value


def ask(node, method, path, body=None, **headers):
    """Status and JSON of a request of the account, or with another `Authorization`."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        f"{node.url}/v1/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            **({} if "Authorization" in names else CREDENTIALS),
            "Content-Type": "application/json",
            **names,
        },
    )
    return answer_to(request)


def answer_to(request):
    """Status and JSON of a request."""
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


class Centre(Process):
    """`simpost smsc`; `most_binds` limits the binds at a time, `ports` are those of an earlier one.

    `options` are more of the command line.
    """

    def __init__(
        self,
        folder: Path,
        most_binds: int | None = None,
        *options: str,
        ports: tuple[int, int] | None = None,
    ) -> None:
        self.port, self.http_port = ports or free_ports(2)
        arguments = [f"--port={self.port}", f"--http-port={self.http_port}", "--system-id=esme",
                     "--password=secret", "--window=100", *options]  # fmt: skip
        if most_binds is not None:
            faults = folder / "faults.toml"
            faults.write_text(
                f"[[rules]]\nname = 'too many'\nwhen = {{ bound = {most_binds} }}\n"
                "do = { fault = 'refuse_bind', status = 'ESME_RALYBND' }\n"
            )
            arguments.append(f"--faults={faults}")
        super().__init__(["smsc", *arguments], str(self.http_port), folder / "smsc.log")

    def ask(self, path):
        with urllib.request.urlopen(f"http://{HOST}:{self.http_port}/{path}") as answer:
            return json.load(answer)

    def texts(self):
        """Every text shown by a handset, with repeats; each handset shows its last 50."""
        shown = []
        for handset in self.ask("handsets?limit=1000"):
            shown += self.texts_of(handset["number"])
        return shown

    def texts_of(self, number):
        try:
            shown = self.ask(f"handsets/{number}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return []  # no text ever came to it, so the simulator does not know it
        return [message["text"] for message in shown["messages"]]

    def send_from(self, number, text, to="4455"):
        """Send a text from a handset, by any of the binds."""
        body = json.dumps({"to": to, "text": text}).encode()
        url = f"http://{HOST}:{self.http_port}/handsets/{number}/messages"
        with urllib.request.urlopen(url, body) as answer:
            assert set(json.load(answer)["responses"]) == {"ESME_ROK"}  # one for each part


class OneNode:
    """`simpost serve` as a user runs it."""

    def __init__(self, cluster: Cluster, name: str, *options: str, **settings: Any) -> None:
        (self.port,) = free_ports(1)
        self.name = name
        self.url = f"http://{HOST}:{self.port}"
        self._token = cluster.token
        self.log = cluster.folder / f"{name}-{next(cluster.count)}.log"
        config = cluster.folder / f"{name}.toml"
        config.write_text(cluster.toml(self.port, name, **settings))
        config.chmod(0o600)
        self.config = config
        self.process = Child(
            [sys.executable, "-m", "simpost", "serve", f"--config={config}", *options],
            lambda: "listens on" in self.log.read_text(),
            self.log,
            {**os.environ, **cluster.environment},
        )

    @property
    def pid(self) -> int:
        return self.process._child.pid

    def operate(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.url}/v1/admin/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def get(self, path):
        """GET a path as the account; returns status and JSON."""
        return answer_to(urllib.request.Request(f"{self.url}/{path}", headers=CREDENTIALS))

    def send(self, esim, text, **body):
        request = urllib.request.Request(
            f"{self.url}/v1/messages",
            data=json.dumps({"esimTranNo": esim, "text": text, **body}).encode(),
            headers={**CREDENTIALS, "Content-Type": "application/json"},
        )
        return answer_to(request)

    def message(self, message_id):
        return self.get(f"v1/messages/{message_id}")[1]

    def state_of(self, message_id):
        return self.message(message_id)["state"]

    def bound(self):
        """Number of binds that this node has bound, by its own report."""
        try:
            found = self.operate("GET", "carriers")["carriers"]
        except urllib.error.HTTPError:
            return 0  # it does not reach its database
        carrier = next((each for each in found if each["name"] == "simulator"), found[0])
        return sum(not bind["node"] and bind["state"] == "ready" for bind in carrier["connections"])


class Cluster:
    """Starts nodes on one database and kills them at the end."""

    def __init__(self, folder: Path, url: str, seal_key: str, centre_port: int) -> None:
        self.folder = folder
        self.token = secrets.token_urlsafe(24)
        self.environment: dict[str, str] = {}
        self.nodes: list[OneNode] = []
        self.count = iter(range(1_000_000))
        self._url = url
        self._seal_key = seal_key
        self._centre_port = centre_port

    def start(self, name: str, *options: str, **settings: object) -> OneNode:
        node = OneNode(self, name, *options, **settings)
        self.nodes.append(node)
        return node

    def fill(self, node: OneNode, esims: int = 1, **account: object) -> list[str]:
        """Create an account with eSIMs; returns their numbers."""
        given = {"accessCode": ACCESS_CODE, "secret": SECRET, "requestsPerSecond": 0, **account}
        node.operate("POST", "accounts", given)
        node.operate("PUT", "plans", [{"packageCode": "P1", "slug": "TH_1_7", "smsStatus": 1}])
        numbers = [f"260101{index:08d}" for index in range(esims)]
        for first in range(0, esims, 1000):
            rows = [esim_row(each) for each in numbers[first : first + 1000]]
            node.operate("PUT", f"accounts/{ACCESS_CODE}/esims", rows)
        return numbers

    def close(self) -> None:
        for node in self.nodes:
            node.process.kill()

    def toml(
        self,
        port: int,
        name: str,
        binds: int = 1,
        roles: object = None,
        url: str = "",
        centre_port: int = 0,
        server: str = "",
        store: str = "",
        node: str = "",
        carrier: str = "",
        more: str = "",
    ) -> str:
        """`server` to `carrier` are more lines of these sections, `more` more sections."""
        named = f'name = "{name}"\n' if name else ""
        given = f"roles = {json.dumps(roles)}\n" if roles else ""
        return f"""\
[server]
port = {port}
admin_token = "{self.token}"
{server}
[store]
database_url = "{url or self._url}"
secrets_key = "{self._seal_key}"
{store}
[node]
{named}{given}lease_s = {LEASE_S}
{node}
[[carriers]]
name = "simulator"
type = "smpp"
host = "{HOST}"
port = {centre_port or self._centre_port}
{carrier}
system_id = "esme"
password = "secret"
binds = {binds}
reconnect_min_s = 0.2
reconnect_max_s = 1
bind_refused_wait_s = 0.5
[[routes]]
carrier = "simulator"
{more}"""
