"""Requests to other hosts that are ended here, and not by the host."""

import asyncio
import contextlib

import pytest

from simpost.net.http_client import HttpClient, NoResponse
from simpost.net.resolver import NameResolver
from tests.integration.carriers.upstream_api import Reply, running_api


async def test_a_client_that_closes_ends_its_requests() -> None:
    """They got no response: a reload of settings must not leave a caller without an answer."""
    async with running_api() as api:
        api.script(Reply(act="hang"))
        client = HttpClient(
            "test", NameResolver(), allow_private=True, connect_timeout_s=5, response_timeout_s=600
        )
        sent = asyncio.Event()
        request = asyncio.create_task(
            client.request("POST", f"{api.url}/", b"", {}, on_sent=sent.set)
        )
        await sent.wait()
        await client.close()
        with pytest.raises(NoResponse):
            async with asyncio.timeout(5):
                await request


async def test_each_request_of_a_connection_has_the_whole_time_limit() -> None:
    limit_s = 0.3
    loop = asyncio.get_running_loop()
    async with running_api() as api:
        client = HttpClient(
            "test",
            NameResolver(),
            allow_private=True,
            connect_timeout_s=5,
            response_timeout_s=limit_s,
        )
        api.script(Reply())
        ends_s = loop.time() + 0.8 * limit_s
        while loop.time() < ends_s:
            assert (await client.post(f"{api.url}/", b"", {})).status == 200
        api.script(Reply(act="hang"))
        begun_s = loop.time()
        with pytest.raises(NoResponse, match="time limit"):
            await client.post(f"{api.url}/", b"", {})
        assert loop.time() - begun_s >= limit_s - 0.01  # a loop may count whole milliseconds
        await client.close()


@contextlib.asynccontextmanager
async def answering(*answers):
    """A client, and the URL of a server whose answers come in these pieces, on one connection."""
    left = list(answers)
    connections = []

    async def serve(reader, writer):
        connections.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while left:
                await reader.readuntil(b"\r\n\r\n")
                for piece in left.pop(0):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.02)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    client = HttpClient(
        "test", NameResolver(), allow_private=True, connect_timeout_s=5, response_timeout_s=5
    )
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield client, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", connections
        await client.close()
        await asyncio.wait(connections)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: a\r\n\r\nok"
GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone"


async def test_an_answer_that_comes_again_means_the_same() -> None:
    answers = [[OK], [OK], [OK[:30], OK[30:]], [OK], [GONE], [OK], [GONE], [GONE[:-1], b"e"]]
    async with answering(*answers) as (client, url, connections):
        for pieces in answers:
            response = await client.post(url, b"", {})
            assert (response.status, response.body) in ((200, b"ok"), (410, b"gone"))
            assert b"".join(pieces).startswith(f"HTTP/1.1 {response.status}".encode())
            assert response.headers.get("etag") == ("a" if response.status == 200 else None)
        assert len(connections) == 1


async def test_what_follows_a_known_answer_is_no_answer() -> None:
    """Neither to this request nor to the next, which has a connection of its own."""
    async with answering([OK], [OK + GONE], [OK]) as (client, url, connections):
        for _ in range(3):
            assert (await client.post(url, b"", {})).status == 200
        assert len(connections) == 2


async def test_the_beginning_of_a_known_answer_is_no_answer() -> None:
    async with answering([OK], [OK], [OK[:-1]]) as (client, url, _):
        for _ in range(2):
            assert (await client.post(url, b"", {})).status == 200
        with pytest.raises(NoResponse, match="closed before the response ended"):
            await client.post(url, b"", {})


async def test_a_large_answer_that_comes_again_is_read_again() -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + b"x" * 4_000
    async with answering([large], [large]) as (client, url, connections):
        for _ in range(2):
            assert (await client.post(url, b"", {})).body == b"x" * 4_000
        assert len(connections) == 1
