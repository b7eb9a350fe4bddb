"""Ids of messages and of inbound messages begin with their time (UUIDv7, RFC 9562 5.7)."""

from __future__ import annotations

from typing import Final

LAST_MS: Final = (1 << 48) - 1
"""The last time that an id can have."""
AFTER_ALL_IDS: Final = b"\xff" * 17
CLOCK_SLACK_MS: Final = 10_000
"""How far the time in an id may be from the time of its row."""


def first_id(at_ms: int) -> bytes:
    """The start of the lowest id of that millisecond: 48 bits."""
    return max(0, min(at_ms, LAST_MS)).to_bytes(6, "big")


def time_of(id_: bytes) -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return int.from_bytes(id_[:6], "big")
