"""Seals rows again. A row is locked by an update first: it may change at the same time."""

from __future__ import annotations

import binascii
from collections import Counter
from typing import Any, Final

from simpost.domain.texts import TextAbsence
from simpost.ports.store.text_keys import SealStep
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps
from simpost.store.text_seal import TextSeal, place_of

SQL: Final = {
    "messages": """
        SELECT id, text_key, redacted_ms, forgotten_ms FROM messages
        WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    "inbound": """
        SELECT id, text_key, redacted_ms, forgotten_ms FROM inbound
        WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    "preference_changes": """
        SELECT id, text_key, redacted_ms, forgotten_ms FROM preference_changes
        WHERE account_id = $1 AND id > $2 AND words <> '' ORDER BY id LIMIT $3
    """,
    "preference_flags": """
        SELECT id, text_key, redacted_ms, forgotten_ms FROM preference_flags
        WHERE account_id = $1 AND id > $2 AND words <> '' ORDER BY id LIMIT $3
    """,
    "conversation_notes": """
        SELECT id, text_key, redacted_ms, forgotten_ms FROM conversation_notes
        WHERE account_id = $1 AND id > $2 AND words <> '' ORDER BY id LIMIT $3
    """,
    "verifications": """
        SELECT id, text_key, ended_ms AS redacted_ms, ended_ms AS forgotten_ms FROM verifications
        WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3
    """,
    # In the order in which a release locks them.
    "lock_held": """
        UPDATE held_messages SET request = request
        WHERE account_id = $1 AND message_id = $2 AND request IS NOT NULL RETURNING request
    """,
    "lock_message": """
        UPDATE messages SET text_key = text_key WHERE account_id = $1 AND id = $2
          AND redacted_ms IS NULL AND forgotten_ms IS NULL
        RETURNING text, text_key
    """,
    "parts": """
        SELECT number, text FROM parts
        WHERE account_id = $1 AND message_id = $2 AND text IS NOT NULL ORDER BY number
    """,
    "save_held": "UPDATE held_messages SET request = $3 WHERE account_id = $1 AND message_id = $2",
    "save_message": """
        UPDATE messages SET text = $3, text_key = $4 WHERE account_id = $1 AND id = $2
    """,
    "save_part": """
        UPDATE parts SET text = $4 WHERE account_id = $1 AND message_id = $2 AND number = $3
    """,
    "lock_inbound": """
        UPDATE inbound SET text_key = text_key WHERE account_id = $1 AND id = $2
          AND redacted_ms IS NULL AND forgotten_ms IS NULL
        RETURNING text, raw, text_key
    """,
    "save_inbound": """
        UPDATE inbound SET text = $3, raw = $4, text_key = $5 WHERE account_id = $1 AND id = $2
    """,
    "lock_preference_changes": """
        UPDATE preference_changes SET text_key = text_key WHERE account_id = $1 AND id = $2
          AND redacted_ms IS NULL AND forgotten_ms IS NULL
        RETURNING words, text_key
    """,
    "save_preference_changes": """
        UPDATE preference_changes SET words = $3, text_key = $4 WHERE account_id = $1 AND id = $2
    """,
    "lock_preference_flags": """
        UPDATE preference_flags SET text_key = text_key WHERE account_id = $1 AND id = $2
          AND redacted_ms IS NULL AND forgotten_ms IS NULL
        RETURNING words, text_key
    """,
    "lock_conversation_notes": """
        UPDATE conversation_notes SET text_key = text_key WHERE account_id = $1 AND id = $2
          AND redacted_ms IS NULL AND forgotten_ms IS NULL
        RETURNING words, text_key
    """,
    "save_conversation_notes": """
        UPDATE conversation_notes SET words = $3, text_key = $4 WHERE account_id = $1 AND id = $2
    """,
    "save_preference_flags": """
        UPDATE preference_flags SET words = $3, text_key = $4 WHERE account_id = $1 AND id = $2
    """,
}


class _NotReadable(Exception):
    """A text does not open: its row stays as it is."""


class StoredSealing:
    """Implements `simpost.ports.store.SealingStore`."""

    def __init__(self, database: SharedDatabase, texts: TextSeal) -> None:
        self._database = database
        self._texts = texts

    async def seal_again(
        self, account_id: int, table: str, after: bytes, *, limit: int, again: bool, clear: bool
    ) -> SealStep:
        scope = account_id, table, after, limit
        return await self._database.transact(_step, self._texts, scope, again=again, clear=clear)


