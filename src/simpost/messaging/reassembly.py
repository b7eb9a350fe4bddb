"""Joins the parts of an inbound message to its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from simpost.domain.inbound import UNDECODABLE, InboundPart
from simpost.text import join_octets, read_text

GAP = "[...]"
"""Stands for a missing part. All characters are in GSM 7 bit, so it never forces UCS-2."""


class AssembledText(msgspec.Struct, frozen=True):
    """The text of an inbound message.

    Attributes:
        encoding: of the part with the lowest number.
        missing: numbers of the parts that did not arrive.
    """

    text: str
    encoding: str
    part_count: int
    missing: tuple[int, ...] = ()


def reassemble(parts: Sequence[InboundPart]) -> AssembledText:
    """Decode a message from at least one part, in any order.

    Adjacent parts in one alphabet are joined before they are decoded, because a sender may have cut
    a character in two. NUL is removed: it is padding, and no API accepts it.
    """
    by_number = {part.place.number: part for part in parts}
    total = parts[0].place.total
    missing = tuple(number for number in range(1, total + 1) if number not in by_number)
    runs = _runs(by_number, total)
    pieces = (_read(octets, label) if label else GAP for label, octets in runs)
    first = by_number[min(by_number)]
    return AssembledText("".join(pieces).replace("\0", ""), first.encoding, total, missing)


def _read(octets: bytes, label: str) -> str:
    return octets.hex() if label == UNDECODABLE else read_text(octets, label)


def _runs(by_number: dict[int, InboundPart], total: int) -> Iterator[tuple[str, bytes]]:
    """Alphabet and octets of adjacent parts in one alphabet; both empty for missing parts."""
    in_order = (by_number.get(number) for number in range(1, total + 1))
    for label, run in groupby(in_order, key=lambda part: part.encoding if part else ""):
        yield label, join_octets((part.octets for part in run if part), label)
