"""Events of the native API: in pages, and as a stream that goes on after a lost connection."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from typing import Any, Final

from simpost_client._sync.resource import Resource
from simpost_client.calls import Call
from simpost_client.errors import EventsGone, NoResponse, NotConnected, RateLimited, ServerFailed
from simpost_client.event_frames import FrameReader, Resync, StreamPosition
from simpost_client.models import Event, EventList

SILENCE_S: Final = 45.0
"""A stream without a heartbeat for this time is broken: there is one every 15 seconds."""
_NO_EVENT: Final = 2**53 - 1
"""A number that no event has: the refusal names the newest event."""


class Events(Resource):
    """Every change of messages, eSIMs, conversations and more, in order."""

    def list(self, *, after: int | None = None, limit: int = 50) -> EventList:
        """The events after a number, oldest first. Raises EventsGone if they are deleted."""
        return self._get(EventList, "/v1/events", after=after, limit=limit)

    def last_sequence(self) -> int:
        """The number of the newest event."""
        try:
            self.list(after=_NO_EVENT, limit=1)
        except EventsGone as error:
            return error.last_sequence
        return _NO_EVENT

    def follow(
        self, *, after: int | None = None, give_up_after: int | None = 10
    ) -> Generator[Event | Resync, None, None]:
        """Events as they happen, from the next one on, or after a number that you stored.

        A lost connection is opened again, and no event is left out or repeated. `give_up_after` is
        the number of attempts without any event or heartbeat after which the error is raised; None
        tries for ever. A Resync says that events were deleted before they were read.
        """
        last = self.last_sequence() if after is None else after
        position = StreamPosition(last, give_up_after)
        while True:
            reader, failure = FrameReader(), None
            stream = self._transport.stream(_stream(position.last), SILENCE_S)
            try:
                with closing(stream) as pieces:
                    for octets in pieces:
                        for frame in reader.feed(octets):
                            item = position.hear(frame)
                            if item is not None:
                                yield item
            except (NoResponse, NotConnected, RateLimited, ServerFailed) as error:
                failure = error
            time.sleep(position.pause_s(failure, reader.retry_s))


def _stream(last: int) -> Call[Any]:
    return Call(
        method="GET",
        path="/v1/events/stream",
        headers={"Last-Event-ID": str(last), "Accept": "text/event-stream"},
        read=lambda _: None,
        changes=False,
        repeatable=True,
    )
