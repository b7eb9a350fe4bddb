"""Deletes what is past its retention, a bounded step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from simpost.store.records.ids import first_id
from simpost.store.records.payloads import MessageKey
from simpost.store.sqlite.queries import SQL, rows_of
from simpost.store.sqlite.session import SqliteSession

_IN_ORDER = (
    "retire_receipts",
    "retire_attempts",
    "retire_parts",
    "retire_held",
    "retire_message",
)


SHRINK_PAGES = 200
"""Pages given back in one transaction, which others wait for."""
_SPARE = 20
"""One page of this many stays free for the next rows."""


class CameIn(NamedTuple):
    """What came in and is to go; and the receipts of before that time, `limit` in all."""

    keys: Sequence[MessageKey]
    before_ms: int
    limit: int


def old_messages(connection: apsw.Connection, before_ms: int, limit: int) -> list[MessageKey]:
    """Messages of before that time of which no part waits; ids begin with their time."""
    return _old(connection, "old_messages", before_ms, limit)


def old_inbound(connection: apsw.Connection, before_ms: int, limit: int) -> list[MessageKey]:
    """What came in before that time, but what is carried by a message of which a part waits."""
    return _old(connection, "old_inbound", before_ms, limit)


def _old(connection: apsw.Connection, name: str, before_ms: int, limit: int) -> list[MessageKey]:
    facts = (first_id(before_ms), limit)
    return [(row["account_id"], row["id"]) for row in rows_of(connection, name, facts)]


def delete_messages(session: SqliteSession, all_of: Sequence[Sequence[MessageKey]]) -> list[int]:
    return [_delete_messages(session, keys) for keys in all_of]


def _delete_messages(session: SqliteSession, keys: Sequence[MessageKey]) -> int:
    for statement in _IN_ORDER:
        for key in keys:
            session.execute(SQL[statement], key)
    return len(keys)


def shrink(session: SqliteSession, wanted: Sequence[None]) -> list[int]:
    """Give some free pages back to the disk; how many more there are to give."""
    execute = session.execute
    surplus = execute("PRAGMA freelist_count").get - execute("PRAGMA page_count").get // _SPARE
    given = min(surplus, SHRINK_PAGES)
    if given > 0:
        execute(f"PRAGMA incremental_vacuum({given:d})").fetchall()
    return [max(0, surplus - SHRINK_PAGES)] * len(wanted)


def delete_inbound_older_than(session: SqliteSession, all_of: Sequence[CameIn]) -> list[int]:
    return [_delete_inbound(session, one) for one in all_of]


def _delete_inbound(session: SqliteSession, one: CameIn) -> int:
    for key in one.keys:
        session.execute(SQL["delete_inbound_older_than"], key)
    session.execute(SQL["retire_ambiguous"], (one.before_ms, one.limit - len(one.keys)))
    return len(one.keys) + session.connection.changes()
