"""Joining: the parts of a message that came in become its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from simpost.domain.inbound import UNDECODABLE, InboundPart
from simpost.text import join_octets, read_text

GAP = "[...]"
"""In the text where a part is missing; GSM 7 bit has it, so a gap makes no text dearer."""


class AssembledText(msgspec.Struct, frozen=True):
    """A message read from its parts.

    Attributes:
        encoding: of the first part that came.
        missing: numbers of the parts that did not.
    """

    text: str
    encoding: str
    part_count: int
    missing: tuple[int, ...] = ()


def reassemble(parts: Sequence[InboundPart]) -> AssembledText:
    """Read a message from what came of it, in any order, at least one part.

    Neighbours in one alphabet are joined before they are read, so that a character cut in two by
    its sender is one again. NUL is left out: it is filling, and no API takes it.
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
    """Octets of neighbours in one alphabet; an empty one for a run of missing parts."""
    in_order = (by_number.get(number) for number in range(1, total + 1))
    for label, run in groupby(in_order, key=lambda part: part.encoding if part else ""):
        yield label, join_octets((part.octets for part in run if part), label)
