"""Ten thousand hostile requests leave the process healthy and its memory bounded."""

import asyncio
import os
import random
from collections import Counter

import httpx2
import pytest

from bench.gateway import Gateway
from bench.processes import HOST
from tests.scenarios.hostile.requests import PRIVATE, SEND, Hostile

COUNT = int(os.environ.get("SIMPOST_HOSTILE", "10000"))
SEED = int(os.environ.get("SIMPOST_HOSTILE_SEED", "1"))
CONNECTIONS = 16
SLOW = 100
MOST_MIB = 32
PATIENCE_S = 60
FOR_THE_REST_S = 0.05
IN_THE_BODY = 200
"""The compatible API says in its envelope what is wrong."""
NOT_KNOWN = 501
"""A method or a coding that no server needs to know (RFC 9110 9.3.6, RFC 9112 6.1)."""


async def answers_to(port, requests):
    """How many answers had which status; `requests` are octets, and whether they are whole."""
    counts = Counter()

    async def work():
        for octets, is_whole in requests:
            reader, writer = await asyncio.open_connection(HOST, port)
            counts[await _exchange(reader, writer, octets, is_whole)] += 1

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return counts


async def _exchange(reader, writer, octets, is_whole):
    """The status; 0 where the connection ends without one."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            writer.write(octets)
            await writer.drain()
            answer = asyncio.create_task(reader.read(4_096))
            await asyncio.wait([answer], timeout=None if is_whole else FOR_THE_REST_S)
            if not answer.done():
                writer.write_eof()
            head = await answer
    except ConnectionError:
        return 0
    finally:
        writer.transport.abort()
    return int(head.split()[1]) if head else 0


async def slow_ones(port, count):
    """The statuses of heads, and of bodies of strangers, that come slowly and never end."""

    async def one(number):
        reader, writer = await asyncio.open_connection(HOST, port)
        head = f"POST {SEND} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n".encode()
        writer.write(head + (b"\r\n" if number % 2 else b""))
        answer = asyncio.create_task(reader.read(4_096))
        async with asyncio.timeout(PATIENCE_S):
            while not answer.done():
                await asyncio.wait([answer], timeout=1)
                writer.write(b"x")
        writer.transport.abort()
        return int(answer.result().split()[1])

    return Counter(await asyncio.gather(*(one(number) for number in range(count))))


async def attack(gateway, hostile):
    slow = asyncio.create_task(slow_ones(gateway.port, SLOW))
    every_kind = (hostile.make(kind) for kind in hostile.kinds for _ in range(25))
    await answers_to(gateway.port, every_kind)
    before_mib = gateway.process.rss_mib
    counts = await answers_to(gateway.port, (hostile.one() for _ in range(COUNT)))
    return counts, gateway.process.rss_mib - before_mib, await slow


@pytest.fixture
def gateway(tmp_path):
    with Gateway(tmp_path) as running:
        yield running


@pytest.mark.timeout(300 + COUNT // 50)
def test_ten_thousand_hostile_requests_leave_the_process_healthy(gateway, tmp_path):
    [esim] = gateway.fill(1)
    chance = random.Random(SEED)
    hostile = Hostile(chance, esim, gateway.access_code, gateway.secret, gateway.token)
    counts, grown_mib, slow = asyncio.run(attack(gateway, hostile))
    assert sum(counts.values()) == COUNT
    assert not [status for status in counts if status >= 500 and status != NOT_KNOWN], counts
    assert slow == {408: SLOW // 2, IN_THE_BODY: SLOW // 2}
    assert grown_mib <= MOST_MIB
    assert gateway.ask("/v1/messages")["messages"] == []
    good = httpx2.post(
        f"{gateway.url}{SEND}",
        json={"esimTranNo": esim, "message": "hello"},
        headers=gateway.credentials,
    )
    assert good.json()["success"] is True
    log = (tmp_path / "gateway.log").read_text()
    assert PRIVATE not in log
    assert gateway.secret not in log
    assert "Traceback" not in log
