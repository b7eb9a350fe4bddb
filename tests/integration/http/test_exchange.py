"""Responses are octet for octet those of uvicorn, an independent implementation.

Where the two differ on purpose, `test_rfc.py` has the rule.
"""

import asyncio
import contextlib
import socket

import pytest
import uvicorn

from simpost.http import Limits
from tests.integration.api.conftest import serving

HOST = b"Host: simpost\r\n"
BODY = b'{"message":"Hello"}'
SIZED = b"Content-Length: %d\r\n" % len(BODY)
GET = b"GET /path?a=1&b=%20 HTTP/1.1\r\n" + HOST
POST = b"POST /path HTTP/1.1\r\n" + HOST

REQUESTS = {
    "get": GET + b"\r\n",
    "post": POST + SIZED + b"\r\n" + BODY,
    "head": b"HEAD /path HTTP/1.1\r\n" + HOST + b"\r\n",
    "old": b"GET /path HTTP/1.0\r\n\r\n",
    "to be closed": GET + b"Connection: close\r\n\r\n",
    "waits for 100": POST + SIZED + b"Expect: 100-continue\r\n\r\n" + BODY,
    "chunked": POST + b"Transfer-Encoding: chunked\r\n\r\n13\r\n" + BODY + b"\r\n0\r\n\r\n",
    "quoted path": b"GET /p%C3%A4th/%2f HTTP/1.1\r\n" + HOST + b"\r\n",
    "whole address": b"GET http://simpost/path HTTP/1.1\r\n" + HOST + b"\r\n",
    "whole server": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "control characters, quoted": b"GET /a%00%0A%7F HTTP/1.1\r\n" + HOST + b"\r\n",
    "header twice": GET + b"X-One: 1\r\nx-one: 2\r\n\r\n",
    "two at once": (POST + SIZED + b"\r\n" + BODY) * 2,
}


def app_of(seen, start, *bodies):
    """An app that records its scopes and answers with these events."""

    async def app(scope, receive, send):
        event = await receive()
        while event.get("more_body"):
            more = await receive()
            event = {**more, "body": event["body"] + more["body"]}
        ours = ("server", "state", "simpost.caller")
        known = {name: value for name, value in scope.items() if name not in ours}
        host, _ = known.pop("client")
        seen.append((known, host, event))
        await send({"type": "http.response.start", **start})
        for body in bodies:
            await send({"type": "http.response.body", **body})

    return app


def start(status, *headers):
    return {"status": status, "headers": list(headers)}


LENGTH = (b"content-length", b"2")
PLAIN = (b"content-type", b"text/plain")
OK = {"body": b"ok"}

ANSWERS = {
    "plain": (start(200, PLAIN, LENGTH), OK),
    "other status": (start(418, LENGTH, PLAIN), OK),
    "big": (start(200, (b"content-length", b"300000")), {"body": b"x" * 300_000}),
    "in pieces": (start(200, LENGTH), {"body": b"o", "more_body": True}, {"body": b"k"}),
    "without length": (start(200, PLAIN), OK),
    "chunked": (start(200, (b"transfer-encoding", b"chunked")), OK),
    "closing": (start(200, LENGTH, (b"connection", b"close")), OK),
    "capitals": (start(200, (b"Content-Length", b"2"), (b"X-Name", b"Value")), OK),
    "empty": (start(204), {"body": b""}),
    "not modified": (start(304, (b"etag", b"1")), {}),
    "twice": (start(200, LENGTH), OK, OK),
}
BROKEN = {
    "too long": (start(200, (b"content-length", b"1")), OK),
    "too short": (start(200, (b"content-length", b"3")), OK),
    "header with a line end": (start(200, LENGTH, (b"x-name", b"a\r\nx-evil: 1")), OK),
    "header with half a line end": (start(200, LENGTH, (b"x-name", b"a\nx-evil: 1")), OK),
    "without an end": (start(200, LENGTH),),
}


@contextlib.asynccontextmanager
async def theirs(app):
    """The port of an app behind uvicorn."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=0.1,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running


def ours(app):
    return serving(app, limits=Limits(keep_alive_s=0.1), grace_s=1)


async def said(server, octets):
    """Everything received until the server closes the connection, at the latest as idle."""
    async with server as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(octets)
        answer = await asyncio.wait_for(reader.read(-1), 75)
        writer.close()
    return answer


@pytest.mark.parametrize("request_name", REQUESTS)
async def test_every_kind_of_request_is_taken_as_uvicorn_takes_it(request_name):
    octets = REQUESTS[request_name]
    our_scopes, their_scopes = [], []
    answer = await said(ours(app_of(our_scopes, *ANSWERS["plain"])), octets)
    assert answer == await said(theirs(app_of(their_scopes, *ANSWERS["plain"])), octets)
    assert our_scopes == their_scopes
    assert b"HTTP/1.1 " in answer


@pytest.mark.parametrize("answer_name", ANSWERS)
@pytest.mark.parametrize("request_name", ["post", "head", "two at once"])
async def test_every_kind_of_answer_is_given_as_uvicorn_gives_it(request_name, answer_name):
    octets, events = REQUESTS[request_name], ANSWERS[answer_name]
    answer = await said(ours(app_of([], *events)), octets)
    assert answer == await said(theirs(app_of([], *events)), octets)
    assert b"x-evil" not in answer


@pytest.mark.parametrize("answer_name", BROKEN)
async def test_a_broken_answer_never_looks_whole(answer_name):
    """uvicorn writes the head before it sees the fault, and can only hang up then."""
    answer = await said(ours(app_of([], *BROKEN[answer_name])), REQUESTS["post"])
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"x-evil" not in answer


async def test_an_app_that_fails_after_the_start_of_its_answer_is_a_500():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", **start(200, LENGTH)})
        raise ValueError

    answer = await said(ours(app), REQUESTS["post"])
    assert answer.startswith(b"HTTP/1.1 500 ")


BAD_HEADERS = {
    "no token": [LENGTH, (b"x name", b"1")],
    "no name": [LENGTH, (b"", b"1")],
    "a colon in the name": [LENGTH, (b"x:y", b"1")],
    "NUL": [LENGTH, (b"x-name", b"a\0b")],
    "text": [LENGTH, ("x-name", "a")],
    "no value": [LENGTH, (b"x-name", None)],
    "two lengths": [(b"content-length", b"3"), LENGTH],
    "the same length twice": [LENGTH, LENGTH],
    "a length that is no number": [(b"content-length", b"two")],
    "a length with a sign": [(b"content-length", b"+2")],
}


@pytest.mark.parametrize("name", BAD_HEADERS)
async def test_a_bad_header_of_the_application_is_a_500(name):
    """Nothing of it is sent: a client or proxy may read it in another way."""
    events = start(200, *BAD_HEADERS[name]), OK
    answer = await said(ours(app_of([], *events)), REQUESTS["post"])
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"x-name" not in answer
    assert answer.count(b"content-length") == 1
    assert answer.endswith(b"\r\n\r\nInternal Server Error")


async def test_the_app_is_notified_of_a_client_that_hung_up():
    events = asyncio.Queue()

    async def app(scope, receive, send):
        while True:
            event = await receive()
            events.put_nowait(event["type"])
            if event["type"] == "http.disconnect":
                break

    async with serving(app, grace_s=1) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUESTS["post"])
        assert await asyncio.wait_for(events.get(), 75) == "http.request"
        writer.close()
        assert await asyncio.wait_for(events.get(), 75) == "http.disconnect"
