"""Cuts a text into the parts that a carrier counts."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec

from simpost.text.alphabet import septets_of
from simpost.text.clusters import cut_before
from simpost.text.codec import encodable_length, is_encodable
from simpost.text.encoding import (
    BINARY,
    GSM7,
    LANGUAGES,
    LOCKING_LANGUAGES,
    UCS2,
    Encoding,
    units_per_part,
)
from simpost.text.errors import TooManyParts, Unencodable
from simpost.text.udh import element_octets, ports_element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simpost.domain.options import Ports
    from simpost.text.encoding import ReferenceBits

MAX_PARTS = 255
"""The total of a concatenation element is one octet (TS 23.040 9.2.3.24.1)."""

_NOT_ONE_UTF16_UNIT = re.compile("[^\x00-\ud7ff\ue000-\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Segments(msgspec.Struct, frozen=True, gc=False):
    """A text as its parts.

    Attributes:
        encoding: the same for every part.
        parts: slices of the text; joined they are the text.
        units: septets (gsm7), UTF-16 units (ucs2) or octets of the whole text, without headers.
        unit_limit: units that fit into each of these parts beside its header.
    """

    encoding: Encoding
    parts: tuple[str, ...]
    units: int
    unit_limit: int


def segment(
    text: str,
    *,
    reference_bits: ReferenceBits = 8,
    languages: frozenset[int] = frozenset(),
    default: Encoding = GSM7,
    max_parts: int = MAX_PARTS,
) -> Segments:
    """Cut a text into parts in the cheapest encoding that `languages` allow.

    The default, plain GSM 7 bit, is used whenever it has every character: every handset reads it.
    Otherwise the national tables of `languages` (TS 23.038 6.2.1.2.4) are used if they need fewer
    parts than UCS-2, because not every handset has them. Otherwise UCS-2 is used. The order between
    national tables: fewest parts, fewest header octets, fewest septets, lowest locking, lowest
    single table. With another default neither GSM 7 bit nor a national table is used.

    A part never ends within an escape pair, a surrogate pair, or a grapheme cluster that fits
    into one part. An empty text is one empty part, as an SMS without text is one SMS.

    Raises TooManyParts with the exact count rather than cut text off, and Unencodable for a lone
    surrogate, which is no character.
    """
    return within(max_parts, cheapest(text, reference_bits, languages, default))


def cheapest(
    text: str,
    reference_bits: ReferenceBits = 8,
    languages: frozenset[int] = frozenset(),
    default: Encoding = GSM7,
) -> Segments:
    """Cut a text as `segment` does, into however many parts it takes."""
    try:
        return segment_as(text, default, reference_bits)
    except Unencodable:
        pass
    best = segment_as(text, UCS2, reference_bits)
    if not languages or default != GSM7 or len(best.parts) == 1:
        return best
    national = [segment_as(text, each, reference_bits) for each in _national(text, languages)]
    return min([best, *national], key=_cost)


def segment_as(text: str, encoding: Encoding, reference_bits: ReferenceBits = 8) -> Segments:
    """Cut a text in a given encoding, into however many parts it takes.

    Raises Unencodable for the first character the encoding does not have.
    """
    return _cut(text, encoding, units_up_to(text, encoding), reference_bits)


def segment_octets(
    octets: bytes,
    *,
    reference_bits: ReferenceBits = 8,
    ports: Ports | None = None,
    max_parts: int = MAX_PARTS,
) -> Segments:
    """Cut binary data into parts, each with the ports in its header; parts are hex digits.

    Raises TooManyParts with the exact count.
    """
    taken = element_octets((ports_element(ports),)) if ports else 0
    limit = units_per_part(
        BINARY, joined=False, reference_bits=reference_bits, element_octets=taken
    )
    if len(octets) > limit:
        limit = units_per_part(
            BINARY, joined=True, reference_bits=reference_bits, element_octets=taken
        )
    parts = [octets[at : at + limit].hex() for at in range(0, len(octets), limit)]
    return within(max_parts, Segments(BINARY, tuple(parts) or ("",), len(octets), limit))


def within(max_parts: int, cut: Segments) -> Segments:
    """Return the cut; raises TooManyParts when it has more parts."""
    within_parts(len(cut.parts), min(max_parts, MAX_PARTS))
    return cut


def within_parts(count: int, limit: int) -> int:
    """Return the number of parts; raises TooManyParts when it is above the limit."""
    if count > limit:
        raise TooManyParts(count, limit)
    return count


def _cost(segments: Segments) -> tuple[int, bool, int, int, int, int]:
    encoding = segments.encoding
    return (
        len(segments.parts),
        encoding.alphabet == "gsm7",
        encoding.shift_octets,
        segments.units,
        encoding.locking,
        encoding.single,
    )


def _national(text: str, languages: frozenset[int]) -> Iterator[Encoding]:
    """Yield, for each allowed locking table, the best pair of tables that holds the whole text.

    What the locking table lacks costs two septets in any single shift table, so the first table
    that has it all is as good as any other, and the default one saves its element.
    """
    unknown = languages - LANGUAGES.keys()
    if unknown:
        raise ValueError(f"no national language has the identifiers {sorted(unknown)}")
    characters = frozenset(text)
    for locking in (0, *sorted(languages & LOCKING_LANGUAGES)):
        rest = characters - septets_of(locking, 0).singles
        for single in (0, *sorted(languages)):
            if rest <= septets_of(locking, single).pairs:
                yield Encoding("gsm7", locking, single)
                break


def units_up_to(text: str, encoding: Encoding) -> Sequence[int]:
    """Return the units of the text up to and including each of its characters."""
    one_unit_each = range(1, len(text) + 1)
    if encoding.alphabet == "ucs2":
        if _NOT_ONE_UTF16_UNIT.search(text) is None:
            return one_unit_each
        surrogate = _SURROGATE.search(text)
        if surrogate:
            raise Unencodable(surrogate.start(), encoding.label)
        return list(accumulate([1 + (char > "\uffff") for char in text]))
    if encoding.alphabet != "gsm7":
        if not is_encodable(text, encoding):
            raise Unencodable(encodable_length(text, encoding), encoding.label)
        return one_unit_each
    alphabet = septets_of(encoding.locking, encoding.single)
    if alphabet.shared_octets(text) is not None or alphabet.only_singles.fullmatch(text):
        return one_unit_each
    known = alphabet.only_known.match(text)
    if known is None or known.end() < len(text):
        raise Unencodable(known.end() if known else 0, encoding.label)
    return _units_with_pairs(text, alphabet.pairs)


def _units_with_pairs(text: str, pairs: frozenset[str]) -> Sequence[int]:
    return list(accumulate([1 + (char in pairs) for char in text]))


def _cut(
    text: str, encoding: Encoding, ends: Sequence[int], reference_bits: ReferenceBits
) -> Segments:
    units = ends[-1] if ends else 0
    limit = units_per_part(encoding, joined=False, reference_bits=reference_bits)
    if units <= limit:
        return Segments(encoding, (text,), units, limit)
    limit = units_per_part(encoding, joined=True, reference_bits=reference_bits)
    parts: list[str] = []
    start = used = 0
    while start < len(text):
        end = bisect_right(ends, used + limit, start)
        if end < len(text):
            end = cut_before(text, ends, start, end, limit)
        parts.append(text[start:end])
        used = ends[end - 1]
        start = end
    return Segments(encoding, tuple(parts), units, limit)
