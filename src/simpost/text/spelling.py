"""Writes a text in characters that cost less: composed accents always, look-alikes on request.

A composed accent is the same text to Unicode (canonical equivalence, UAX 15). A look-alike is not:
it is used only where it saves parts, and every replacement is reported.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import regex  # type: ignore[import-untyped, unused-ignore]  # ships no types

from simpost.domain.options import Replacement
from simpost.text.alphabet import septets_of
from simpost.text.codec import is_encodable
from simpost.text.encoding import GSM7, LOCKING_LANGUAGES, Encoding
from simpost.text.errors import Unencodable
from simpost.text.lookalikes import FRACTIONS, INVISIBLE, LOOK_ALIKES
from simpost.text.segments import MAX_PARTS, Segments, cheapest, segment_as, within

if TYPE_CHECKING:
    from simpost.text.encoding import ReferenceBits

# A letter and its marks; a Hangul syllable in pieces; characters that Unicode has twice. Marks are
# bounded: composing costs the square of their number.
_SEQUENCE = regex.compile(
    r"\P{M}\p{M}{1,8}|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[\u037e\u2126\u212a\u212b]"
)
_HIDDEN = re.compile(f"[{re.escape(''.join(sorted(INVISIBLE)))}]+")


class Spelling(msgspec.Struct, frozen=True, gc=False):
    """A text as it is sent.

    Attributes:
        text: joined, the parts of `segments` are this.
        replaced: the replacements, in the order of their first occurrence.
    """

    text: str
    segments: Segments
    replaced: tuple[Replacement, ...] = ()


def spell(
    text: str,
    *,
    look_alikes: bool = False,
    reference_bits: ReferenceBits = 8,
    languages: frozenset[int] = frozenset(),
    default: Encoding = GSM7,
    max_parts: int = MAX_PARTS,
) -> Spelling:
    """Cut a text as `segment` does, in the spelling that takes the fewest parts.

    Accents are composed where the default alphabet then has the whole text, or where that saves
    parts. With `look_alikes` the characters that keep the text out of a 7 bit alphabet are
    replaced, if that saves parts. Otherwise the text is unchanged.

    Raises TooManyParts with the exact count, and Unencodable for a lone surrogate.
    """
    found = cheapest_spelling(text, reference_bits, languages, default, look_alikes=look_alikes)
    within(max_parts, found.segments)
    return found


def cheapest_spelling(
    text: str,
    reference_bits: ReferenceBits = 8,
    languages: frozenset[int] = frozenset(),
    default: Encoding = GSM7,
    *,
    look_alikes: bool = False,
) -> Spelling:
    """Spell a text as `spell` does, in however many parts it takes."""
    try:
        return Spelling(text, segment_as(text, default, reference_bits))
    except Unencodable:
        pass
    best = Spelling(text, cheapest(text, reference_bits, languages, default))
    composed, done = compose(text)
    if done:
        cut = cheapest(composed, reference_bits, languages, default)
        if cut.encoding == default or len(cut.parts) < len(best.segments.parts):
            best = Spelling(composed, cut, _shown(done))
    if look_alikes and best.segments.encoding != default and len(best.segments.parts) > 1:
        for respelled, how in _respelled(composed, languages, default):
            cut = cheapest(respelled, reference_bits, languages, default)
            if len(cut.parts) < len(best.segments.parts):
                best = Spelling(respelled, cut, _shown(done + how))
    return best


def may_save_parts(text: str, languages: frozenset[int], default: Encoding) -> bool:
    """Whether look-alikes may save parts of a text; if not, they certainly do not.

    Takes a fraction of the time of `spell`.
    """
    if languages:
        return True
    return all(
        char in LOOK_ALIKES or is_encodable(char, default) or unicodedata.category(char)[0] == "M"
        for char in set(text)
    )


def compose(text: str) -> tuple[str, Counter[tuple[str, str]]]:
    """Return the text with its accents composed, and how often each sequence was composed."""
    done: Counter[tuple[str, str]] = Counter()

    def composed(match: regex.Match[str]) -> str:
        sequence: str = match[0]
        same = unicodedata.normalize("NFC", sequence)
        if same == sequence or len(same) > max(1, len(sequence) - 1):
            return sequence
        done[sequence, same] += 1
        return same

    return _SEQUENCE.sub(composed, text), done


def with_look_alikes(
    text: str, forced: frozenset[str]
) -> tuple[str, Counter[tuple[str, str]]] | None:
    """Return the text with look-alikes for all of `forced`; None when one of them has none."""
    if not forced or not forced <= LOOK_ALIKES.keys():
        return None
    done: Counter[tuple[str, str]] = Counter()

    def alike(match: re.Match[str]) -> str:
        char, before = match[0], match.string[match.start() - 1 : match.start()]
        same = LOOK_ALIKES[char]
        if char in FRACTIONS and before.isdigit():
            same = f" {same}"
        done[char, same] += 1
        return same

    pattern = f"[{re.escape(''.join(sorted(forced)))}]"
    return re.sub(pattern, alike, text), done


def needed_invisibles(text: str, default: Encoding = GSM7) -> frozenset[str]:
    """Return the zero-width characters that the text needs.

    Next to a letter of another script or within an emoji they join, separate or select a form:
    ZWNJ in Persian, ZWJ in a family emoji, a variation selector after a heart.
    """
    needed: set[str] = set()
    for run in _HIDDEN.finditer(text):
        beside = text[max(0, run.start() - 1) : run.start()] + text[run.end() : run.end() + 1]
        if not all(LOOK_ALIKES.get(char) or is_encodable(char, default) for char in beside):
            needed.update(run[0])
    return frozenset(needed)


def _respelled(
    text: str, languages: frozenset[int], default: Encoding
) -> Iterator[tuple[str, Counter[tuple[str, str]]]]:
    """The text rewritten for the default alphabet, then for the allowed national tables."""
    found = with_look_alikes(text, _beyond(text, default))
    if found and is_encodable(found[0], default):
        yield found
    if languages and default == GSM7:
        allowed = (0, *sorted(languages))
        tables = [septets_of(each if each in LOCKING_LANGUAGES else 0, each) for each in allowed]
        known = frozenset[str]().union(*(table.singles | table.pairs for table in tables))
        found = with_look_alikes(text, frozenset(text) - known - needed_invisibles(text))
        if found:
            yield found


def _beyond(text: str, default: Encoding) -> frozenset[str]:
    return frozenset(char for char in frozenset(text) if not is_encodable(char, default))


def _shown(done: Counter[tuple[str, str]]) -> tuple[Replacement, ...]:
    return tuple(Replacement(was, by, count) for (was, by), count in done.items())
