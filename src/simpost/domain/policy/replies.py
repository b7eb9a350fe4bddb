"""Reads the text of a traveller: STOP, START, HELP, perhaps "stop", or anything else.

Only a whole message acts. "Please stop texting me about this plan" is for a person to read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

import msgspec

from simpost.domain.policy.reply_words import (
    ALWAYS,
    LANGUAGES,
    POLITE_TAILS,
    Action,
)

MOST_CHARACTERS: Final = 500
"""Characters of a text that are read."""
_WITHOUT_SPACES: Final = "\u0e00"
"""Scripts from here on, such as Thai and Chinese, write words without spaces between them."""
_TAILS: Final = tuple(f" {tail}" for tail in POLITE_TAILS)


class ReplyWord(msgspec.Struct, frozen=True):
    """A word that acts, and its language; empty for one of the settings."""

    action: Action
    language: str = ""
    ambiguous: bool = False


class Reply(msgspec.Struct, frozen=True):
    """What a text says.

    Attributes:
        word: the word that the whole text is.
        is_doubtful: the text has a stop word among others: a person has to read it.
    """

    word: ReplyWord | None = None
    is_doubtful: bool = False


class ReplyWords:
    """The words that act, by settings."""

    def __init__(
        self,
        languages: Iterable[str] = (),
        *,
        stop: Iterable[str] = (),
        start: Iterable[str] = (),
        help: Iterable[str] = (),  # noqa: A002  the name of the action
        ignored: Iterable[str] = (),
    ) -> None:
        """`languages` act besides those with a source. `ignored` never act, except STOP."""
        named = set(languages)
        self._words: dict[str, ReplyWord] = {}
        for each in LANGUAGES:
            if each.source or each.language in named:
                self._add(each.stop, ReplyWord(Action.STOP, each.language))
                self._add(each.ambiguous, ReplyWord(Action.STOP, each.language, ambiguous=True))
                self._add(each.start, ReplyWord(Action.START, each.language))
                self._add(each.help, ReplyWord(Action.HELP, each.language))
        self._add(stop, ReplyWord(Action.STOP))
        self._add(start, ReplyWord(Action.START))
        self._add(help, ReplyWord(Action.HELP))
        for word in ignored:
            self._words.pop(normalize_reply(word), None)
        self._words[normalize_reply(ALWAYS)] = ReplyWord(Action.STOP)
        self._doubtful = [
            word
            for word, meaning in self._words.items()
            if meaning.action is Action.STOP and not meaning.ambiguous
        ]

    def read(self, text: str) -> Reply:
        """What the text says."""
        plain = normalize_reply(text[:MOST_CHARACTERS])
        word = self._words.get(plain) or self._words.get(without_tails(plain))
        if word is not None and len(text) <= MOST_CHARACTERS:
            return Reply(word)
        return Reply(is_doubtful=any(_contains(plain, word) for word in self._doubtful))

    def _add(self, words: Iterable[str], meaning: ReplyWord) -> None:
        for word in words:
            if plain := normalize_reply(word):
                self._words.setdefault(plain, meaning)


def normalize_reply(text: str) -> str:
    """The text in one spelling: NFKC, case folded, without accents, punctuation and symbols."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    decomposed = unicodedata.normalize("NFD", folded)
    kept = "".join(_plain(character) for character in decomposed)
    return " ".join(unicodedata.normalize("NFC", kept).split())


def without_tails(plain: str) -> str:
    """A normalized text without "please", "thank you" and the like at its end."""
    while True:
        tail = next((tail for tail in _TAILS if plain.endswith(tail)), None)
        if tail is None:
            return plain
        plain = plain.removesuffix(tail)


def _plain(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Mn", "Me", "Cf"):
        return ""  # accents, and characters that are not seen
    return character if kind[0] in "LMN" else " "


def _contains(plain: str, word: str) -> bool:
    if word[0] >= _WITHOUT_SPACES:
        return word in plain
    return f" {word} " in f" {plain} "
