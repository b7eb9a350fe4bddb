"""Limits for clients that do not read or do not wait."""

import asyncio
import contextlib
import socket

from simpost.http import HttpServer, Limits
from tests.integration.api.conftest import serving
from tests.turns import until

GET = b"GET / HTTP/1.1\r\nHost: simpost\r\n\r\n"
SOME = 50


async def test_a_pipeline_is_bounded_and_given_back():
    may_answer, asked = asyncio.Event(), 0

    async def app(scope, receive, send):
        nonlocal asked
        asked += 1
        await may_answer.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async with serving(app, grace_s=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET * 1_000)
        await until(lambda: asked, "a request came")
        may_answer.set()
        answers = await asyncio.wait_for(reader.read(-1), 30)
        writer.close()
    assert answers.count(b"HTTP/1.1 204") == asked == 17
    assert answers.count(b"connection: close") == 1


async def test_a_pipeline_of_a_client_that_left_is_not_worked_through():
    asked = []

    async def app(scope, receive, send):
        asked.append(scope["path"])
        while (await receive())["type"] != "http.disconnect":
            pass

    listener = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(app, grace_s=1)
    await server.start([listener])
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(GET * 10)
    await until(lambda: asked, "a request came")
    writer.transport.abort()
    [connection] = server.connections
    connection.resume_reading()
    await until(lambda: not (server.connections or server.tasks), "the connection ended")
    await server.stop()
    assert asked == ["/"]
    del reader


async def test_clients_that_do_not_read_are_disconnected_after_the_time_limit():
    async def app(scope, receive, send):
        headers = [(b"content-length", b"8000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(8_000_000)})

    listener = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(app, limits=Limits(unread_s=0.1), grace_s=1)
    await server.start([listener])
    clients = [socket.create_connection(listener.getsockname()) for _ in range(SOME)]
    for client in clients:
        client.sendall(GET)
    async with asyncio.timeout(30):
        while len(server.connections) < SOME:
            await asyncio.sleep(0)
        while server.connections or server.tasks:
            await asyncio.sleep(0.01)  # the subject: 0.1 s of real time end them
    for client in clients:
        with client:
            assert octets_that_came(client) < 8_000_000
    await server.stop()


def octets_that_came(client):
    """Number of octets that the kernel still delivers after the connection ended."""
    count = 0
    with contextlib.suppress(ConnectionError):
        while some := client.recv(65_536):
            count += len(some)
    return count


async def test_a_client_that_does_not_read_gets_no_megabytes_of_the_kernel():
    """A response that fits into the buffers of the kernel, for a client that does not read."""

    async def app(scope, receive, send):
        headers = [(b"content-length", b"1000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(1_000_000)})

    listener = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(app, limits=Limits(unread_s=0.1), grace_s=1)
    await server.start([listener])
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(listener.getsockname())
        client.sendall(GET)
        async with asyncio.timeout(30):
            while not server.connections:
                await asyncio.sleep(0)
            while server.connections or server.tasks:
                await asyncio.sleep(0.01)  # the subject: 0.1 s of real time end them
        assert octets_that_came(client) < 1_000_000
    await server.stop()


def test_the_limits_are_those_of_the_documentation():
    assert Limits().unread_s == 30
    assert Limits().keep_alive_s == 75
