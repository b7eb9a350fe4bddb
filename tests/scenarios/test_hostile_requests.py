"""Hostile requests leave the process healthy and its memory bounded."""

import asyncio
import contextlib
import os
import random
from collections import Counter

import pytest

from bench.gateway import Gateway
from simpost.domain.api_keys import KeyScope
from tests.scenarios.connections import connected
from tests.scenarios.hostile.requests import PRIVATE, SEND, Hostile
from tests.scenarios.plain_http import post

COUNT = int(os.environ.get("SIMPOST_HOSTILE", "1000"))
SEED = int(os.environ.get("SIMPOST_HOSTILE_SEED", "1"))
CONNECTIONS = 16
SLOW = 100 if "SIMPOST_HOSTILE" in os.environ else 0
"""They take the 30 s that a slow head has; `test_heads.py` tries it with a shorter limit."""
MOST_MIB = 32
PATIENCE_S = 60
FOR_THE_REST_S = 0.05
IN_THE_BODY = 200
"""The compatible API says in its envelope what is wrong."""
NOT_KNOWN = {501, 505}
"""A method or a coding that no server needs to know (RFC 9110 9.3.6, RFC 9112 6.1), or a version
of HTTP."""


async def statuses_of(port, requests):
    """The number of answers by status; `requests` are octets, and whether they are whole."""
    counts = Counter()

    async def work():
        for octets, is_whole in requests:
            counts[await status_of(port, octets, is_whole)] += 1

    async with asyncio.TaskGroup() as workers:
        for _ in range(CONNECTIONS):
            workers.create_task(work())
    return counts


async def status_of(port, octets, is_whole):
    """The status; 0 where the connection ends without one."""
    try:
        async with asyncio.timeout(PATIENCE_S), connected(port) as (reader, writer):
            writer.write(octets)
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if is_whole else FOR_THE_REST_S):
                    return status_in(await reader.read(4_096))
            writer.write_eof()
            return status_in(await reader.read(4_096))
    except ConnectionError:
        return 0


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
        await statuses_of(gateway.port, every_kind)
        before_mib = gateway.process.rss_mib
        counts = await statuses_of(gateway.port, (hostile.one() for _ in range(COUNT)))
        grown_mib = gateway.process.rss_mib - before_mib
    return counts, grown_mib, slow.result()


def key_of(gateway):
    """A key of the account with every scope but that of the administrator."""
    scopes = [scope for scope in KeyScope if scope is not KeyScope.ADMIN]
    body = {"name": "hostile", "scopes": scopes}
    account = (gateway.access_code, gateway.secret)
    return post(f"{gateway.url}/v1/keys", json=body, auth=account).json()["key"]


@pytest.fixture
def gateway(tmp_path):
    with Gateway(tmp_path) as running:
        yield running


@pytest.mark.timeout(300 + COUNT // 50)
def test_hostile_requests_leave_the_process_healthy(gateway, tmp_path):
    [esim] = gateway.fill(1)
    chance = random.Random(SEED)
    key = key_of(gateway)
    hostile = Hostile(chance, esim, gateway.access_code, gateway.secret, gateway.token, key)
    counts, grown_mib, slow = asyncio.run(attack(gateway, hostile))
    assert sum(counts.values()) == COUNT
    assert not [status for status in counts if status >= 500 and status not in NOT_KNOWN], counts
    assert slow == ({408: SLOW // 2, IN_THE_BODY: SLOW // 2} if SLOW else {})
    assert grown_mib <= MOST_MIB
    accepted = gateway.ask("/v1/messages")["messages"]
    assert [each for each in accepted if each["template"] is None] == []
    good = post(
        f"{gateway.url}{SEND}",
        json={"esimTranNo": esim, "message": "hello"},
        headers=gateway.credentials,
    )
    assert good.json()["success"] is True
    log = (tmp_path / "gateway.log").read_text()
    assert PRIVATE not in log
    assert gateway.secret not in log
    assert key not in log
    assert "Traceback" not in log
