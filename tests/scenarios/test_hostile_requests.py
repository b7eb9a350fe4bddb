"""Hostile requests leave the process healthy and its memory bounded."""

import asyncio
import contextlib
import os
import random
import re
from collections import Counter
from urllib.parse import urlencode

import pytest

from bench.gateway import Gateway, esim_row
from simpost.domain.api_keys import KeyScope
from tests.scenarios import plain_http
from tests.scenarios.connections import connected
from tests.scenarios.hostile.calls import undocumented
from tests.scenarios.hostile.growth import (
    FROM_REQUESTS,
    MOST_OCTETS,
    READINGS,
    octets_a_request,
)
from tests.scenarios.hostile.requests import PRIVATE, SEND, Hostile

COUNT = int(os.environ.get("SIMPOST_HOSTILE", "1000"))
SEED = int(os.environ.get("SIMPOST_HOSTILE_SEED", "1"))
CONNECTIONS = 16
SLOW = 100 if "SIMPOST_HOSTILE" in os.environ else 0
"""They take the 30 s that a slow head has; `test_heads.py` tries it with a shorter limit."""
MOST_MIB = 32
"""After the first of each kind: twice what is made once and then stays."""
PATIENCE_S = 60
FOR_THE_REST_S = 0.05
IN_THE_BODY = 200
"""The compatible API says in its envelope what is wrong."""
WITHOUT_END = {"/v1/events/stream"}
NOT_KNOWN = {501, 505}
"""A method or a coding that no server needs to know (RFC 9110 9.3.6, RFC 9112 6.1), or a version
of HTTP."""


class Answers:
    """The number of answers by status, and those that the OpenAPI document does not have."""

    def __init__(self):
        self.statuses = Counter()
        self.of_calls = Counter()
        self.undocumented = {}

    def add(self, request, status, answer):
        self.statuses[status] += 1
        if request.endpoint is None:
            return
        name = f"{request.endpoint.method} {request.endpoint.path}"
        self.of_calls[name, status] += 1
        head, _, body = answer.partition(b"\r\n\r\n")
        if request.endpoint.path in WITHOUT_END and status == 200:
            return
        found = re.search(rb"\r\ncontent-type: ([^\r]*)", head, re.IGNORECASE)
        media_type = found[1].decode() if found else ""
        if wrong := undocumented(request.endpoint, status, media_type, body):
            self.undocumented.setdefault(name, (status, wrong, request.octets[:600], body[:600]))


async def answers_to(port, requests):
    """What is answered to the requests, some of them at a time."""
    answers = Answers()

    async def work():
        for request in requests:
            answer = await answer_to(port, request)
            answers.add(request, status_in(answer), answer)

    async with asyncio.TaskGroup() as workers:
        for _ in range(CONNECTIONS):
            workers.create_task(work())
    return answers


async def answer_to(port, request):
    """The octets; none where the connection ends without an answer."""
    try:
        async with asyncio.timeout(PATIENCE_S), connected(port) as (reader, writer):
            writer.write(request.octets)
            await writer.drain()
            if request.endpoint and request.endpoint.path not in WITHOUT_END:
                return await reader.read()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if request.is_whole else FOR_THE_REST_S):
                    return await reader.read(4_096)
            writer.write_eof()
            return await reader.read(4_096)
    except ConnectionError:
        return b""


def status_in(head):
    return int(head.split()[1]) if head else 0


async def statuses_of_slow(port, count):
    """The number of answers by status to heads, and to bodies of strangers, without an end."""

    async def one(number):
        async with asyncio.timeout(PATIENCE_S), connected(port) as (reader, writer):
            head = f"POST {SEND} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n".encode()
            writer.write(head + (b"\r\n" if number % 2 else b""))
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        return status_in(await reader.read(4_096))
                writer.write(b"x")

    async with asyncio.TaskGroup() as group:
        slow = [group.create_task(one(number)) for number in range(count)]
    return Counter(each.result() for each in slow)


async def attack(gateway, hostile):
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(statuses_of_slow(gateway.port, SLOW))
        every_kind = (hostile.make(kind) for kind in hostile.kinds for _ in range(25))
        await answers_to(gateway.port, every_kind)
        resident_mib = []
        answers = await answers_to(gateway.port, requests(gateway, hostile, resident_mib))
        resident_mib.append(gateway.process.rss_mib)
    return answers, resident_mib, slow.result()


