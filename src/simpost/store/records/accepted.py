"""Parts that a carrier accepted, and that may still be reported on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.ports.carrier import AcceptedPart
from simpost.store.records.ids import first_id
from simpost.store.records.row import NamedRow

_OLDEST_MS: Final = 70 * 86_400_000
"""Older messages are over: they are scheduled up to 60 days ahead, and valid for days."""


def oldest_open(now_ms: int) -> bytes:
    """No message with a lower id awaits a report."""
    return first_id(now_ms - _OLDEST_MS)


def open_parts(rows: Sequence[NamedRow], limit: int) -> tuple[list[AcceptedPart], str]:
    """The parts among the rows of one step, and the id to go on after; empty at the end."""
    found = [accepted_part(row) for row in rows if row["destination"] is not None]
    return found, rows[-1]["carrier_message_id"] if len(rows) == limit else ""


def accepted_part(row: NamedRow) -> AcceptedPart:
    return AcceptedPart(row["carrier_message_id"], row["destination"], row["expires_ms"])
