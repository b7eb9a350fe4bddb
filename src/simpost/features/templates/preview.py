"""The longest text of a template in each language, so that its author sees the most parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple, TypeAlias

import msgspec

from simpost.features.templates.definition import InvalidTemplate, Mistake, Template
from simpost.features.templates.languages import Language, find_language
from simpost.features.templates.message_format import Plural, Select, Text, branches, parse
from simpost.features.templates.renderer import (
    MAX_RENDERED,
    RenderedTooLong,
    Value,
    render_simple,
)
from simpost.text import GSM7, Explanation, explain, is_encodable

_EXTENSION = "^{}\\[~]|€\f"
"""Characters that take two septets (TS 23.038 6.2.1.1)."""


class Inspection(msgspec.Struct, frozen=True):
    """A template without mistakes, and its longest text by language."""

    template: Template
    longest: dict[str, Explanation]


def explain_longest(template: Template, tag: str) -> Explanation:
    """The parts of the longest text in a language, with the longest values and cases.

    An upper bound: two forms of one variable may take cases that no value selects together. The
    template must have passed `check`. Raises InvalidTemplate if the text is longer than a message.
    """
    language = find_language(tag)
    assert language
    samples = {name: variable.longest for name, variable in template.variables.items()}
    try:
        found = _longest(parse(template.texts[tag]), samples, language)
    except RenderedTooLong:
        problem = f"with the longest values it has more than {MAX_RENDERED:,} characters"
        raise InvalidTemplate([Mistake(f"texts.{tag}", problem)]) from None
    explained = [
        explain(each.text, alternatives=False) for each in (found.plain, found.forced) if each
    ]
    return max(explained, key=lambda each: (len(each.segments.parts), len(each.text)))


class _Candidate(NamedTuple):
    """A text as a tree of its pieces, so that joining two takes the same time at any length."""

    characters: int
    septets: int
    utf16_units: int
    pieces: _Pieces

    @property
    def text(self) -> str:
        found: list[str] = []
        pending: list[_Pieces] = [self.pieces]
        while pending:
            match pending.pop():
                case str() as piece:
                    found.append(piece)
                case left, right:
                    pending += (right, left)
        return "".join(found)


class _Longest(NamedTuple):
    """The longest texts: two in GSM 7 bit, by septets and by UTF-16 units, and one in UCS-2."""

    plain: _Candidate | None
    short: _Candidate | None
    forced: _Candidate | None


_Pieces: TypeAlias = "str | tuple[_Pieces, _Pieces]"


def _longest(text: Text, samples: Mapping[str, Value], language: Language) -> _Longest:
    empty = _Candidate(0, 0, 0, "")
    found = _Longest(empty, empty, None)
    for node in text:
        if isinstance(node, Plural | Select):
            cases = [_longest(branch, samples, language) for branch in branches(node)]
            added = _Longest(
                _longer(_SEPTETS, *(case.plain for case in cases)),
                _longer(_UTF16_UNITS, *(case.short for case in cases)),
                _longer(_UTF16_UNITS, *(case.forced for case in cases)),
            )
        else:
            added = _leaf(render_simple(node, samples, language))
        found = _Longest(
            _join(found.plain, added.plain),
            _join(found.short, added.short),
            _longer(
                _UTF16_UNITS,
                _join(found.forced, added.short),
                _join(found.forced, added.forced),
                _join(found.short, added.forced),
            ),
        )
        if any(each and each.characters > MAX_RENDERED for each in found):
            raise RenderedTooLong
    return found


_SEPTETS = attrgetter("septets")
_UTF16_UNITS = attrgetter("utf16_units")


@lru_cache(maxsize=256)
def _leaf(piece: str) -> _Longest:
    units = len(piece.encode("utf-16-le")) // 2
    if all(is_encodable(char, GSM7) for char in piece):
        septets = len(piece) + sum(map(piece.count, _EXTENSION))
        plain = _Candidate(len(piece), septets, units, piece)
        return _Longest(plain, plain, None)
    return _Longest(None, None, _Candidate(len(piece), 0, units, piece))


def _join(left: _Candidate | None, right: _Candidate | None) -> _Candidate | None:
    if left is None or right is None:
        return None
    return _Candidate(
        left.characters + right.characters,
        left.septets + right.septets,
        left.utf16_units + right.utf16_units,
        (left.pieces, right.pieces),
    )


def _longer(units: Callable[[_Candidate], int], *found: _Candidate | None) -> _Candidate | None:
    return max((each for each in found if each), key=units, default=None)
