"""GET /v1/events/stream: server-sent events over a real socket."""

import asyncio
import base64
import json
from typing import Any

import pytest

from simpost.api.shared import open_streams
from simpost.api.v1 import event_stream
from tests.integration.api.conftest import GOOD, NOW_MS

SERVED = Any  # the `service` fixture of conftest.py
AUTH = base64.b64encode(b"demo:demo-secret").decode()


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

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.head = b""

    @classmethod
    async def open(cls, port, path="/v1/events/stream", **headers):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: Basic {AUTH}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        stream = cls(reader, writer)
        async with asyncio.timeout(10):
            stream.head = await reader.readuntil(b"\r\n\r\n")
        return stream

    async def frame(self):
        """The next frame that is not a `retry`."""
        async with asyncio.timeout(10):
            while True:
                lines = (await self.reader.readuntil(b"\n\n")).decode().splitlines()
                fields = dict(line.split(": ", 1) for line in lines if ": " in line)
                if "event" in fields:
                    return fields

    async def sequences(self, count):
        return [int((await self.frame())["id"]) for _ in range(count)]


async def test_events_arrive_as_they_happen(listening: SERVED, port: int):
    await send(listening)  # before: not shown
    stream = await Stream.open(port)
    assert b"content-type: text/event-stream" in stream.head
    assert b"x-accel-buffering: no" in stream.head
    assert b"no-transform" in stream.head
    await send(listening)
    frame = await stream.frame()
    assert (frame["id"], frame["event"]) == ("2", "message.accepted")
    page = await listening.native("GET", "events", params={"after": 1})
    assert json.loads(frame["data"]) == page.json()["events"][0]
    stream.writer.close()


@pytest.mark.parametrize("given", ["header", "query"])
async def test_a_stream_continues_after_the_last_event(listening: SERVED, port: int, given: str):
    await send(listening, 5)
    if given == "header":
        stream = await Stream.open(port, "/v1/events/stream?after=4", Last_Event_ID="2")
    else:
        stream = await Stream.open(port, "/v1/events/stream?after=2")
    assert await stream.sequences(3) == [3, 4, 5]
    stream.writer.close()


async def test_more_events_than_a_page_arrive_in_order(listening: SERVED, port: int, monkeypatch):
    monkeypatch.setattr(event_stream, "_PAGE", 7)
    monkeypatch.setattr(event_stream, "_PORTION_OCTETS", 500)
    await send(listening, 30)
    stream = await Stream.open(port, Last_Event_ID="0")
    assert await stream.sequences(30) == list(range(1, 31))
    stream.writer.close()


@pytest.mark.parametrize("number", ["1", "999"])
async def test_a_number_that_is_gone_is_one_resync(listening: SERVED, port: int, number: str):
    await send(listening, 4)
    assert await listening.store.events.delete_events_before(NOW_MS + 1, limit=3) == 3
    stream = await Stream.open(port, Last_Event_ID=number)
    frame = await stream.frame()
    assert (frame["event"], frame["id"]) == ("resync", "4")
    assert json.loads(frame["data"]) == {"oldest": 4, "lastSequence": 4}
    await send(listening)
    assert await stream.sequences(1) == [5]
    stream.writer.close()


async def test_an_idle_stream_has_heartbeats(listening: SERVED, port: int, monkeypatch):
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.05)
    stream = await Stream.open(port)
    assert (await stream.frame())["event"] == "heartbeat"
    assert (await stream.frame())["event"] == "heartbeat"
    stream.writer.close()


async def test_streams_of_an_account_are_limited_and_released(
    listening: SERVED, port: int, monkeypatch
):
    monkeypatch.setattr(open_streams, "MAX_STREAMS_OF_ACCOUNT", 2)
    streams = [await Stream.open(port, Last_Event_ID="0") for _ in range(2)]
    refused = await Stream.open(port)
    assert refused.head.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: " in refused.head
    for each in (*streams, refused):
        each.writer.close()
    async with asyncio.timeout(10):
        while listening.services.streams._open:
            await asyncio.sleep(0.01)


async def test_a_changed_secret_ends_the_stream(listening: SERVED, port: int):
    stream = await Stream.open(port)
    await listening.operate("PATCH", "accounts/demo", json={"newSecret": True})
    async with asyncio.timeout(10):
        await stream.reader.readuntil(b"0\r\n\r\n")  # the last chunk
    stream.writer.close()
    again = await Stream.open(port)  # with the old secret
    assert again.head.startswith(b"HTTP/1.1 401 ")
    again.writer.close()


@pytest.mark.parametrize("number", ["-1", "x", "9" * 16, "1.5"])
async def test_a_number_that_is_none_is_refused(listening: SERVED, port: int, number: str):
    stream = await Stream.open(port, Last_Event_ID=number)
    assert stream.head.startswith(b"HTTP/1.1 422 ")
    stream.writer.close()


async def test_an_account_without_events_has_no_stream(service: SERVED, port: int):
    stream = await Stream.open(port)
    assert stream.head.startswith(b"HTTP/1.1 409 ")
    stream.writer.close()


async def test_another_account_sees_none_of_it(listening: SERVED, port: int):
    await listening.operate("PATCH", "accounts/other", json={"events": True})
    await send(listening, 2)
    other = base64.b64encode(b"other:other-secret").decode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /v1/events/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Basic %b\r\n\r\n" % other.encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    await send(listening)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.readuntil(b"event: ")
    writer.close()
