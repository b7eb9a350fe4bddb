"""Events as rows: the same in both stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from simpost.ports.store.events import Event, EventPage
from simpost.store.records.row import NamedRow

_decode_data = msgspec.json.Decoder(dict[str, Any]).decode


def page_of(rows: Sequence[NamedRow]) -> EventPage:
    """From the rows of `events_after`: no row without a log, one with NULLs without an event."""
    if not rows:
        return EventPage()
    first = rows[0]
    events = tuple(_event(row) for row in rows if row["sequence"] is not None)
    return EventPage(events, deleted_to=first["deleted_to"], last_sequence=first["last_sequence"])


def _event(row: NamedRow) -> Event:
    data = _decode_data(row["data"])
    if row["category"] is not None:
        data["category"] = row["category"]
        data["esimTranNo"] = row["esim_tran_no"]
        data["iccid"] = row["iccid"]
        data["reference"] = row["caller_reference"]
    return Event(
        sequence=row["sequence"],
        type=row["type"],
        subject=row["subject"],
        at_ms=row["at_ms"],
        data=data,
    )
