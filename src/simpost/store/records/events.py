"""Events as rows: the same in both stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from simpost.ports.store.events import Event, EventPage

_decode_data = msgspec.json.Decoder(dict[str, Any]).decode


def page_of(rows: Sequence[Any]) -> EventPage:
    """Of the statement `events_after`: none without a log, one with NULLs without an event."""
    if not rows:
        return EventPage()
    first = rows[0]
    events = tuple(_event(row) for row in rows if row[2] is not None)
    return EventPage(events, deleted_to=first[0], last_sequence=first[1])


def _event(row: Any) -> Event:
    return Event(row[2], row[3], row[4], row[5], _decode_data(row[6]))
