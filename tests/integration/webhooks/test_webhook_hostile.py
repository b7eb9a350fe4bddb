"""Endpoints that answer with anything but HTTP: real sockets, bounded memory, nobody waits."""

import asyncio
import contextlib
import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from simpost.domain.webhooks import DeliveryState
from simpost.features.webhooks import sender
from simpost.net.client_connection import MAX_HEAD_OCTETS, MAX_RESPONSE_OCTETS
from tests.integration.webhooks.receiver import OK, answer, receiving

HOOKS = Any  # the `hooks` fixture of conftest.py
RECEIVER = Any
RESPONSE_TIMEOUT_S = sender.RESPONSE_TIMEOUT_S
_PIECE = 65_536
_MANY_OCTETS = 64 * 2**20
_BOMB = gzip.compress(bytes(32 * 2**20))
_HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(sender, "RESPONSE_TIMEOUT_S", 0.5)


class Hostile:
    """Takes one request on each connection and then does what the test says.

    Attributes:
        written: octets that were written, as far as the client took them.
    """

    def __init__(self, act):
        self.act = act
        self.requests = self.written = 0
        self.url = ""
        self.connections = set()

    async def serve(self, reader, writer):
        self.connections.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
            self.requests += 1
            await self.act(self, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def write(self, writer, octets):
        writer.write(octets)
        await writer.drain()
        self.written += len(octets)

    async def flood(self, writer, octets):
        while self.written < _MANY_OCTETS:
            await self.write(writer, octets)


@contextlib.asynccontextmanager
async def hostile(act):
    made = Hostile(act)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield made
    finally:
        server.close()
        await asyncio.gather(*made.connections)


def says(octets):
    async def act(peer, writer):
        await peer.write(writer, octets)

    return act


async def no_end_of_headers(peer, writer):
    await peer.write(writer, _HEAD)
    await peer.flood(writer, b"X-Filler: " + b"x" * 8_000 + b"\r\n")


async def one_header_without_end(peer, writer):
    await peer.write(writer, _HEAD + b"X-Filler: ")
    await peer.flood(writer, b"x" * _PIECE)


async def interim_responses(peer, writer):
    await peer.flood(writer, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1_000)


async def reset(peer, writer):
    writer.transport.abort()


async def half_a_head(peer, writer):
    await peer.write(writer, b"HTTP/1.1 200 O")


async def drip(peer, writer):
    await peer.write(writer, _HEAD + b"Content-Length: 1000\r\n\r\n")
    for _ in range(40):
        await peer.write(writer, b"x")
        await asyncio.sleep(0.05)  # the subject: octets that come too slowly


async def drip_of_headers(peer, writer):
    await peer.write(writer, _HEAD)
    for number in range(40):
        await peer.write(writer, b"X-%d: x\r\n" % number)
        await asyncio.sleep(0.05)  # the subject: octets that come too slowly


FAILING = {
    "garbage": says(b"\x00\xff\x16\x03\x01" * 100),
    "another protocol": says(b"220 mail.example ESMTP\r\n"),
    "HTTP/2": says(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "reset": reset,
    "half a head": half_a_head,
    "no end of headers": no_end_of_headers,
    "one header without end": one_header_without_end,
    "interim responses": interim_responses,
    "switching protocols": says(
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    ),
    "drip": drip,
    "drip of headers": drip_of_headers,
    "less than its length": says(_HEAD + b"Content-Length: 1000\r\n\r\nshort"),
    "two lengths": says(_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
    "a length and chunks": says(
        _HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    ),
    "a negative length": says(_HEAD + b"Content-Length: -1\r\n\r\n"),
    "a huge length of a chunk": says(
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx"
    ),
    "chunks that are none": says(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n"),
    "a header with NUL": says(_HEAD + b"X-A: a\0b\r\nContent-Length: 0\r\n\r\n"),
}


@pytest.mark.parametrize("name", FAILING)
async def test_what_is_no_response_fails_and_is_tried_again(hooks: HOOKS, name: str):
    async with hostile(FAILING[name]) as peer:
        endpoint = await hooks.add(peer.url)
        await hooks.accept()
        async with asyncio.timeout(20):
            await hooks.deliver()
    [failed] = await hooks.deliveries(endpoint)
    assert failed.state is DeliveryState.PENDING
    [attempt] = failed.attempts
    assert (attempt.status, attempt.body) == (None, "")
    assert attempt.error
    assert peer.requests == 1
    assert peer.written < 16 * 2**20  # buffers of the system; it was not read to its end


async def endless_body(peer, writer):
    await peer.write(writer, _HEAD + b"\r\n")
    await peer.flood(writer, b"y" * _PIECE)


async def endless_chunks(peer, writer):
    await peer.write(writer, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await peer.flood(writer, b"10000\r\n" + b"y" * _PIECE + b"\r\n")


async def long_body(peer, writer):
    await peer.write(writer, _HEAD + b"Content-Length: %d\r\n\r\n" % _MANY_OCTETS)
    await peer.flood(writer, b"y" * _PIECE)


async def endless_extension(peer, writer):
    await peer.write(writer, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await peer.write(writer, b"1000\r\n" + b"y" * 0x1000 + b"\r\n1;name=")
    await peer.flood(writer, b"x" * _PIECE)


async def extensions(peer, writer):
    await peer.write(writer, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await peer.flood(writer, b"1" + b";a=b" * 1_000 + b"\r\ny\r\n")


async def trailers(peer, writer):
    await peer.write(writer, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await peer.write(writer, b"1000\r\n" + b"y" * 0x1000 + b"\r\n0\r\n")
    for number in range(1_000_000):
        await peer.write(writer, b"X-%d: %b\r\n" % (number, b"x" * 8_000))


async def one_trailer_without_end(peer, writer):
    await peer.write(writer, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    await peer.write(writer, b"1000\r\n" + b"y" * 0x1000 + b"\r\n0\r\nX-Filler: ")
    await peer.flood(writer, b"x" * _PIECE)


@pytest.mark.parametrize("act", [extensions, endless_extension, trailers, one_trailer_without_end])
async def test_what_a_chunked_body_has_beside_its_octets_is_cut(hooks: HOOKS, act: Any):
    async with hostile(act) as peer:
        endpoint = await hooks.add(peer.url)
        await hooks.accept()
        async with asyncio.timeout(20):
            await hooks.deliver()
            attempt = await hooks.service.test(hooks.account, endpoint.id)
    assert (await hooks.endpoint(endpoint)).delivered == 1
    assert attempt.duration_ms < 400  # cut by the octets, not by the time limit of 500 ms
    assert attempt.body.startswith("y")
    assert peer.written < 16 * 2**20


async def test_a_trailer_is_no_header(hooks: HOOKS, receiver: RECEIVER):
    receiver.answer = (
        b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nRetry-After: 86400\r\n\r\n"
    )
    endpoint = await hooks.add(receiver.url)
    await hooks.accept()
    await hooks.deliver()
    [failed] = await hooks.deliveries(endpoint)
    assert failed.due_ms < hooks.now_ms + 60_000


@pytest.mark.parametrize("act", [endless_body, endless_chunks, long_body])
async def test_a_huge_body_is_cut_and_its_status_counts(hooks: HOOKS, act: Any):
    async with hostile(act) as peer:
        endpoint = await hooks.add(peer.url)
        await hooks.accept()
        await hooks.deliver()
        attempt = await hooks.service.test(hooks.account, endpoint.id)
    assert (await hooks.endpoint(endpoint)).delivered == 1
    assert attempt.status == 200
    assert attempt.body == "y" * sender.MAX_BODY_OCTETS
    assert peer.written < 32 * 2**20


async def test_a_compressed_body_is_not_unpacked(hooks: HOOKS, receiver: RECEIVER):
    receiver.answer = answer("500 Oops", "Content-Encoding: gzip", body=_BOMB[:60_000])
    endpoint = await hooks.add(receiver.url)
    await hooks.accept()
    await hooks.deliver()
    assert receiver.got[0].headers["accept-encoding"] == "identity"
    [failed] = await hooks.deliveries(endpoint)
    assert failed.attempts[0].status == 500
    assert failed.attempts[0].body == _BOMB[: sender.MAX_BODY_OCTETS].decode("utf-8", "replace")


async def test_more_than_one_response_is_not_taken_for_the_next(hooks: HOOKS, receiver: RECEIVER):
    """Octets after a response end the connection: they answer no later request."""
    receiver.answer = lambda _: OK + answer("500 Forged", body=b"forged")
    endpoint = await hooks.add(receiver.url)
    await hooks.accept(20)
    await hooks.deliver()
    assert (await hooks.endpoint(endpoint)).delivered == 20
    assert len(receiver.got) == 20


async def test_interim_responses_are_skipped(hooks: HOOKS, receiver: RECEIVER):
    receiver.answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n" + OK
    endpoint = await hooks.add(receiver.url)
    await hooks.accept(3)
    await hooks.deliver()
    assert (await hooks.endpoint(endpoint)).delivered == 3


@pytest.mark.parametrize(
    "response",
    [_HEAD + b"\r\nok", b"HTTP/1.0 200 OK\r\n\r\nok", _HEAD + b"Connection: close\r\n\r\n"],
    ids=["no length", "HTTP/1.0", "close"],
)
async def test_a_body_may_end_with_its_connection(hooks: HOOKS, response: bytes):
    async with hostile(says(response)) as peer:
        endpoint = await hooks.add(peer.url)
        await hooks.accept(3)
        await hooks.deliver()
    assert (await hooks.endpoint(endpoint)).delivered == 3
    assert peer.requests == 3


async def test_an_endpoint_that_closes_idle_connections_loses_nothing(hooks: HOOKS):
    async with hostile(says(OK)) as peer:  # says no "close", and closes
        endpoint = await hooks.add(peer.url)
        for _ in range(10):
            await hooks.accept(2)
            await hooks.deliver()
            hooks.now_ms += 60_000
        await hooks.deliver()
    now = await hooks.endpoint(endpoint)
    assert now.delivered == 20
    assert now.failures == 0


async def test_hostile_endpoints_take_little_memory_and_delay_no_other(
    hooks: HOOKS, receiver: RECEIVER
):
    async with contextlib.AsyncExitStack() as peers:
        for act in (no_end_of_headers, interim_responses, endless_body, endless_chunks, drip):
            peer = await peers.enter_async_context(hostile(act))
            await hooks.add(peer.url)
        await hooks.add(receiver.url)
        await hooks.accept(50)
        tracemalloc.start()
        try:
            while len(receiver.got) < 50:
                await hooks.job.run_once()
                await receiver.wait_for(min(50, len(receiver.got) + 1))  # at most a minute
            await hooks.job.wait_idle()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sorted(receiver.sequences) == list(range(1, 51))
    assert most < 24 * 2**20


def test_the_limits_are_those_of_the_page():
    page = Path("docs/webhooks.md").read_text("utf-8")
    table = page.partition("## Limits of a response")[2].partition("\n- ")[0]
    values = [row.split("|")[2].strip() for row in table.splitlines() if row.startswith("| ")][2:]
    assert values == [
        f"{sender.CONNECT_TIMEOUT_S:g} s",
        f"{RESPONSE_TIMEOUT_S:g} s",
        f"{MAX_HEAD_OCTETS:,} octets",
        f"{MAX_RESPONSE_OCTETS:,} octets",
        f"{sender.MAX_BODY_OCTETS:,} octets",
    ]


async def drip_of_body_after_most_of_the_time(peer, writer):
    await asyncio.sleep(0.3)
    await drip(peer, writer)


async def nothing(peer, writer):
    await asyncio.sleep(2)


@pytest.mark.parametrize(
    "act", [nothing, drip, drip_of_headers, drip_of_body_after_most_of_the_time]
)
async def test_one_limit_counts_for_the_first_octet_the_headers_and_the_body(
    hooks: HOOKS, act: Any
):
    async with hostile(act) as peer:
        endpoint = await hooks.add(peer.url)
        await hooks.accept()
        await hooks.deliver()
        [failed] = await hooks.deliveries(endpoint)
    [attempt] = failed.attempts
    assert attempt.error == "no response within the time limit"
    assert 500 <= attempt.duration_ms < 1_500


async def test_headers_at_the_limit_are_read_and_the_next_octets_are_not(hooks: HOOKS):
    filler = b"X-Filler: " + b"x" * 8_000 + b"\r\n"
    for lines, delivered in ((4, 1), (5, 0)):
        async with hostile(says(_HEAD + filler * lines + b"Content-Length: 0\r\n\r\n")) as peer:
            endpoint = await hooks.add(peer.url)
            await hooks.accept()
            await hooks.deliver()
        assert (await hooks.endpoint(endpoint)).delivered == delivered


async def test_a_redirect_into_our_network_is_not_followed(hooks: HOOKS, receiver: RECEIVER):
    async with receiving() as inner:
        receiver.answer = answer("307 Temporary Redirect", f"Location: {inner.url}")
        endpoint = await hooks.add(receiver.url)
        await hooks.accept()
        await hooks.deliver()
        assert inner.got == []
    [failed] = await hooks.deliveries(endpoint)
    assert failed.attempts[0].status == 307
