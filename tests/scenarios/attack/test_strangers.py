"""Unauthenticated clients cost a real process little memory, and other clients nothing."""

import asyncio
import contextlib
import json

import pytest

from bench.gateway import Gateway
from tests.scenarios.connections import connected

PUTS = 100
MIB = 1_048_576
MOST_MIB = 50
SILENT = 200


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


async def put_anonymously(gateway, may_end):
    """What a stranger is answered to 4 MiB, written as far as it is let, and kept open."""
    async with connected(gateway.port) as (reader, writer):
        writer.write(b"PUT /v1/admin/plans HTTP/1.1\r\nHost: localhost\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % (4 * MIB))
        with contextlib.suppress(ConnectionError):
            for _ in range(4):
                writer.write(b"x" * MIB)
                await writer.drain()
        status = b""
        with contextlib.suppress(ConnectionError):
            status = await reader.read(12)
        await may_end.wait()
        return status


async def memory_of_anonymous_puts(gateway):
    before_mib = gateway.process.rss_mib
    may_end = asyncio.Event()
    puts = [asyncio.create_task(put_anonymously(gateway, may_end)) for _ in range(PUTS)]
    most_mib = before_mib
    for _ in range(100):
        most_mib = max(most_mib, gateway.process.rss_mib)
        await asyncio.sleep(0.02)
    may_end.set()
    return most_mib - before_mib, await asyncio.gather(*puts)


@pytest.mark.timeout(180)
def test_anonymous_bodies_take_no_memory(gateway):
    grown_mib, statuses = asyncio.run(memory_of_anonymous_puts(gateway))
    assert grown_mib < MOST_MIB
    assert set(statuses) <= {b"HTTP/1.1 401", b""}
    assert b"HTTP/1.1 401" in statuses


async def send_beside_silent_clients(gateway, esim):
    """Whether a customer is served while strangers hold connections and say nothing."""
    body = json.dumps({"esimTranNo": esim, "message": "hello"}).encode()
    head = b"POST /api/v1/open/esim/sendSms HTTP/1.1\r\nHost: localhost\r\n"
    who = b"RT-AccessCode: bench\r\nRT-SecretKey: bench-secret-0123\r\nConnection: close\r\n"
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(SILENT):
            await stack.enter_async_context(connected(gateway.port))
        reader, writer = await stack.enter_async_context(connected(gateway.port))
        writer.write(head + who + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return await reader.read()


def test_customers_are_served_beside_silent_strangers(gateway):
    [esim] = gateway.fill(1)
    answer = asyncio.run(send_beside_silent_clients(gateway, esim))
    assert b'"success":true' in answer
