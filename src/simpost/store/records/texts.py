"""Texts of messages as they are stored: sealed on the way in and opened on the way out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from simpost.domain.texts import TextAbsence
from simpost.ports.store import NewMessage
from simpost.store.records.row import NamedRow
from simpost.store.text_seal import TextSeal, place_of


class StoredTexts(msgspec.Struct, frozen=True, gc=False):
    """The text of a message and those of its parts, and the key that sealed them."""

    text: str
    parts: Sequence[str]
    key_id: str | None


def erased_text(row: NamedRow) -> TextAbsence | None:
    """Why the text of a row was erased; `None` if it was not."""
    if row["forgotten_ms"] is not None:
        return TextAbsence.FORGOTTEN
    return TextAbsence.REDACTED if row["redacted_ms"] is not None else None


def stored_texts(texts: TextSeal, message: NewMessage) -> StoredTexts:
    """A message of one part has one text, which is sealed once."""
    key_id = texts.key_for(message.category)
    if key_id is None:
        return StoredTexts(message.text, message.parts, None)
    return _sealed_texts(texts, message, key_id)


def _sealed_texts(texts: TextSeal, message: NewMessage, key_id: str) -> StoredTexts:
    key = message.account_id, message.id
    text = texts.seal(key_id, place_of(b"messages", *key), message.text)
    if len(message.parts) < 2:
        return StoredTexts(text, message.parts, key_id)
    parts = [
        texts.seal(key_id, place_of(b"parts", *key, number), part)
        for number, part in enumerate(message.parts, start=1)
    ]
    return StoredTexts(text, parts, key_id)


def message_text(
    texts: TextSeal, row: NamedRow, key: tuple[int, bytes], stored: str
) -> str | TextAbsence:
    """The text of a row of `messages`. `stored` is separate: each store has its own type."""
    key_id = row["text_key"]
    return stored if key_id is None else texts.open(key_id, place_of(b"messages", *key), stored)


def part_text(texts: TextSeal, row: NamedRow, stored: str) -> str | TextAbsence:
    """The text to send of a row of `parts`, which is that of its message if it has one part."""
    key_id = row["text_key"]
    if key_id is None:
        return stored
    key = row["account_id"], row["message_id"]
    if row["total"] == 1:
        return texts.open(key_id, place_of(b"messages", *key), stored)
    return texts.open(key_id, place_of(b"parts", *key, row["number"]), stored)


def part_texts(
    texts: TextSeal, row: NamedRow, stored: Sequence[str]
) -> tuple[str, ...] | TextAbsence:
    """The texts of all parts of a message, in their order."""
    if row["text_key"] is None:
        return tuple(stored)
    key = row["account_id"], row["message_id"]
    opened = []
    for number, part in enumerate(stored, start=1):
        text = texts.open(row["text_key"], place_of(b"parts", *key, number), part)
        if isinstance(text, TextAbsence):
            return text
        opened.append(text)
    return tuple(opened)


def stored_request(texts: TextSeal, message: NewMessage, request: str) -> str:
    """What it takes to decide a held message again: it may have the text."""
    key_id = texts.key_for(message.category)
    if key_id is None:
        return request
    return texts.seal(key_id, place_of(b"held_messages", message.account_id, message.id), request)


def held_request(texts: TextSeal, row: NamedRow) -> str | TextAbsence:
    key_id, key = row["text_key"], (row["account_id"], row["message_id"])
    request: str = row["request"]
    if key_id is None:
        return request
    return texts.open(key_id, place_of(b"held_messages", *key), request)
