"""Renders a parsed text with values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from simpost.errors import InvalidRequest
from simpost.features.templates.languages import Language, round_number
from simpost.features.templates.message_format import (
    CountMark,
    Placeholder,
    Plural,
    Select,
    Text,
)

MAX_RENDERED: Final = 5_000
"""Longest rendered text, in characters: that of `text` in POST /v1/messages."""

Value: TypeAlias = str | int | float


class RenderedTooLong(InvalidRequest):
    """The rendered text is longer than a message may be."""


def render(text: Text, values: Mapping[str, Value], language: Language) -> str:
    """The text with these values. Raises RenderedTooLong as soon as the result is too long.

    Every variable must have a value of its type: see `definition.fill_in`.
    """
    pieces: list[str] = []
    _render(text, values, language, pieces, MAX_RENDERED)
    return "".join(pieces)


def _render(
    text: Text, values: Mapping[str, Value], language: Language, pieces: list[str], room: int
) -> int:
    """Append the pieces of the text, and return the room that is left."""
    for node in text:
        if isinstance(node, str):
            piece = node
        elif isinstance(node, Plural):
            room = _render(_plural_case(node, values, language), values, language, pieces, room)
            continue
        elif isinstance(node, Select):
            case = node.cases.get(str(values[node.name]), node.cases["other"])
            room = _render(case, values, language, pieces, room)
            continue
        else:
            piece = render_simple(node, values, language)
        room -= len(piece)
        if room < 0:
            raise RenderedTooLong(f"The rendered text has more than {MAX_RENDERED:,} characters.")
        pieces.append(piece)
    return room


def render_simple(
    node: str | Placeholder | CountMark, values: Mapping[str, Value], language: Language
) -> str:
    """The text of a node without cases."""
    if isinstance(node, str):
        return node
    if isinstance(node, CountMark):
        return language.format_number(_number(values, node.name) - node.offset)
    value = values[node.name]
    return value if isinstance(value, str) else language.format_number(round_number(value))


def _plural_case(node: Plural, values: Mapping[str, Value], language: Language) -> Text:
    number = _number(values, node.name)
    if node.exact and (branch := node.exact.get(Decimal(number))) is not None:
        return branch
    keyword = language.plural_keyword(number - node.offset, is_ordinal=node.is_ordinal)
    branch = node.cases.get(keyword)
    return node.cases["other"] if branch is None else branch


def _number(values: Mapping[str, Value], name: str) -> Decimal | int:
    value = values[name]
    assert not isinstance(value, str)  # `definition` has checked the type
    return round_number(value)
