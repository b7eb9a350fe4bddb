"""Clients without valid credentials get no memory for a body and no connection slot of others."""

import asyncio
import base64
import json

import pytest

from simpost.api import build
from simpost.api.shared.request_body import BodyBudget
from simpost.http import Limits
from tests.integration.api.conftest import serving
from tests.turns import until

OPEN = b"POST /api/v1/open/esim/sendSms HTTP/1.1\r\nHost: simpost\r\n"
BATCH = b"PUT /v1/admin/plans HTTP/1.1\r\nHost: simpost\r\n"
LARGE = b"Content-Length: 4000000\r\n\r\n"
PROVEN = b"Authorization: Basic " + base64.b64encode(b"demo:demo-secret") + b"\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: simpost\r\n"


async def answer(reader):
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    body = await reader.readexactly(length)
    return int(head.split()[1]), json.loads(body) if body else None


async def ask(port, octets):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    return reader, writer


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (OPEN, 200, "000101"),
        (OPEN + b"RT-AccessCode: demo\r\nRT-SecretKey: wrong\r\n", 200, "101003"),
        (OPEN + b"RT-AccessCode: nobody\r\nRT-SecretKey: wrong\r\n", 200, "101003"),
        (BATCH, 401, "unauthorized"),
        (BATCH + b"Authorization: Bearer wrong\r\n", 401, "unauthorized"),
        (BATCH + b"Authorization: Bearer wrong\r\nExpect: 100-continue\r\n", 401, "unauthorized"),
    ],
)
async def test_a_stranger_is_refused_before_the_body(port, head, status, code):
    reader, writer = await ask(port, head + LARGE)
    answered, body = await answer(reader)
    assert (answered, body.get("errorCode") or body.get("code")) == (status, code)
    writer.close()


async def test_a_stranger_that_keeps_writing_still_gets_the_reason(port):
    reader, writer = await ask(port, BATCH + LARGE + b"x" * 4_000_000)
    assert (await answer(reader))[0] == 401
    writer.close()


SIGNED = (
    b"RT-AccessCode: demo\r\nRT-Signature: 00\r\nRT-RequestID: 1\r\nRT-Timestamp: 1767225600000\r\n"
)


async def test_bodies_needed_for_authentication_share_one_budget(serve):
    service = await serve(unproven=BodyBudget(100_000))
    async with serving(build(service.services), grace_s=1) as port:
        size = b"Content-Length: 65000\r\n\r\n"
        first, writer = await ask(port, OPEN + SIGNED + size)
        writer.write(b"x" * 64_000)
        await until(lambda: service.services.unproven.left < 100_000, "the body is counted")
        second, other = await ask(port, OPEN + SIGNED + size)
        other.write(b"x" * 64_000)
        status, body = await answer(second)
        assert (status, body["errorCode"]) == (503, "900001")
        writer.write(b"x" * 1_000)
        assert (await answer(first))[1]["errorCode"] == "101003"
        writer.close()
        other.close()
        assert service.services.unproven.left == 100_000


async def test_a_full_server_closes_strangers_and_keeps_authenticated_clients(service):
    limits = Limits(max_connections=10, unproven_connections=8)
    async with serving(build(service.services), limits=limits, grace_s=1) as port:
        kept, writer = await ask(
            port, b"GET /v1/messages HTTP/1.1\r\nHost: simpost\r\n" + PROVEN + b"\r\n"
        )
        assert (await answer(kept))[0] == 200
        idle = [await ask(port, OPEN + LARGE if at % 2 else OPEN) for at in range(40)]
        health, checker = await ask(port, HEALTH + b"\r\n")
        assert (await answer(health))[0] == 200
        writer.write(b"GET /v1/messages HTTP/1.1\r\nHost: simpost\r\n" + PROVEN + b"\r\n")
        assert (await answer(kept))[0] == 200
        for _, each in (*idle, (kept, writer), (health, checker)):
            each.close()


async def test_a_server_full_of_idle_connections_closes_the_longest_idle(service):
    limits = Limits(max_connections=1, unproven_connections=1)
    async with serving(build(service.services), limits=limits, grace_s=1) as port:
        first, writer = await ask(port, HEALTH + b"\r\n")
        assert (await answer(first))[0] == 200
        second, other = await ask(port, HEALTH + b"\r\n")
        assert (await answer(second))[0] == 200
        assert await asyncio.wait_for(first.read(), 30) == b""
        writer.close()
        other.close()


@pytest.mark.parametrize("path", [b"/healthz", b"/readyz"])
async def test_health_answers_head_as_get_without_a_body(port, path):
    said = []
    for method in (b"GET", b"HEAD"):
        reader, writer = await ask(
            port, method + b" " + path + b" HTTP/1.1\r\nHost: simpost\r\nConnection: close\r\n\r\n"
        )
        said.append((await reader.read()).partition(b"\r\n\r\n"))
        writer.close()
    assert said[0][0] == said[1][0]
    assert said[0][2]
    assert said[1][2] == b""


async def test_an_account_revoked_while_its_body_comes_is_refused(service, port):
    """Its credentials were valid when the head was checked."""
    body = b'{"esimTranNo":"26010100000001","text":"Hello"}'
    head = b"POST /v1/messages HTTP/1.1\r\nHost: simpost\r\nContent-Type: application/json\r\n"
    waits = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    reader, writer = await ask(port, head + PROVEN + waits)
    assert b" 100 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    revoked = await service.operate("PATCH", "accounts/demo", json={"enabled": False})
    assert revoked.status_code == 200
    writer.write(body)
    assert (await answer(reader))[0] == 401
    writer.close()
