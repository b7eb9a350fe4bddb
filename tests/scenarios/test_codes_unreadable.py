"""One-time codes are readable on the handset, and in nothing that a run wrote.

Whole processes: two nodes on PostgreSQL, and one with the embedded store. Codes have ten digits, so
that nothing else looks like one.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import aiohttp
import pytest

from bench.processes import HOST
from tests import prestarted
from tests.contract.postgres_server import programs
from tests.integration.cluster.cluster import (
    ACCESS_CODE,
    CREDENTIALS,
    PATIENCE_S,
    SECRET,
    Centre,
    Cluster,
    until,
)
from tests.integration.cluster.conftest import SEAL_KEY, template, url  # noqa: F401
from tests.integration.webhooks.receiver import answer, receiving
from tests.scenarios.code_forms import code_forms

DIGITS = 10
MORE = """
[verifications]
esim_wait_s = 0
[log]
level = "debug"
"""
ENDINGS = [
    {},
    {"language": "de", "host": "login.example.com"},
    {"language": "zh", "appHash": "FA+9qCX9VSu"},
    {"language": "ar"},
    {"language": "fr", "host": "a.example"},
    {"language": "ja"},
]
"""In GSM 7 bit and in UCS-2, with the code first, and again in the last line."""
ESIMS = 2 * len(ENDINGS)
ESIM_MARK = b"26010100000000"
pytestmark = pytest.mark.timeout(240)


def number_of(esim):
    return f"66{esim[-10:]}"


class Caller:
    """Calls the API as the account, and keeps what it answered."""

    def __init__(self, nodes, session):
        self.said = []
        self._nodes = nodes
        self._session = session
        self._count = 0

    async def __call__(self, method, path, body=None, headers=None):
        node = self._nodes[self._count % len(self._nodes)]
        self._count += 1
        async with self._session.request(
            method, f"{node.url}/{path}", json=body, headers=headers
        ) as response:
            octets = await response.read()
        self.said.append(octets)
        self.said.append(str(dict(response.headers)).encode())
        return response.status, octets

    async def start(self, esim, **fields):
        body = {"esimTranNo": esim, "purpose": "login", "digits": DIGITS, **fields}
        status, octets = await self("POST", "v1/verifications", body)
        assert status in (200, 201), octets
        return json.loads(octets)

    async def check(self, verification, code):
        path = f"v1/verifications/{verification['id']}/check"
        status, octets = await self("POST", path, {"code": code})
        assert status == 200, octets
        return json.loads(octets)["verdict"]


def shown_code(centre, esim, count=1):
    """The code of the last of this many texts on the handset."""

    def found():
        texts = centre.texts_of(number_of(esim))
        return texts[-1] if len(texts) >= count else None

    text = until(found, f"no text came to {esim}")
    return re.match(rf"\d{{{DIGITS}}}", text)[0]


async def use(call, centre, esims):
    """Start, check, repeat, supersede and cancel verifications; returns all codes."""
    codes = []
    for place, esim in enumerate(esims):
        ending = ENDINGS[place % len(ENDINGS)]
        begun = await call.start(esim, sessionKey="one", **ending)
        code = await asyncio.to_thread(shown_code, centre, esim)
        codes.append(code)
        wrong = f"{(int(code) + 1) % 10**DIGITS:0{DIGITS}}"
        assert await call.check(begun, wrong) == "wrong_code"
        match place % 4:
            case 0:
                assert await call.check(begun, code) == "verified"
                assert await call.check(begun, code) == "already_used"
            case 1:
                after = await call.start(esim, sessionKey="two", **ending)
                assert after["step"] == "supersede"
                codes.append(await asyncio.to_thread(shown_code, centre, esim, 2))
                assert await call.check(begun, code) == "superseded"
            case 2:
                await call("DELETE", f"v1/verifications/{begun['id']}")
                assert await call.check(begun, code) == "cancelled"
            case _:
                """It stays pending, with its sealed copy."""
    return codes


async def be_hostile(call, verification, esim, code):
    """Give a right code where none belongs: no error repeats it."""
    path = f"v1/verifications/{verification['id']}/check"
    for body in (
        {"code": f"{code}x"},
        {"code": int(code)},
        {"code": f"{code}{code}"},
        {"code": [code]},
        {"kode": code},
        {"code": "1234", "more": code},
        {"code": "1234", code: 1},
        code,
        [code],
    ):
        status, octets = await call("POST", path, body)
        assert status == 422, octets
    for fields in (
        {"purpose": f"Log in {code}"},
        {"host": f"{code} #x"},
        {"appHash": code},
        {"language": code},
        {"digits": int(code)},
        {"from": f"{code}{code}"},
        {"text": code},
        {code: code},
    ):
        body = {"esimTranNo": esim, "purpose": "login"} | fields
        status, octets = await call("POST", "v1/verifications", body)
        assert status == 422, octets
    for unknown in (code, f"{code}/check"):
        status, _ = await call("POST" if "/" in unknown else "GET", f"v1/verifications/{unknown}",
                               {"code": "123456"} if "/" in unknown else None)  # fmt: skip
        assert status == 404


def text_from_handset(centre, number, text):
    body = json.dumps({"to": "4455", "text": text}).encode()
    at = f"http://{HOST}:{centre.http_port}/handsets/{number}/messages"
    with urllib.request.urlopen(at, body) as response:
        assert json.load(response)["responses"] == ["ESME_ROK"]


def plain_receipt(code):
    """A receipt that a carrier sends as a plain text, of a part that is not known."""
    return (
        "id:4711 sub:001 dlvrd:001 submit date:2611291000 done date:2611291001 "
        f"stat:DELIVRD err:000 text:{code} is your ver"
    )


async def read_all(call, verifications, cluster):
    """Everything that the account and the administrator can read."""
    status, octets = await call("GET", "v1/messages?limit=200")
    messages = json.loads(octets)["messages"]
    assert status == 200
    assert len(messages) > ESIMS
    admin = {"Authorization": f"Bearer {cluster.token}"}
    for each in messages:
        await call("GET", f"v1/messages/{each['id']}")
        await call("GET", f"v1/messages/{each['id']}/decisions")
        await call("GET", f"v1/admin/messages/{each['id']}", headers=admin)
    for each in {each["esimTranNo"] for each in messages}:
        await call("GET", f"v1/esims/{each}/conversation")
    for verification in verifications:
        await call("GET", f"v1/verifications/{verification['id']}")
    for path in (
        "v1/messages/export?format=csv",
        "v1/messages/export?format=jsonl",
        "v1/events?limit=1000",
        "v1/refusals",
        "v1/inbound",
        "v1/webhooks",
        "openapi.json",
    ):
        await call("GET", path)
    _, octets = await call("GET", "v1/webhooks")
    for endpoint in json.loads(octets)["webhooks"]:
        await call("GET", f"v1/webhooks/{endpoint['id']}/deliveries?limit=100")
    for path in ("metrics", "v1/admin/carriers", "v1/admin/receipts", "v1/admin/inbound"):
        status, _ = await call("GET", path, headers=admin)
        assert status in (200, 404), path


def run_commands(node, verification, message_id, esim):
    """What the command line prints."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SIMPOST_")}
    environment = plain | {
        "SIMPOST_CONFIG": str(node.config),
        "SIMPOST_ACCESS_CODE": ACCESS_CODE,
        "SIMPOST_SECRET": SECRET,
    }
    said = []
    for command in (
        ("verify", "show", verification["id"]),
        ("verify", "check", verification["id"], "1234567890"),
        ("messages",),
        ("messages", "--json"),
        ("messages", message_id),
        ("inbox",),
        ("inbox", "--esim", esim),
        ("events",),
        ("refusals",),
        ("export", "--format", "csv"),
        ("receipts",),
        ("carriers",),
        ("check",),
    ):
        done = prestarted.run(
            [sys.executable, "-m", "simpost", *command], timeout=50, env=environment
        )
        said += [done.stdout.encode(), done.stderr.encode()]
    return said


