"""Texts that name themselves, so that a sink can say which it saw."""

from __future__ import annotations

SENDER = "12345"
_WORDS = " Welcome! Your plan is active: 1 GB until Sunday. Reply is not possible."
_PART = 153
"""Septets of a part beside its header (TS 23.040 9.2.3.24.1)."""


def text(number: int, parts: int) -> str:
    """A text of exactly this many parts, each beginning with eight digits that identify it."""
    if parts == 1:
        return f"{part_name(number, 0):08d}{_WORDS}"
    whole = [f"{part_name(number, part):08d}{_WORDS}" for part in range(parts)]
    return "".join(part.ljust(_PART, ".") for part in whole[:-1]) + whole[-1]


def part_name(number: int, part: int) -> int:
    return 10 * number + part
