"""Server-sent events, read from octets as they come."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simpost_client.decoding import decode
from simpost_client.errors import NoResponse, RateLimited, SimpostError, UnexpectedResponse
from simpost_client.models import Event

MAX_EVENT_CHARACTERS: Final = 2**20
"""A longer event is refused, so that a peer cannot fill the memory."""


LONGEST_PAUSE_S: Final = 30.0
"""Longest time until a lost stream is opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resync:
    """Events are missing here: they are deleted. Read the messages again; the stream goes on.

    `oldest` is the oldest number that is kept, `last_sequence` the one after which it goes on.
    """

    oldest: int | None
    last_sequence: int


class StreamPosition:
    """How far a stream was read, and when it is opened again."""

    def __init__(self, last: int, give_up_after: int | None) -> None:
        self.last = last
        self._give_up_after = give_up_after
        self._failures = 0
        self._is_heard = False
        self._asked_s = 1.0

    def hear(self, frame: Frame) -> Event | Resync | None:
        """What a frame says; None for a heartbeat."""
        self._failures, self._is_heard = 0, True
        item = read_frame(frame)
        if item is not None:
            self.last = item.sequence if isinstance(item, Event) else item.last_sequence
        return item

    def pause_s(self, failure: SimpostError | None, asked_s: float | None) -> float:
        """Seconds until the stream is opened again. Raises the failure after too many."""
        if failure is not None or not self._is_heard:
            self._failures += 1
            if self._give_up_after is not None and self._failures >= self._give_up_after:
                raise failure or NoResponse("the stream of events ends without any event")
        self._is_heard = False
        if asked_s is not None:
            self._asked_s = asked_s
        pause_s = self._asked_s
        if isinstance(failure, RateLimited) and failure.retry_after_s is not None:
            pause_s = failure.retry_after_s
        return min(pause_s * max(1, self._failures), LONGEST_PAUSE_S)


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of the stream, before its data is read."""

    id: str | None
    event: str
    data: str


class FrameReader:
    """Splits a stream into frames; `retry_s` is the pause that the server asked for."""

    def __init__(self) -> None:
        self.retry_s: float | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._lines: list[str] = []
        self._held = 0

    def feed(self, octets: bytes) -> Iterator[Frame]:
        """The frames that end in these octets."""
        text = self._rest + self._decoder.decode(octets)
        lines = text.replace("\r\n", "\n").split("\n")
        self._rest = lines.pop()
        for line in lines:
            self._held += len(line)
            if self._held + len(self._rest) > MAX_EVENT_CHARACTERS:
                raise UnexpectedResponse("an event of the stream is too long")
            if line:
                self._lines.append(line)
            elif (frame := self._finish()) is not None:
                yield frame
        if self._held + len(self._rest) > MAX_EVENT_CHARACTERS:
            raise UnexpectedResponse("an event of the stream is too long")

    def _finish(self) -> Frame | None:
        identifier, event, data = None, "message", []
        for line in self._lines:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                identifier = value
            elif name == "event":
                event = value
            elif name == "data":
                data.append(value)
            elif name == "retry" and value.isdecimal() and len(value) < 8:
                self.retry_s = int(value) / 1000
        self._lines, self._held = [], 0
        return Frame(identifier, event, "\n".join(data)) if data else None


def read_frame(frame: Frame) -> Event | Resync | None:
    """The event of a frame, or None for a heartbeat."""
    if frame.event == "heartbeat":
        return None
    try:
        value = json.loads(frame.data)
    except ValueError:
        raise UnexpectedResponse("an event of the stream is not JSON") from None
    if frame.event == "resync":
        return decode(Resync, value)
    return decode(Event, value)
