"""Preferences: which categories a traveller gets, and who decided that.

A code is always allowed. For other categories the choice for the eSIM decides, then the default of
the account. Without either, the category is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from simpost.domain.messages import Category

REFUSABLE: Final = (Category.SERVICE, Category.SUPPORT, Category.NOTICE, Category.PROMOTION)
"""Categories that can be refused. A code answers what the recipient is doing at that moment."""

_WORDS: Final = {"yes": True, "no": False}


class DecidedBy(StrEnum):
    """What decided whether a category is allowed."""

    CATEGORY = "category"
    """It is a code, which cannot be refused."""
    ESIM = "esim"
    """A choice for this eSIM."""
    ACCOUNT = "account"
    """The default of the account."""
    DEFAULT = "default"
    """Nobody chose: allowed."""


class Allowance(msgspec.Struct, frozen=True):
    """Whether messages of a category may be sent to an eSIM, and why."""

    allowed: bool
    decided_by: DecidedBy


@lru_cache(maxsize=4_096)
def find_allowance(category: Category, choices: str, defaults: str) -> Allowance:
    """Whether the category is allowed, by the choices for the eSIM and those of its account."""
    if category not in REFUSABLE:
        return Allowance(True, DecidedBy.CATEGORY)
    own, default = parse_choices(choices), parse_choices(defaults)
    if category in own:
        return Allowance(own[category], DecidedBy.ESIM)
    if category in default:
        return Allowance(default[category], DecidedBy.ACCOUNT)
    return Allowance(True, DecidedBy.DEFAULT)


@lru_cache(maxsize=4_096)
def parse_choices(text: str) -> Mapping[Category, bool]:
    """The choices of a text such as `notice=yes promotion=no`.

    Other words are left out: another version may have written them.
    """
    found: dict[Category, bool] = {}
    for item in text.split():
        name, _, word = item.partition("=")
        if name in REFUSABLE and word in _WORDS:
            found[Category(name)] = _WORDS[word]
    return found


def format_choices(choices: Mapping[Category, bool]) -> str:
    """The choices as text, in the order of REFUSABLE."""
    return " ".join(
        f"{category}={'yes' if choices[category] else 'no'}"
        for category in REFUSABLE
        if category in choices
    )