def _step(
    texts: TextSeal, scope: tuple[int, str, bytes, int], *, again: bool, clear: bool
) -> Steps[SealStep]:
    account_id, table, after, limit = scope
    first = texts.key_id
    rows = yield SQL[table], (account_id, after, limit)
    counts: Counter[str] = Counter()
    sealed = unreadable = in_clear = 0
    for row in rows:
        if row["redacted_ms"] is not None or row["forgotten_ms"] is not None:
            continue
        key_id = row["text_key"]
        wanted = clear if key_id is None else again
        if wanted and first and key_id != first and table != "verifications":
            try:
                done = yield from _seal(_Again(texts, first), table, (account_id, row["id"]))
            except _NotReadable:
                unreadable += 1
            else:
                sealed += done
                key_id = first
        if key_id is None:
            in_clear += 1
        else:
            counts[key_id] += 1
    last = rows[-1]["id"] if len(rows) == limit else None
    return SealStep(
        after=last,
        sealed=sealed,
        unreadable=unreadable,
        in_clear=in_clear,
        rows=dict(counts),
        missing_keys=tuple(key_id for key_id in counts if not texts.has(key_id)),
    )


class _Again:
    """Opens a stored value with its key and seals it with the first, in the type of its column."""

    def __init__(self, texts: TextSeal, key_id: str) -> None:
        self._texts = texts
        self.key_id = key_id

    def text(self, old: str | None, place: bytes, stored: str | bytes) -> str | bytes:
        plain: bytes | TextAbsence = stored if isinstance(stored, bytes) else stored.encode()
        if old is not None:
            try:
                sealed = binascii.a2b_base64(plain, strict_mode=True)
            except binascii.Error:
                raise _NotReadable from None
            plain = self._texts.open_octets(old, place, sealed)
        again = binascii.b2a_base64(self._seal(place, plain), newline=False)
        return again if isinstance(stored, bytes) else again.decode("ascii")

    def octets(self, old: str | None, place: bytes, stored: bytes | None) -> bytes | None:
        if stored is None:
            return None
        plain = stored if old is None else self._texts.open_octets(old, place, stored)
        return self._seal(place, plain)

    def _seal(self, place: bytes, plain: bytes | TextAbsence) -> bytes:
        if isinstance(plain, TextAbsence):
            raise _NotReadable
        return self._texts.seal_octets(self.key_id, place, plain)


def _seal(again: _Again, table: str, key: tuple[int, bytes]) -> Steps[int]:
    """Returns how many rows were sealed: 0 when the row is gone or was erased."""
    if table == "messages":
        return (yield from _seal_message(again, key))
    rows = yield SQL[f"lock_{table}"], key
    for row in rows:
        old = row["text_key"]
        if table == "inbound":
            text = again.text(old, place_of(b"inbound", *key), row["text"])
            raw = again.octets(old, place_of(b"inbound_raw", *key), row["raw"])
            yield SQL["save_inbound"], (*key, text, raw, again.key_id)
        else:
            words = again.text(old, place_of(table.encode(), *key), row["words"])
            yield SQL[f"save_{table}"], (*key, words, again.key_id)
    return len(rows)


def _seal_message(again: _Again, key: tuple[int, bytes]) -> Steps[int]:
    held = yield SQL["lock_held"], key
    messages = yield SQL["lock_message"], key
    for message in messages:
        old = message["text_key"]
        text = again.text(old, place_of(b"messages", *key), message["text"])
        parts = yield SQL["parts"], key
        changes: list[tuple[str, tuple[Any, ...]]] = [
            ("save_message", (*key, text, again.key_id)),
            *(("save_part", _part(again, old, key, part)) for part in parts),
        ]
        for row in held:
            request = again.text(old, place_of(b"held_messages", *key), row["request"])
            changes.append(("save_held", (*key, request)))
        for name, parameters in changes:
            yield SQL[name], parameters
    return len(messages)


def _part(
    again: _Again, old: str | None, key: tuple[int, bytes], part: NamedRow
) -> tuple[Any, ...]:
    place = place_of(b"parts", *key, part["number"])
    return *key, part["number"], again.text(old, place, part["text"])
