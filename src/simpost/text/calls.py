"""Texts as an upstream API takes them: one in a request, up to a limit in a unit of its own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from simpost.text.clusters import cut_before
from simpost.text.encoding import UCS2, Encoding, units_per_part
from simpost.text.errors import TextError
from simpost.text.segments import segment_as, units_up_to, within_parts

CallUnit = Literal["sms", "characters", "utf16", "octets"]
_NAMES: Final = {
    "sms": "SMS",
    "characters": "characters",
    "utf16": "UTF-16 units",
    "octets": "octets",
}
_MOST_TEXTS: Final = 99
"""Most numbered texts: their numbers take two digits."""


class CallLimit(NamedTuple):
    """The longest text of a request: how many SMS, characters, UTF-16 units or octets."""

    most: int
    unit: CallUnit


class CallTexts(NamedTuple):
    """A text as it is sent in requests.

    Attributes:
        texts: slices of the text, in order; joined they are the text. Several are numbered.
        segments: the parts that the carrier probably makes of them, numbers included.
    """

    texts: tuple[str, ...]
    segments: tuple[str, ...]


class TextTooLong(TextError):
    """A text is longer than a request takes."""

    def __init__(self, units: int, limit: CallLimit) -> None:
        super().__init__(f"{units} {_NAMES[limit.unit]}, {limit.most} at most in a request")


def call_texts(
    text: str, encoding: Encoding, limit: CallLimit, *, is_numbered: bool, max_parts: int
) -> CallTexts:
    """Cut a text for requests: into one, or into numbered ones if it needs several.

    Raises TextTooLong if it needs several and they may not be numbered, and TooManyParts.
    """
    segments = segment_as(text, encoding).parts
    units = len(segments) if limit.unit == "sms" else _units(text, limit.unit)
    if units <= limit.most:
        return CallTexts((text,), segments)
    if not is_numbered:
        raise TextTooLong(units, limit)
    texts = _cut(text, encoding, limit, 1)
    if len(texts) > 9:
        texts = _cut(text, encoding, limit, 2)
    total = within_parts(len(texts), _MOST_TEXTS)
    shown = [f"{number}/{total} {each}" for number, each in enumerate(texts, 1)]
    parts = tuple(part for each in shown for part in segment_as(each, encoding).parts)
    within_parts(len(parts), max_parts)
    return CallTexts(texts, parts)


def _cut(text: str, encoding: Encoding, limit: CallLimit, digits: int) -> tuple[str, ...]:
    """The slices, each with room for `1/3 ` with numbers of these digits."""
    room = _room(encoding, limit) - (2 * digits + 2)
    ends = _ends(text, encoding, limit)
    texts: list[str] = []
    start = used = 0
    while start < len(text):
        end = bisect_right(ends, used + room, start)
        if end <= start:
            raise TextTooLong(_units(text, limit.unit), limit)
        if end < len(text):
            end = cut_before(text, ends, start, end, room)
            end = _after_word(text, start, end)
        texts.append(text[start:end])
        used = ends[end - 1]
        start = end
    return tuple(texts)


def _after_word(text: str, start: int, end: int) -> int:
    """The end after the last space of a slice, unless that makes it much shorter."""
    space = text.rfind(" ", start, end)
    return space + 1 if space >= start + (end - start) * 3 // 4 else end


def _room(encoding: Encoding, limit: CallLimit) -> int:
    if limit.unit != "sms":
        return limit.most
    each = units_per_part(encoding, joined=limit.most > 1, reference_bits=8)
    return limit.most * each


def _ends(text: str, encoding: Encoding, limit: CallLimit) -> Sequence[int]:
    """The units of the text up to and including each of its characters."""
    match limit.unit:
        case "sms":
            return units_up_to(text, encoding)
        case "utf16":
            return units_up_to(text, UCS2)
        case "octets":
            return list(accumulate(len(char.encode()) for char in text))
        case _:
            return range(1, len(text) + 1)


def _units(text: str, unit: CallUnit) -> int:
    match unit:
        case "utf16":
            return len(text) + sum(char > "\uffff" for char in text)
        case "octets":
            return len(text.encode())
        case _:
            return len(text)