def stored(tmp_path, database_url, node):
    """What is on disk: of PostgreSQL a dump, of the embedded store its files and a backup."""
    if database_url:
        command = [programs() / "bin" / "pg_dump", database_url]
        return [subprocess.run(command, check=True, capture_output=True).stdout]
    backup = tmp_path / "backup.db"
    command = [sys.executable, "-m", "simpost", "backup", backup, f"--config={node.config}"]
    done = prestarted.run(list(map(str, command)), timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return [each.read_bytes() for each in tmp_path.iterdir() if ".db" in each.name]


@pytest.fixture(params=["postgres", "embedded"])
def database(request):
    """The URL of the database; `None` for the embedded store."""
    return request.getfixturevalue("url") if request.param == "postgres" else None


@pytest.fixture
def journal(request, database):
    """The write-ahead log of PostgreSQL, which a dump leaves out."""
    return request.getfixturevalue("postgres").data / "pg_wal" if database else None


async def test_a_code_is_readable_on_the_handset_only(database, journal, tmp_path):
    centre = Centre(tmp_path)
    cluster = Cluster(tmp_path, database or "sqlite:///simpost.db", SEAL_KEY, centre.port)
    written = []
    try:
        for name in ("node-0", "node-1") if database else ("node-0",):
            server = "allow_private_webhooks = true"
            await asyncio.to_thread(cluster.start, name, server=server, more=MORE)
        nodes = cluster.nodes
        until(lambda: any(node.bound() for node in nodes))
        esims = cluster.fill(nodes[0], ESIMS, events=True)
        async with (
            receiving() as receiver,
            aiohttp.ClientSession(headers=CREDENTIALS) as session,
        ):
            receiver.answer = lambda got: answer("500 Kept", body=got.body)
            call = Caller(nodes, session)
            body = {"url": receiver.url, "eventTypes": ["*"]}
            status, octets = await call("POST", "v1/webhooks", body)
            assert status == 201, octets
            codes = await use(call, centre, esims)
            code = codes[0]
            own = {"esimTranNo": esims[0], "text": f"{code} is yours", "category": "code"}
            status, octets = await call("POST", "v1/messages", own)
            assert status == 202, octets
            begun = await call.start(esims[3], sessionKey="one", **ENDINGS[3])
            await be_hostile(call, begun, esims[3], codes[-1])
            await asyncio.to_thread(
                text_from_handset, centre, number_of(esims[0]), plain_receipt(code)
            )
            await receiver.wait_for(5)
            await until_ended(call)
            await read_all(call, [begun], cluster)
            written += call.said
            written += [each.body for each in receiver.got]
            message_id = begun["messageId"]
            written += await asyncio.to_thread(run_commands, nodes[0], begun, message_id, esims[0])
        written += await asyncio.to_thread(stored, tmp_path, database, nodes[0])
    finally:
        cluster.close()
        centre.kill()
    written += [node.log.read_bytes() for node in nodes]
    everything = b"\n".join(written)
    assert b"DELIVRD" in everything, "the plain receipt is in the inbox"
    assert len(set(codes)) == len(codes) > ESIMS
    leaks = [
        (name, everything[max(0, found - 150) : found + 60])
        for code in codes
        for name, form in code_forms(code)
        if (found := everything.find(form)) >= 0
    ]
    assert leaks == []
    if journal:
        octets = b"".join(file.read_bytes() for file in journal.iterdir() if file.is_file())
        assert ESIM_MARK in octets, "the search works"
        plain = [form for code in codes for form in (code.encode(), code.encode("utf-16-be"))]
        assert [form for form in plain if form in octets] == []


async def until_ended(call):
    """Wait until every message of a code is delivered, and its receipt stored."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        _, octets = await call("GET", "v1/messages?limit=200")
        states = [each["state"] for each in json.loads(octets)["messages"]]
        if set(states) == {"delivered"}:
            return
        assert time.monotonic() < ends, states
        await asyncio.sleep(0.2)
