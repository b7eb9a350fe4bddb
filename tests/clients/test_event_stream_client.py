"""The stream of events goes on where it was after a lost connection."""

import json
from contextlib import closing
from itertools import islice

import httpx2
import pytest

from simpost_client import (
    AuthenticationFailed,
    Event,
    NoResponse,
    Resync,
    UnexpectedResponse,
)
from simpost_client.event_frames import MAX_EVENT_CHARACTERS, FrameReader
from tests.clients.scripted import ScriptedHost, problem

RETRY = b"retry: 1\n\n"
HEARTBEAT = b": heartbeat\n\nevent: heartbeat\ndata: {}\n\n"


def frame(sequence):
    event = {
        "id": f"evt_{sequence}",
        "sequence": sequence,
        "type": "message.sent",
        "subject": "Grüße",
        "occurredAt": "2026-11-29T06:35:38.760Z",
        "data": {},
    }
    text = json.dumps(event, ensure_ascii=False)
    return f"id: {sequence}\nevent: message.sent\ndata: {text}\n\n".encode()


def stream(*frames):
    return httpx2.Response(200, content=RETRY + b"".join(frames))


def last_ids(host):
    return [request.headers.get("Last-Event-ID") for request in host.requests]


def test_a_stream_goes_on_after_the_last_event():
    host = ScriptedHost(stream(frame(8), frame(9)), httpx2.ReadError(""), stream(frame(10)))
    with host.native() as client, closing(client.events.follow(after=7)) as events:
        assert [each.sequence for each in islice(events, 3)] == [8, 9, 10]
    assert last_ids(host) == ["7", "9", "9"]


def test_a_stream_that_breaks_before_any_event_leaves_none_out():
    gone = httpx2.Response(
        410,
        json={"code": "events_gone", "status": 410, "detail": "", "lastSequence": 41},
    )
    host = ScriptedHost(gone, stream(HEARTBEAT), stream(frame(42)))
    with host.native() as client, closing(client.events.follow()) as events:
        assert next(events).sequence == 42
    assert last_ids(host)[1:] == ["41", "41"]


def test_deleted_events_are_told_and_the_stream_goes_on():
    resync = b'event: resync\ndata: {"oldest": 50, "lastSequence": 60}\n\n'
    host = ScriptedHost(stream(resync), stream(frame(61)))
    with host.native() as client, closing(client.events.follow(after=7)) as events:
        first, second = islice(events, 2)
    assert isinstance(first, Resync)
    assert (first.oldest, first.last_sequence) == (50, 60)
    assert isinstance(second, Event)
    assert last_ids(host) == ["7", "60"]


def test_wrong_credentials_end_the_stream_at_once():
    host = ScriptedHost(problem(401, "unauthorized"))
    with host.native() as client, pytest.raises(AuthenticationFailed):
        next(client.events.follow(after=7))


def test_a_host_that_is_gone_is_given_up():
    faults = [stream(), httpx2.ReadError(""), stream()]
    host = ScriptedHost(*faults)
    with host.native() as client, pytest.raises(NoResponse):
        next(client.events.follow(after=7, give_up_after=3))
    assert host.steps == []


def test_frames_are_read_from_pieces_of_any_size():
    octets = RETRY + frame(1) + HEARTBEAT + frame(2).replace(b"\n", b"\r\n")
    for size in (1, 2, 7, len(octets)):
        reader = FrameReader()
        pieces = (octets[at : at + size] for at in range(0, len(octets), size))
        found = [frame for piece in pieces for frame in reader.feed(piece)]
        assert [each.event for each in found] == ["message.sent", "heartbeat", "message.sent"]
        assert "Grüße" in found[0].data
        assert reader.retry_s == 0.001


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"data: x\n" * 8_192])
def test_an_event_without_an_end_is_refused(piece):
    reader = FrameReader()

    def feed():
        for _ in range(2 * MAX_EVENT_CHARACTERS * 8 // len(piece)):
            list(reader.feed(piece))

    with pytest.raises(UnexpectedResponse, match="too long"):
        feed()
