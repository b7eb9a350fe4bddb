"""The cheap way of the usual exchange says octet for octet what uvicorn's own would have said."""

import asyncio

import pytest
import uvicorn

from simpost.api.serving import http_config
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
    "old and kept": b"GET /path HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "to be closed": GET + b"Connection: close\r\n\r\n",
    "waits for 100": POST + SIZED + b"Expect: 100-continue\r\n\r\n" + BODY,
    "chunked": POST + b"Transfer-Encoding: chunked\r\n\r\n13\r\n" + BODY + b"\r\n0\r\n\r\n",
    "quoted path": b"GET /p%C3%A4th/%2f HTTP/1.1\r\n" + HOST + b"\r\n",
    "whole address": b"GET http://simpost/path HTTP/1.1\r\n" + HOST + b"\r\n",
    "header twice": GET + b"X-One: 1\r\nx-one: 2\r\n\r\n",
    "upgrade": GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "forwarded": GET + b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n\r\n",
    "two at once": (POST + SIZED + b"\r\n" + BODY) * 2,
    "two at once, one bad": POST + SIZED + b"\r\n" + BODY + b"GET\r\n\r\n",
    "of no path": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "of a host": b"CONNECT simpost:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "bad": b"GET /\x01 HTTP/1.1\r\n\r\n",
    "two lengths": POST + SIZED + b"Content-Length: 3\r\n\r\n" + BODY,
}


def app_of(seen, start, *bodies):
    """An app that notes what it is given, and answers with these events."""

    async def app(scope, receive, send):
        event = await receive()
        while event.get("more_body"):
            more = await receive()
            event = {**more, "body": event["body"] + more["body"]}
        known = {name: value for name, value in scope.items() if name not in ("server", "state")}
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
    "header with a line end": (start(200, LENGTH, (b"x-name", b"a\r\nx-evil: 1")), OK),
    "header with half a line end": (start(200, LENGTH, (b"x-name", b"a\nx-evil: 1")), OK),
    "twice": (start(200, LENGTH), OK, OK),
}
BROKEN = {
    "too long": (start(200, (b"content-length", b"1")), OK),
    "too short": (start(200, (b"content-length", b"3")), OK),
    "without an end": (start(200, LENGTH),),
}


def theirs(app):
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
    )


async def said(config, octets):
    """All that is answered until the connection is closed, for having been idle at the latest."""
    config.timeout_keep_alive = 0.1
    async with serving(config) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(octets)
        answer = await asyncio.wait_for(reader.read(-1), 75)
        writer.close()
    return answer


@pytest.mark.parametrize("request_name", REQUESTS)
async def test_every_kind_of_request_is_taken_as_uvicorn_takes_it(request_name):
    octets = REQUESTS[request_name]
    our_scopes, their_scopes = [], []
    ours = await said(http_config(app_of(our_scopes, *ANSWERS["plain"]), grace_s=1), octets)
    assert ours == await said(theirs(app_of(their_scopes, *ANSWERS["plain"])), octets)
    assert our_scopes == their_scopes
    assert b"HTTP/1.1 " in ours


@pytest.mark.parametrize("answer_name", ANSWERS)
@pytest.mark.parametrize("request_name", ["post", "head", "two at once"])
async def test_every_kind_of_answer_is_given_as_uvicorn_gives_it(request_name, answer_name):
    octets, answer = REQUESTS[request_name], ANSWERS[answer_name]
    ours = await said(http_config(app_of([], *answer), grace_s=1), octets)
    wanted = await said(theirs(app_of([], *answer)), octets)
    assert ours == wanted
    assert b"x-evil" not in ours


@pytest.mark.parametrize("answer_name", BROKEN)
async def test_a_broken_answer_never_looks_whole(answer_name):
    """uvicorn has written the head before it sees that it is wrong: it can only hang up then."""
    ours = await said(http_config(app_of([], *BROKEN[answer_name]), grace_s=1), REQUESTS["post"])
    wanted = await said(theirs(app_of([], *BROKEN[answer_name])), REQUESTS["post"])
    assert ours == wanted or ours.startswith(b"HTTP/1.1 500 ")


async def test_an_app_that_fails_after_the_start_of_its_answer_is_a_500():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", **start(200, LENGTH)})
        raise ValueError

    answer = await said(http_config(app, grace_s=1), REQUESTS["post"])
    assert answer.startswith(b"HTTP/1.1 500 ")


async def test_who_hung_up_is_told_to_the_app():
    events = asyncio.Queue()

    async def app(scope, receive, send):
        while True:
            event = await receive()
            events.put_nowait(event["type"])
            if event["type"] == "http.disconnect":
                break

    async with serving(http_config(app, grace_s=1)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUESTS["post"])
        assert await asyncio.wait_for(events.get(), 75) == "http.request"
        writer.close()
        assert await asyncio.wait_for(events.get(), 75) == "http.disconnect"