def requests(gateway, hostile, resident_mib):
    """Some of any kind; notes the memory of the gateway now and then."""
    for number in range(COUNT):
        if number % max(1, COUNT // READINGS) == 0:
            resident_mib.append(gateway.process.rss_mib)
        yield hostile.one()


class Service:
    """A gateway with something of each kind, so that calls may name what exists."""

    def __init__(self, gateway):
        self.gateway = gateway
        good, other, victim = gateway.fill(3)
        gateway.operate("POST", "accounts", {"accessCode": "other", "requestsPerSecond": 0})
        scopes = [scope for scope in KeyScope if scope is not KeyScope.ADMIN]
        added = self.ask("POST", "keys", {"name": "hostile", "scopes": scopes})
        self.key = added["key"]
        spare = self.ask("POST", "keys", {"name": "spare", "scopes": scopes})
        sent = self.ask("POST", "messages", {"esimTranNo": other, "text": "hello"})
        variables = {"a": {"type": "text", "longest": "Ana", "default": "you"}}
        template = {"name": "t", "texts": {"en": "Hello {a}"}, "variables": variables}
        self.ask("POST", "templates", template)
        hook = self.ask("POST", "webhooks", {"url": "http://hook.invalid/"})
        link = self.ask("GET", f"esims/{other}/preferences")["optOutUrl"]
        self.esim = good
        self.known = {
            "id": [sent["id"], spare["id"]],
            "webhookId": [hook["id"]],
            "accessCode": ["other"],  # for changes: nobody else asks under it
            "account": ["other", "other", gateway.access_code],
            "name": ["t", "simulator"],
            "version": ["1"],
            "template": ["t"],
            "esimTranNo": [other, victim],
            "iccid": [esim_row(other)["iccid"]],
            "msisdn": [esim_row(other)["msisdn"]],
            "packageCode": ["P1"],
            "token": [link.rpartition("/")[2], link.rpartition("/")[2][:-1]],
        }

    def ask(self, method, path, body=None):
        """The JSON of an answer to the account, which is no refusal."""
        return self._ask(method, path, body, auth=(self.gateway.access_code, self.gateway.secret))

    def undo(self):
        """Remove what calls made that refuses good messages."""
        token = {"Authorization": f"Bearer {self.gateway.token}"}
        for stop in self._ask("GET", "admin/stops", headers=token)["stops"]:
            scope = {name: stop[name] for name in ("account", "category", "country") if stop[name]}
            query = urlencode(scope or {"everything": "true"})
            self._ask("DELETE", f"admin/stops?{query}", headers=token)
        choices = dict.fromkeys(("service", "support", "notice", "promotion"))
        self.ask("PATCH", "preferences", {"categories": choices, "openHours": None})

    def texts(self):
        """The text of every message in the log."""
        cursor = ""
        while cursor is not None:
            page = self.ask("GET", f"messages?limit=200{cursor and '&cursor='}{cursor}")
            yield from (each["text"] for each in page["messages"])
            cursor = page["next"]

    def _ask(self, method, path, body=None, **more):
        answer = plain_http.request(method, f"{self.gateway.url}/v1/{path}", json=body, **more)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def gateway(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMPOST_SERVER__PUBLIC_URL", "https://sms.example")
    with Gateway(tmp_path) as running:
        yield running


@pytest.mark.timeout(300 + COUNT // 20)
def test_hostile_requests_leave_the_process_healthy(gateway, tmp_path):
    service = Service(gateway)
    hostile = Hostile(
        random.Random(SEED), service.esim, gateway.access_code, gateway.secret, gateway.token,
        service.key, service.known,
    )  # fmt: skip
    answers, resident_mib, slow = asyncio.run(attack(gateway, hostile))
    counts = answers.statuses
    assert sum(counts.values()) == COUNT
    assert not answers.undocumented, answers.undocumented
    assert not [status for status in counts if status >= 500 and status not in NOT_KNOWN], counts
    assert slow == ({408: SLOW // 2, IN_THE_BODY: SLOW // 2} if SLOW else {})
    assert resident_mib[-1] - resident_mib[0] <= MOST_MIB, resident_mib
    if COUNT >= FROM_REQUESTS:
        assert octets_a_request(resident_mib, COUNT) <= MOST_OCTETS, resident_mib
    assert not [text for text in service.texts() if PRIVATE in (text or "")]
    service.undo()
    good = plain_http.post(
        f"{gateway.url}{SEND}",
        json={"esimTranNo": service.esim, "message": "hello"},
        headers=gateway.credentials,
    )
    assert good.json()["success"] is True, good.text
    log = (tmp_path / "gateway.log").read_text()
    assert PRIVATE not in log
    assert gateway.secret not in log
    assert service.key not in log
    assert "Traceback" not in log


@pytest.mark.parametrize(("leak", "is_found"), [(0, False), (200, True)])
def test_what_stays_of_each_request_is_told_from_the_noise(leak, is_found):
    """The readings of such a run, with the noise that it has."""
    chance, count = random.Random(SEED), 100_000
    made_once_mib = [min(12, number) for number in range(READINGS)]
    mib = [
        once + chance.uniform(-2, 2) + number * leak * count / READINGS / 2**20
        for number, once in enumerate(made_once_mib)
    ]
    assert (octets_a_request(mib, count) > MOST_OCTETS) is is_found
