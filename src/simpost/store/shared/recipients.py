"""Travellers behind eSIMs: what is known of them, and the history of what they want."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from simpost.domain.policy.preference_changes import Differences, PreferenceChange, Way, merge
from simpost.domain.texts import TextAbsence
from simpost.ports.store.recipients import (
    MOST_CHANGES,
    MOST_FLAGS,
    Flag,
    Recipient,
    RecordedChange,
)
from simpost.store.records.row import NamedRow
from simpost.store.records.texts import erased_text
from simpost.store.shared.steps import SharedDatabase, Steps
from simpost.store.text_seal import TextSeal, place_of

R = TypeVar("R")

_DEFAULTS: Final = "defaults"
"""Subject of an event about the defaults of an account."""
_BEYOND = b"\xff" * 17

SQL: Final = {
    "find": """
        SELECT account_id, esim_tran_no, country, language, choices, open_hours, own_choices
        FROM recipients WHERE account_id = $1 AND esim_tran_no = $2
    """,
    # Holds the row until the commit, and makes it where there is none.
    "lock": """
        INSERT INTO recipients AS r (
          account_id, esim_tran_no, country, language, choices, open_hours, own_choices
        ) VALUES ($1, $2, '', '', '', '', '')
        ON CONFLICT (account_id, esim_tran_no) DO UPDATE SET country = r.country
        RETURNING account_id, esim_tran_no, country, language, choices, open_hours, own_choices
    """,
    "change": """
        UPDATE recipients SET language = $3, choices = $4, open_hours = $5, own_choices = $6
        WHERE account_id = $1 AND esim_tran_no = $2
    """,
    "record": """
        INSERT INTO preference_changes (
          account_id, id, esim_tran_no, way, actor, words, differences, at_ms, text_key
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """,
    "add_event": """
        INSERT INTO added_events (account_id, type, subject, at_ms, data)
        VALUES ($1, $2, $3, $4, $5)
    """,
    "trim_changes": """
        DELETE FROM preference_changes WHERE account_id = $1 AND id IN (
          SELECT id FROM preference_changes WHERE account_id = $1 AND esim_tran_no = $2
          ORDER BY id DESC LIMIT 100 OFFSET $3)
    """,
    "list_changes": """
        SELECT account_id, id, way, actor, words, differences, at_ms, text_key, redacted_ms,
          forgotten_ms
        FROM preference_changes
        WHERE account_id = $1 AND esim_tran_no = $2 AND id < $3 ORDER BY id DESC LIMIT $4
    """,
    "flag": """
        INSERT INTO preference_flags (account_id, id, esim_tran_no, words, at_ms, text_key)
        VALUES ($1, $2, $3, $4, $5, $6)
    """,
    "trim_flags": """
        DELETE FROM preference_flags WHERE account_id = $1 AND id IN (
          SELECT id FROM preference_flags WHERE account_id = $1
          ORDER BY id DESC LIMIT 100 OFFSET $2)
    """,
    "list_flags": """
        SELECT id, account_id, esim_tran_no, words, at_ms, text_key, redacted_ms, forgotten_ms
        FROM preference_flags
        WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
    """,
    "list_flagged": """
        SELECT id, esim_tran_no FROM preference_flags
        WHERE account_id = $1 ORDER BY id DESC LIMIT $2
    """,
    "close_flag": "DELETE FROM preference_flags WHERE account_id = $1 AND id = $2 RETURNING id",
}

_decode_differences = msgspec.json.Decoder(Differences).decode


class StoredRecipients:
    """Implements `simpost.ports.store.RecipientStore`. Calls `on_change` after each change."""

    def __init__(
        self,
        database: SharedDatabase,
        texts: TextSeal,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._texts = texts
        self._on_change = on_change

    async def find_recipient(self, account_id: int, esim_tran_no: str) -> Recipient | None:
        return await self._database.query(_find, account_id, esim_tran_no)

    async def change_preferences(self, change: PreferenceChange) -> Differences:
        return await self._changing(change_preferences, change, self._texts)

    async def list_changes(
        self, account_id: int, esim_tran_no: str, *, before: bytes | None, limit: int
    ) -> list[RecordedChange]:
        return await self._database.query(
            _list_changes, (account_id, esim_tran_no), before, limit, self._texts
        )

    async def list_flags(self, account_id: int, *, before: bytes | None, limit: int) -> list[Flag]:
        return await self._database.query(_list_flags, account_id, before, limit, self._texts)

    async def list_flagged(self, account_id: int) -> dict[bytes, str]:
        return await self._database.query(_list_flagged, account_id)

    async def close_flag(self, account_id: int, flag_id: bytes) -> bool:
        return await self._database.transact(_close_flag, account_id, flag_id)

    async def _changing(self, verb: Callable[..., Steps[R]], *args: Any) -> R:
        """Shielded: a cancelled caller must not leave outdated facts in a cache."""
        saving = asyncio.ensure_future(self._database.transact(verb, *args))
        saving.add_done_callback(lambda _: self._on_change())
        return await asyncio.shield(saving)


def change_preferences(change: PreferenceChange, texts: TextSeal) -> Steps[Differences]:
    """Merge and record a change; the differences."""
    key = change.account_id, change.esim_tran_no
    [row] = yield SQL["lock"], key
    after, differences = merge(_recipient(row).preferences, change)
    if not differences:
        return {}
    yield (
        SQL["change"],
        (*key, after.language, after.choices, after.open_hours, after.own_choices),
    )
    shown = msgspec.json.encode(differences).decode()
    words, key_id = _stored(
        texts, b"preference_changes", change.account_id, change.id, change.words
    )
    yield (
        SQL["record"],
        (
            change.account_id,
            change.id,
            change.esim_tran_no,
            change.way,
            change.actor,
            words,
            shown,
            change.at_ms,
            key_id,
        ),
    )
    yield SQL["trim_changes"], (*key, MOST_CHANGES)
    said = msgspec.json.encode({"way": change.way, "differences": differences}).decode()
    subject = change.esim_tran_no or _DEFAULTS
    yield (
        SQL["add_event"],
        (change.account_id, "preferences.changed", subject, change.at_ms, said),
    )
    return differences


def add_flag(flag: Flag, texts: TextSeal) -> Steps[None]:
    """Add a flag, and delete the oldest of the account beyond MOST_FLAGS."""
    words, key_id = _stored(texts, b"preference_flags", flag.account_id, flag.id, flag.words)
    yield (
        SQL["flag"],
        (flag.account_id, flag.id, flag.esim_tran_no, words, flag.at_ms, key_id),
    )
    yield SQL["trim_flags"], (flag.account_id, MOST_FLAGS)
    event = (flag.account_id, "preferences.flagged", flag.esim_tran_no, flag.at_ms, "{}")
    yield SQL["add_event"], event


def _find(account_id: int, esim_tran_no: str) -> Steps[Recipient | None]:
    if "\0" in esim_tran_no:
        return None
    rows = yield SQL["find"], (account_id, esim_tran_no)
    return _recipient(rows[0]) if rows else None


def _list_changes(
    esim: tuple[int, str], before: bytes | None, limit: int, texts: TextSeal
) -> Steps[list[RecordedChange]]:
    rows = yield SQL["list_changes"], (*esim, before or _BEYOND, limit)
    found = []
    for row in rows:
        words, absence = _opened(texts, b"preference_changes", row)
        found.append(
            RecordedChange(
                id=row["id"],
                way=Way(row["way"]),
                actor=row["actor"],
                words=words,
                differences=_decode_differences(row["differences"]),
                at_ms=row["at_ms"],
                words_absence=absence,
            )
        )
    return found


def _list_flags(
    account_id: int, before: bytes | None, limit: int, texts: TextSeal
) -> Steps[list[Flag]]:
    rows = yield SQL["list_flags"], (account_id, before or _BEYOND, limit)
    found = []
    for row in rows:
        words, absence = _opened(texts, b"preference_flags", row)
        found.append(
            Flag(
                id=row["id"],
                account_id=row["account_id"],
                esim_tran_no=row["esim_tran_no"],
                words=words,
                at_ms=row["at_ms"],
                words_absence=absence,
            )
        )
    return found


def _stored(
    texts: TextSeal, table: bytes, account_id: int, row_id: bytes, words: str
) -> tuple[str, str | None]:
    """The words as they are stored, and the key that sealed them."""
    if texts.key_id is None or not words:
        return words, None
    return texts.seal(texts.key_id, place_of(table, account_id, row_id), words), texts.key_id


def _opened(texts: TextSeal, table: bytes, row: NamedRow) -> tuple[str, TextAbsence | None]:
    """The words of a row, or why there are none."""
    if absence := erased_text(row):
        return "", absence
    if row["text_key"] is None:
        return row["words"], None
    words = texts.open(row["text_key"], place_of(table, row["account_id"], row["id"]), row["words"])
    return ("", words) if isinstance(words, TextAbsence) else (words, None)


def _list_flagged(account_id: int) -> Steps[dict[bytes, str]]:
    rows = yield SQL["list_flagged"], (account_id, MOST_FLAGS)
    return {bytes(row["id"]): row["esim_tran_no"] for row in rows}


def _close_flag(account_id: int, flag_id: bytes) -> Steps[bool]:
    rows = yield SQL["close_flag"], (account_id, flag_id)
    return bool(rows)


def _recipient(row: NamedRow) -> Recipient:
    return Recipient(
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        country=row["country"],
        language=row["language"],
        choices=row["choices"],
        open_hours=row["open_hours"],
        own_choices=row["own_choices"],
    )
