"""GET /v1/events/stream: server-sent events over a real socket."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from simpost.api.v1 import event_stream
from simpost.http.protocol import HttpProtocol
from tests.contract.raw_rows import run_raw
from tests.integration.api.conftest import GOOD, NOW_MS

SERVED = Any  # the `service` fixture of conftest.py
Opener = Callable[..., Any]
AUTH = base64.b64encode(b"demo:demo-secret").decode()
PATIENCE_S = 60
"""Longest wait for anything; it only ends a test that hangs."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr(event_stream, "_POLL_S", 0.02)


@pytest.fixture
async def listening(service: SERVED) -> SERVED:
    await service.operate("PATCH", "accounts/demo", json={"events": True})
    return service


async def send(service: SERVED, times: int = 1) -> None:
    for _ in range(times):
        body = {"esimTranNo": GOOD, "text": "a text that nobody reads here"}
        await service.native("POST", "messages", json=body)


class Stream:
    """A client; `frames` are dicts of the fields of each frame."""

    def __init__(self, reader, writer, head):
        self.reader, self.writer, self.head = reader, writer, head

    async def frame(self):
        """The next frame that is not a `retry`."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                lines = (await self.reader.readuntil(b"\n\n")).decode().splitlines()
                fields = dict(line.split(": ", 1) for line in lines if ": " in line)
                if "event" in fields:
                    return fields

    async def sequences(self, count):
        return [int((await self.frame())["id"]) for _ in range(count)]

    async def end(self):
        """Return once the server has ended the stream."""
        async with asyncio.timeout(PATIENCE_S):
            await self.reader.readuntil(b"0\r\n\r\n")  # the last chunk


@pytest_asyncio.fixture
async def open_stream(port: int) -> AsyncIterator[Opener]:
    """Opens streams, and closes them also when the test fails."""
    writers = []

    async def open_one(
        path: str = "/v1/events/stream",
        auth: str = AUTH,
        scheme: str = "Basic",
        receive_buffer: int = 0,
        **headers: str,
    ) -> Stream:
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=connection)
        writers.append(writer)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: {scheme} {auth}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(PATIENCE_S):
            return Stream(reader, writer, await reader.readuntil(b"\r\n\r\n"))

    yield open_one
    for writer in writers:
        writer.close()


async def test_events_arrive_as_they_happen(listening: SERVED, open_stream: Opener):
    await send(listening)  # before: not shown
    stream = await open_stream()
    assert b"content-type: text/event-stream" in stream.head
    assert b"x-accel-buffering: no" in stream.head
    assert b"no-transform" in stream.head
    await send(listening)
    frame = await stream.frame()
    assert (frame["id"], frame["event"]) == ("2", "message.accepted")
    page = await listening.native("GET", "events", params={"after": 1})
    assert json.loads(frame["data"]) == page.json()["events"][0]


@pytest.mark.parametrize("given", ["header", "query"])
async def test_a_stream_continues_after_the_last_event(
    listening: SERVED, open_stream: Opener, given: str
):
    await send(listening, 5)
    if given == "header":
        stream = await open_stream("/v1/events/stream?after=4", Last_Event_ID="2")
    else:
        stream = await open_stream("/v1/events/stream?after=2")
    assert await stream.sequences(3) == [3, 4, 5]


async def test_more_events_than_a_page_arrive_in_order(
    listening: SERVED, open_stream: Opener, monkeypatch
):
    monkeypatch.setattr(event_stream, "_PAGE", 7)
    monkeypatch.setattr(event_stream, "_PORTION_OCTETS", 500)
    await send(listening, 30)
    stream = await open_stream(Last_Event_ID="0")
    assert await stream.sequences(30) == list(range(1, 31))


async def until_blocked(monkeypatch, open_one):
    """Open a stream, and wait until its connection stays blocked by a reader that takes nothing."""
    paused: set[HttpProtocol] = set()
    pause = HttpProtocol.pause_writing

    def note_pause(connection: HttpProtocol) -> None:
        paused.add(connection)
        pause(connection)

    monkeypatch.setattr(HttpProtocol, "pause_writing", note_pause)
    stream = await open_one()
    turns = 0
    async with asyncio.timeout(PATIENCE_S):
        while turns < 100:
            await asyncio.sleep(0)
            turns = turns + 1 if any(each.is_blocked for each in paused) else 0
    return stream


async def test_a_slow_reader_holds_its_stream_back_and_gets_everything(
    listening: SERVED, open_stream: Opener, monkeypatch
):
    """The events that are read from the store are bounded by what the reader takes."""
    count = 300
    data = json.dumps({"words": "x" * 5_000})
    insert = "INSERT INTO added_events (account_id, type, subject, at_ms, data)"
    for number in range(count):
        values = "VALUES (1, 'esim.forgotten', $1, $2, $3)"
        await run_raw(listening.store, f"{insert} {values}", str(number), NOW_MS, data)
    log = type(listening.store.events)
    read, after = [0], log.events_after

    async def note_read(*args: Any, **given: Any) -> Any:
        page = await after(*args, **given)
        read.append(max(each.sequence for each in page.events) if page.events else 0)
        return page

    monkeypatch.setattr(log, "events_after", note_read)
    monkeypatch.setattr(event_stream, "_PAGE", 7)
    stream = await until_blocked(
        monkeypatch, lambda: open_stream(Last_Event_ID="0", receive_buffer=4_096)
    )
    assert 0 < max(read) < count / 2
    assert await stream.sequences(count) == list(range(1, count + 1))


@pytest.mark.parametrize("number", ["1", "999"])
async def test_a_number_that_is_gone_is_one_resync(
    listening: SERVED, open_stream: Opener, number: str
):
    await send(listening, 4)
    assert await listening.store.events.delete_events_before(NOW_MS + 1, limit=3) == 3
    stream = await open_stream(Last_Event_ID=number)
    frame = await stream.frame()
    assert (frame["event"], frame["id"]) == ("resync", "4")
    assert json.loads(frame["data"]) == {"oldest": 4, "lastSequence": 4}
    await send(listening)
    assert await stream.sequences(1) == [5]


async def test_an_idle_stream_has_heartbeats(listening: SERVED, open_stream: Opener, monkeypatch):
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.05)
    stream = await open_stream()
    assert (await stream.frame())["event"] == "heartbeat"
    assert (await stream.frame())["event"] == "heartbeat"


async def test_streams_of_an_account_are_limited_and_released(
    listening: SERVED, open_stream: Opener, monkeypatch
):
    monkeypatch.setattr(listening.services.streams, "_most_of_account", 2)
    streams = [await open_stream(Last_Event_ID="0") for _ in range(2)]
    refused = await open_stream()
    assert refused.head.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: " in refused.head
    for each in (*streams, refused):
        each.writer.close()
    async with asyncio.timeout(PATIENCE_S):
        while listening.services.streams._open:
            await asyncio.sleep(0)


async def test_a_changed_secret_ends_the_stream(listening: SERVED, open_stream: Opener):
    stream = await open_stream()
    await listening.operate("PATCH", "accounts/demo", json={"newSecret": True})
    await stream.end()
    again = await open_stream()  # with the old secret
    assert again.head.startswith(b"HTTP/1.1 401 ")


async def key_of(service: SERVED, **facts: Any) -> dict[str, Any]:
    body = {"name": "reader", "scopes": ["events:read"], **facts}
    answer = await service.native("POST", "keys", json=body)
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def test_a_revoked_key_ends_its_stream_and_no_other(listening: SERVED, open_stream: Opener):
    key, other = await key_of(listening), await key_of(listening, name="other")
    stream = await open_stream(auth=key["key"], scheme="Bearer")
    going_on = await open_stream(auth=other["key"], scheme="Bearer")
    with_secret = await open_stream()
    answer = await listening.native("DELETE", f"keys/{key['id']}")
    assert answer.status_code == 200
    await stream.end()
    again = await open_stream(auth=key["key"], scheme="Bearer")
    assert again.head.startswith(b"HTTP/1.1 401 ")
    await send(listening)
    for each in (going_on, with_secret):
        assert await each.sequences(1) == [1]


async def test_a_changed_secret_does_not_end_the_stream_of_a_key(
    listening: SERVED, open_stream: Opener
):
    key = await key_of(listening)
    stream = await open_stream(auth=key["key"], scheme="Bearer")
    await send(listening)
    await listening.operate("PATCH", "accounts/demo", json={"newSecret": True})
    assert await stream.sequences(1) == [1]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await stream.reader.readuntil(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"events": False}, {"ipAllow": ["192.0.2.0/24"]}]
)
@pytest.mark.parametrize("by", ["secret", "key"])
async def test_an_account_that_may_not_read_any_more_ends_the_stream(
    listening: SERVED, open_stream: Opener, change: dict[str, Any], by: str
):
    if by == "key":
        stream = await open_stream(auth=(await key_of(listening))["key"], scheme="Bearer")
    else:
        stream = await open_stream()
    assert stream.head.startswith(b"HTTP/1.1 200 ")
    answer = await listening.operate("PATCH", "accounts/demo", json=change)
    assert answer.status_code == 200, answer.text
    await stream.end()


async def test_a_key_that_expires_ends_its_stream(
    listening: SERVED, open_stream: Opener, monkeypatch
):
    key = await key_of(listening)
    stream = await open_stream(auth=key["key"], scheme="Bearer")
    assert stream.head.startswith(b"HTTP/1.1 200 ")
    monkeypatch.setattr(listening.services.api_keys, "is_valid", lambda *_: False)
    await stream.end()


@pytest.mark.parametrize("number", ["-1", "x", "9" * 16, "1.5"])
async def test_a_number_that_is_none_is_refused(
    listening: SERVED, open_stream: Opener, number: str
):
    stream = await open_stream(Last_Event_ID=number)
    assert stream.head.startswith(b"HTTP/1.1 422 ")


async def test_an_account_without_events_has_no_stream(service: SERVED, open_stream: Opener):
    stream = await open_stream()
    assert stream.head.startswith(b"HTTP/1.1 409 ")


async def test_another_account_sees_none_of_it(listening: SERVED, open_stream: Opener):
    await listening.operate("PATCH", "accounts/other", json={"events": True})
    await send(listening, 2)
    other = base64.b64encode(b"other:other-secret").decode()
    stream = await open_stream("/v1/events/stream?after=0", auth=other)
    await send(listening)
    body = {"esimTranNo": "26010100000090", "text": "a text of the other account"}
    answer = await listening.native("POST", "messages", account="other", json=body)
    frame = await stream.frame()
    assert json.loads(frame["data"])["subject"] == answer.json()["id"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("OPTIONS", 405)])
async def test_a_request_without_content_opens_no_stream(
    listening: SERVED, port: int, method: str, status: int
):
    """The response ends at once, and the connection takes the next request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"Host: localhost\r\nAuthorization: Basic {AUTH}\r\n\r\n"
    asked = [f"{method} /v1/events/stream?after=0 HTTP/1.1", "GET /healthz HTTP/1.1"]
    async with asyncio.timeout(PATIENCE_S):
        writer.write(f"{asked[0]}\r\n{head}".encode())
        first = await reader.readuntil(b"\r\n\r\n")
        if method == "HEAD":
            assert b"text/event-stream" in first
        else:
            length = int(first.lower().split(b"content-length: ")[1].split()[0])
            await reader.readexactly(length)
        writer.write(f"{asked[1]}\r\n{head}".encode())
        second = await reader.readuntil(b"\r\n\r\n")
    assert [int(each.split()[1]) for each in (first, second)] == [status, 200]
    assert not listening.services.streams._open
    writer.close()
