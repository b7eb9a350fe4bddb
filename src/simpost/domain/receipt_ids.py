"""Formats of message ids in receipts: the id of the response in other case, base or padding. Pure.

A form leads from the id in a receipt to the id in the answer to our submit. docs/receipts.md tells
which form is believed when.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import Final

import msgspec

MAX_OCTETS: Final = 64
"""Most octets of a message id (SMPP 3.4 4.4.2: 65 with its NUL); longer ones are not converted."""
MAX_WIDTHS: Final = 8
CONCLUSIVE_LENGTH: Final = 12
"""Significant characters from which on a match is no coincidence."""
MIN_LENGTH_ACROSS_BASES: Final = 4
"""Smaller numbers are ambiguous: `10` may be ten or sixteen, and both may be open."""
_LEAST_DIGITS: Final = 7  # of a telephone number, for its end to tell it from others

_MOST_VALUE: Final = (1 << 64) - 1
_DECIMAL: Final = re.compile(r"[0-9]+")
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_NO_DIGIT: Final = re.compile(r"[^0-9]+")


class Base(StrEnum):
    """The base of the number in a receipt."""

    SAME = "same"
    DECIMAL = "decimal"
    """Decimal, where the response has hexadecimal."""
    HEX = "hex"
    """Hexadecimal, where the response has decimal."""


class LetterCase(StrEnum):
    """The case of letters in the response's id."""

    SAME = "same"
    UPPER = "upper"
    LOWER = "lower"


class IdFormat(msgspec.Struct, frozen=True, order=True):
    """The conversion from the id of a receipt to that of the response.

    `width` is what the answer's id is padded to with zeros, 0 when it has no leading zeros, and
    -1 when the zeros of the receipt are its own.
    """

    base: Base = Base.SAME
    letters: LetterCase = LetterCase.SAME
    width: int = -1

    def answer_id(self, written: str) -> str | None:
        """The id of the response; `None` if the receipt's id cannot be in this format."""
        text = written
        if self.base is not Base.SAME:
            base = 10 if self.base is Base.DECIMAL else 16
            if not (_DECIMAL if base == 10 else _HEX).fullmatch(written):
                return None
            value = int(written, base)
            if value > _MOST_VALUE:
                return None
            text = f"{value:x}" if base == 10 else f"{value}"
        if self.width >= 0:
            text = text.lstrip("0").rjust(self.width, "0")
        if self.letters is LetterCase.UPPER:
            return text.upper()
        return text.lower() if self.letters is LetterCase.LOWER else text

    @property
    def sentence(self) -> str:
        """For administrators: how receipts of this carrier differ from its responses."""
        said = {
            Base.SAME: "receipts write the id",
            Base.DECIMAL: "receipts write the hexadecimal id in decimal",
            Base.HEX: "receipts write the decimal id in hexadecimal",
        }[self.base]
        answers: list[str] = []
        if self.letters is not LetterCase.SAME:
            answers.append(f"in {self.letters} case")
        if self.width == 0:
            answers.append("without leading zeros")
        elif self.width > 0:
            answers.append(f"padded to {self.width}")
        return f"{said}; answers have it {', '.join(answers) or 'otherwise'}"


class ObservedIdFormat(msgspec.Struct, frozen=True):
    """A format that a carrier has used, and how often it led to a part."""

    form: IdFormat
    times: int
    first_ms: int
    last_ms: int


def possible_formats(widths: Iterable[int]) -> tuple[IdFormat, ...]:
    """All formats of an id, the simplest first, for responses of these widths."""
    return _forms_of(
        tuple(sorted({width for width in widths if 0 < width <= MAX_OCTETS})[:MAX_WIDTHS])
    )


@lru_cache(maxsize=64)
def _forms_of(widths: tuple[int, ...]) -> tuple[IdFormat, ...]:
    padded = (0, *widths)
    changed = (LetterCase.UPPER, LetterCase.LOWER)
    return (
        *(IdFormat(letters=letters) for letters in changed),
        *(IdFormat(Base.SAME, *how) for how in product(LetterCase, padded)),
        *(IdFormat(Base.DECIMAL, *how) for how in product(changed, padded)),
        *(IdFormat(Base.HEX, LetterCase.SAME, width) for width in padded),
    )


def candidate_ids(written: str, forms: Iterable[IdFormat]) -> dict[str, IdFormat]:
    """Possible ids of the response, each with the first format that leads to it.

    Without the id as written. Empty for an id that is empty, all zeros or too long.
    """
    if len(written) > MAX_OCTETS or not written.strip("0"):
        return {}
    found: dict[str, IdFormat] = {}
    for form in forms:
        answer_id = form.answer_id(written)
        if answer_id is not None and answer_id != written:
            found.setdefault(answer_id, form)
    return found


def is_proven(
    written: str,
    answer_id: str,
    form: IdFormat,
    *,
    learnt: bool,
    numbers: Iterable[str],
    number: str,
) -> bool:
    """Whether the one part that matches in a format is the part of the receipt.

    `numbers` are those the receipt names, `number` is the part's destination.
    """
    length = min(len(written.lstrip("0")), len(answer_id.lstrip("0")))
    if length >= CONCLUSIVE_LENGTH:
        return True
    named = list(numbers)
    if any(same_number(each, number) for each in named):
        return learnt or form.base is Base.SAME or length >= MIN_LENGTH_ACROSS_BASES
    return learnt and not named


def same_number(one: str, other: str) -> bool:
    """Whether two spellings are of one number: national or international, with + or 00."""
    short, long = sorted(
        (_NO_DIGIT.sub("", number).lstrip("0") for number in (one, other)), key=len
    )
    return bool(short) and (short == long or (len(short) >= _LEAST_DIGITS and long.endswith(short)))
