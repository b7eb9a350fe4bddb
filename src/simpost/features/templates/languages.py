"""Languages: tags, the best of those that a template has, plural rules and number formats.

The rules are those of Unicode CLDR as Babel has them; distances between languages are those of
langcodes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any, Final

import langcodes
from babel import Locale, UnknownLocaleError, localedata
from langcodes import language_distance

from simpost.text import LOOK_ALIKES

MAX_DISTANCE: Final = 10
"""How far a language of the template may be from the requested one: pt-BR and pt-PT have 5."""
MAX_TAG: Final = 35

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-(?:[A-Za-z]{2}|[0-9]{3}))?")
_ZEROS: Final = {
    "adlm": 0x1E950,
    "arab": 0x0660,
    "arabext": 0x06F0,
    "beng": 0x09E6,
    "cakm": 0x11136,
    "deva": 0x0966,
    "hmnp": 0x1E140,
    "mtei": 0xABF0,
    "mymr": 0x1040,
    "nkoo": 0x07C0,
    "olck": 0x1C50,
    "tibt": 0x0F20,
}
"""The digit 0 of each numbering system that CLDR uses by default for a language."""
_QUANTUM: Final = Decimal("0.001")


class Language:
    """Plural rules and the number format of one language."""

    def __init__(self, locale: Locale) -> None:
        system = locale.default_numbering_system
        symbols = {**locale.number_symbols["latn"], **locale.number_symbols[system]}
        self._group, self._decimal, self._minus = (
            str(symbols[name]) for name in ("group", "decimal", "minusSign")
        )
        zero = _ZEROS.get(system)
        self._digits = {ord("0") + n: zero + n for n in range(10)} if zero else None
        if not zero:
            # A number must not force a text to UCS-2 by a non-breaking space or a long minus.
            spell = str.maketrans(LOOK_ALIKES)
            self._group, self._decimal, self._minus = (
                symbol.translate(spell) for symbol in (self._group, self._decimal, self._minus)
            )
        self._first, self._next = locale.decimal_formats[None].grouping
        self._ungrouped = 10**self._first - 1
        self._cardinal = _remembered(locale.plural_form)
        self._ordinal = _remembered(locale.ordinal_form)

    def plural_keyword(self, number: Decimal | int, *, is_ordinal: bool) -> str:
        """The plural case of a number with at most three decimals."""
        return (self._ordinal if is_ordinal else self._cardinal)(number)

    def format_number(self, number: Decimal | int) -> str:
        """The number as the language writes it, with at most three decimals."""
        if self._digits is None and isinstance(number, int) and 0 <= number <= self._ungrouped:
            return str(number)
        whole, _, decimals = str(abs(number)).partition(".")
        if len(whole) > self._first:
            whole = self._grouped(whole)
        shown = f"{whole}{self._decimal}{decimals}" if decimals else whole
        if self._digits:
            shown = shown.translate(self._digits)
        return f"{self._minus}{shown}" if number < 0 else shown

    def _grouped(self, digits: str) -> str:
        groups, size = [], self._first
        while len(digits) > size:
            groups.append(digits[-size:])
            digits, size = digits[:-size], self._next
        return self._group.join((digits, *reversed(groups)))


def _remembered(rule: Callable[[Decimal | int], str]) -> Callable[[Decimal | int], str]:
    """A plural rule that keeps its latest results: evaluating one takes 5 to 15 microseconds."""
    return lru_cache(maxsize=128)(rule)


def round_number(value: float) -> Decimal | int:
    """The number with at most three decimals, none of them a trailing zero."""
    if isinstance(value, int):
        return value
    rounded = Decimal(repr(value)).quantize(_QUANTUM, ROUND_HALF_EVEN)
    whole = int(rounded)
    return whole if whole == rounded else rounded.normalize()


@lru_cache(maxsize=256)
def find_language(tag: str) -> Language | None:
    """The language of a tag; `None` if CLDR has no rules for it."""
    try:
        return Language(Locale.parse(tag, sep="-"))
    except (UnknownLocaleError, ValueError):
        return None
    finally:
        localedata.clear_caches()  # it keeps all data of every language: 200 MB for all of them


@lru_cache(maxsize=512)
def parse_tag(text: str) -> str | None:
    """The tag in its canonical form, such as pt-BR; `None` if it is not language-Script-REGION."""
    if len(text) > MAX_TAG or not _TAG.fullmatch(text):
        return None
    tag = langcodes.standardize_tag(text)
    _bound_caches()
    return tag if _TAG.fullmatch(tag) else None


@lru_cache(maxsize=1024)
def closest(wanted: str, available: tuple[str, ...]) -> str | None:
    """The language to use for the wanted one; `None` if none is within MAX_DISTANCE."""
    if wanted in available:
        return wanted
    tag, distance = langcodes.closest_match(wanted, list(available), max_distance=MAX_DISTANCE)
    _bound_caches()
    return tag if distance <= MAX_DISTANCE else None


_CACHES: Final[tuple[dict[Any, Any], ...]] = (
    langcodes.Language._INSTANCES,  # noqa: SLF001
    langcodes.Language._PARSE_CACHE,  # noqa: SLF001
    language_distance._DISTANCE_CACHE,  # noqa: SLF001
)
"""langcodes keeps every tag and pair of tags that it has seen, without a bound."""
_MAX_CACHED: Final = 5_000


def _bound_caches() -> None:
    """Forget the tags of callers before they fill the memory."""
    for cache in _CACHES:
        if len(cache) > _MAX_CACHED:
            cache.clear()
