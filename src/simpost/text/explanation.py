"""Explains how many parts a text takes, and what would save parts.

Separate from `segment`, so that sending does not pay for it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simpost.text.alphabet import septets_of
from simpost.text.codec import is_encodable
from simpost.text.encoding import GSM7, LANGUAGES
from simpost.text.lookalikes import LOOK_ALIKES
from simpost.text.spelling import cheapest_spelling, needed_invisibles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpost.domain.options import Replacement
    from simpost.text.encoding import Encoding, ReferenceBits
    from simpost.text.segments import Segments


@dataclass(frozen=True, slots=True)
class CostDriver:
    """A character that makes the text take more units.

    Attributes:
        character: the character itself, perhaps invisible.
        code_point: as Unicode writes it, such as "U+2019".
        name: its Unicode name, or "control character".
        count: how often it stands in the text.
        first: index of the first one in the text, from 0.
        look_alike: its replacement in GSM 7 bit, "" if it can be removed; `None` if there is none,
            or if it joins or separates its neighbours.
    """

    character: str
    code_point: str
    name: str
    count: int
    first: int
    look_alike: str | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """The cost of the text after a change.

    Attributes:
        encoding: the encoding after the change.
        parts: the number of parts after the change.
        language: the national language to allow, 0 if none.
        text: the text to send; `None` if it is unchanged.
    """

    encoding: Encoding
    parts: int
    language: int = 0
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text, its parts and the characters that increase their number.

    Attributes:
        text: as it would be sent: composed, and with look-alikes if requested.
        replacements: the replacements in it.
        segments: its parts, whatever their number.
        forced: the characters that keep it out of the default alphabet (plain GSM 7 bit unless
            the carrier has another), in order of appearance.
        doubled: the characters that take two units each, in order of appearance.
        replaced: the text with look-alikes for the forced characters, if that saves parts.
        languages: national languages that would save parts if allowed, cheapest first.
    """

    text: str
    replacements: tuple[Replacement, ...]
    segments: Segments
    forced: tuple[CostDriver, ...]
    doubled: tuple[CostDriver, ...]
    replaced: Alternative | None
    languages: tuple[Alternative, ...]


def explain(
    text: str,
    *,
    reference_bits: ReferenceBits = 8,
    languages: frozenset[int] = frozenset(),
    default: Encoding = GSM7,
    look_alikes: bool = False,
    alternatives: bool = True,
) -> Explanation:
    """Explain the cost of a text under the same rules as `spell`, without a limit of parts.

    Without `alternatives` it says nothing about changes that would save parts, and takes a fifth of
    the time. Raises Unencodable for a lone surrogate.
    """
    spelling = cheapest_spelling(text, reference_bits, languages, default, look_alikes=look_alikes)
    text, segments = spelling.text, spelling.segments
    needed = needed_invisibles(text, default)
    forced = _drivers(text, (char for char in text if not is_encodable(char, default)), needed)
    return Explanation(
        text=text,
        replacements=spelling.replaced,
        segments=segments,
        forced=forced,
        doubled=_drivers(text, _doubled(text, segments.encoding), needed),
        replaced=_replaced(text, segments, reference_bits, languages, default)
        if alternatives
        else None,
        languages=tuple(_languages(text, segments, reference_bits, languages))
        if alternatives and default == GSM7
        else (),
    )


def _drivers(
    text: str, characters: Iterable[str], needed: frozenset[str]
) -> tuple[CostDriver, ...]:
    return tuple(
        CostDriver(
            character=char,
            code_point=f"U+{ord(char):04X}",
            name=unicodedata.name(char, "control character"),
            count=count,
            first=text.index(char),
            look_alike=None if char in needed else LOOK_ALIKES.get(char),
        )
        for char, count in Counter(characters).items()
    )


def _doubled(text: str, encoding: Encoding) -> Iterable[str]:
    if encoding.alphabet == "ucs2":
        return (char for char in text if char > "\uffff")
    if encoding.alphabet != "gsm7":
        return ()
    pairs = septets_of(encoding.locking, encoding.single).pairs
    return (char for char in text if char in pairs)


def _replaced(
    text: str,
    segments: Segments,
    reference_bits: ReferenceBits,
    languages: frozenset[int],
    default: Encoding,
) -> Alternative | None:
    other = cheapest_spelling(text, reference_bits, languages, default, look_alikes=True)
    if len(other.segments.parts) >= len(segments.parts):
        return None
    return Alternative(other.segments.encoding, len(other.segments.parts), text=other.text)


def _languages(
    text: str, segments: Segments, reference_bits: ReferenceBits, languages: frozenset[int]
) -> list[Alternative]:
    if segments.encoding == GSM7:
        return []  # plain GSM 7 bit is used whatever is allowed
    found: list[Alternative] = []
    for language in sorted(LANGUAGES.keys() - languages):
        cheaper = cheapest_spelling(text, reference_bits, languages | {language}).segments
        if len(cheaper.parts) < len(segments.parts):
            found.append(Alternative(cheaper.encoding, len(cheaper.parts), language))
    return sorted(found, key=lambda each: (each.parts, each.language))
