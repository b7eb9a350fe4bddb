"""Preferences: the words that travellers may text, and what STOP ends."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from simpost.config.section import Section
from simpost.domain.messages import Category
from simpost.domain.policy.replies import normalize_reply
from simpost.domain.policy.reply_words import LANGUAGES

_KNOWN = frozenset(each.language for each in LANGUAGES)
_MOST_WORDS = 100


def _is_word(text: str) -> str:
    if not normalize_reply(text):
        raise ValueError("must have a letter or a digit")
    return text


def _is_language(text: str) -> str:
    if text not in _KNOWN:
        raise ValueError(f"must be one of {', '.join(sorted(_KNOWN))}")
    return text


def _has_promotion(
    categories: frozenset[Category],
) -> frozenset[Category]:
    if Category.PROMOTION not in categories:
        raise ValueError("must contain promotion: promotions can always be stopped")
    return categories


Word = Annotated[str, StringConstraints(max_length=40), AfterValidator(_is_word)]
Words = Annotated[tuple[Word, ...], Field(max_length=_MOST_WORDS)]
Stoppable = Literal[Category.SUPPORT, Category.NOTICE, Category.PROMOTION]


class PreferenceSettings(Section):
    """Words that travellers text to choose what they get ([preferences.md](preferences.md))."""

    stop_categories: Annotated[frozenset[Stoppable], AfterValidator(_has_promotion)] = Field(
        default=frozenset({Category.NOTICE, Category.PROMOTION}),
        description="Categories that STOP ends and START allows again. Must contain `promotion`.",
    )
    languages: tuple[Annotated[str, AfterValidator(_is_language)], ...] = Field(
        default=(),
        description="Languages whose proposed words act, too, such as `de`: no native speaker has "
        "checked them. Words with a source always act.",
    )
    stop_words: Words = Field(default=(), description="Further words that act as STOP.")
    start_words: Words = Field(default=(), description="Further words that act as START.")
    help_words: Words = Field(default=(), description="Further words that act as HELP.")
    ignored_words: Words = Field(
        default=(), description="Words that do not act, such as `CANCEL`. STOP always acts."
    )
