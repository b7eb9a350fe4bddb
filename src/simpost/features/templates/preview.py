"""The longest text of a template in each language, so that its author sees the most parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from simpost.features.templates.definition import (
    InvalidTemplate,
    Mistake,
    Template,
    check,
)
from simpost.features.templates.languages import Language, find_language
from simpost.features.templates.message_format import Plural, Select, Text, branches, parse
from simpost.features.templates.rendering import (
    MAX_RENDERED,
    RenderedTooLong,
    Value,
    render_simple,
)
from simpost.text import GSM7, Explanation, explain, is_encodable

_Longest: TypeAlias = tuple[str | None, str | None]
"""The longest text in GSM 7 bit, and the longest one that needs UCS-2; `None` if there is none."""

_EXTENSION = "^{}\\[~]|€\f"
"""Characters that take two septets (TS 23.038 6.2.1.1)."""


class Inspection(msgspec.Struct, frozen=True):
    """A template without mistakes, and its longest text by language."""

    template: Template
    longest: dict[str, Explanation]


def inspect(template: Template) -> Inspection:
    """Check a template and count the parts of its longest texts. Raises InvalidTemplate.

    It takes milliseconds, for a large template up to seconds: do not call it on the event loop.
    """
    check(template)
    samples = {name: variable.longest for name, variable in template.variables.items()}
    longest: dict[str, Explanation] = {}
    mistakes: list[Mistake] = []
    for tag, text in template.texts.items():
        language = find_language(tag)
        assert language  # `check` has found it
        try:
            longest[tag] = explain_longest(parse(text), samples, language)
        except RenderedTooLong:
            problem = f"with the longest values it has more than {MAX_RENDERED:,} characters"
            mistakes.append(Mistake(f"texts.{tag}", problem))
    if mistakes:
        raise InvalidTemplate(mistakes)
    return Inspection(template, longest)


def explain_longest(text: Text, samples: Mapping[str, Value], language: Language) -> Explanation:
    """The parts of the longest text that any combination of cases gives with the sample values.

    An upper bound: two forms of one variable may take cases that no value selects together.
    """
    found = [explain(each) for each in _longest(text, samples, language) if each is not None]
    return max(found, key=lambda each: (len(each.segments.parts), len(each.text)))


def _longest(text: Text, samples: Mapping[str, Value], language: Language) -> _Longest:
    plain: str | None = ""
    forced: str | None = None
    for node in text:
        if isinstance(node, Plural | Select):
            cases = [_longest(branch, samples, language) for branch in branches(node)]
            added = (
                _longer(_septets, *(case[0] for case in cases)),
                _longer(_utf16_units, *(case[1] for case in cases)),
            )
        else:
            added = _leaf(render_simple(node, samples, language))
        plain, forced = (
            _join(plain, added[0]),
            _longer(
                _utf16_units,
                _join(forced, added[0]),
                _join(forced, added[1]),
                _join(plain, added[1]),
            ),
        )
        if max(len(plain or ""), len(forced or "")) > MAX_RENDERED:
            raise RenderedTooLong
    return plain, forced


def _leaf(piece: str) -> _Longest:
    is_plain = all(is_encodable(char, GSM7) for char in piece)
    return (piece, None) if is_plain else (None, piece)


def _join(left: str | None, right: str | None) -> str | None:
    return None if left is None or right is None else left + right


def _longer(units: Callable[[str], int], *texts: str | None) -> str | None:
    return max((text for text in texts if text is not None), key=units, default=None)


def _septets(text: str) -> int:
    return len(text) + sum(map(text.count, _EXTENSION))


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
