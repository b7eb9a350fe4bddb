"""Deletes rows after their retention time, in bounded steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from simpost.store.records.ids import first_id
from simpost.store.records.payloads import MessageKey
from simpost.store.sqlite.queries import SQL, rows_of
from simpost.store.sqlite.session import SqliteSession

_IN_ORDER = (
    "delete_receipts",
    "delete_attempts",
    "delete_parts",
    "delete_held",
    "delete_message",
)


SHRINK_PAGES = 200
"""Most pages returned in one transaction, for which other verbs wait."""
_SPARE = 20
"""One page in this many stays free for new rows."""


class InboundDeletion(NamedTuple):
    """Delete these inbound messages, and older ambiguous receipts: at most `limit` in all."""

    keys: Sequence[MessageKey]
    before_ms: int
    limit: int


def old_messages(connection: apsw.Connection, before_ms: int, limit: int) -> list[MessageKey]:
    """Messages before that time that have no queued part."""
    return _old(connection, "old_messages", before_ms, limit)


def old_inbound(connection: apsw.Connection, before_ms: int, limit: int) -> list[MessageKey]:
    """Inbound messages before that time, except those whose message has a queued part."""
    return _old(connection, "old_inbound", before_ms, limit)


def _old(connection: apsw.Connection, name: str, before_ms: int, limit: int) -> list[MessageKey]:
    parameters = (first_id(before_ms), limit)
    return [(row["account_id"], row["id"]) for row in rows_of(connection, name, parameters)]


def delete_messages(session: SqliteSession, all_of: Sequence[Sequence[MessageKey]]) -> list[int]:
    return [_delete_messages(session, keys) for keys in all_of]


def _delete_messages(session: SqliteSession, keys: Sequence[MessageKey]) -> int:
    for statement in _IN_ORDER:
        for key in keys:
            session.execute(SQL[statement], key)
    return len(keys)


def shrink(session: SqliteSession, wanted: Sequence[None]) -> list[int]:
    """Return free pages to the disk; returns how many more can be returned."""
    execute = session.execute
    surplus = execute("PRAGMA freelist_count").get - execute("PRAGMA page_count").get // _SPARE
    given = min(surplus, SHRINK_PAGES)
    if given > 0:
        execute(f"PRAGMA incremental_vacuum({given:d})").fetchall()
    return [max(0, surplus - SHRINK_PAGES)] * len(wanted)


def delete_inbound_older_than(
    session: SqliteSession, all_of: Sequence[InboundDeletion]
) -> list[int]:
    return [_delete_inbound(session, one) for one in all_of]


def _delete_inbound(session: SqliteSession, one: InboundDeletion) -> int:
    for key in one.keys:
        session.execute(SQL["delete_inbound_older_than"], key)
    session.execute(SQL["delete_old_ambiguous"], (one.before_ms, one.limit - len(one.keys)))
    return len(one.keys) + session.connection.changes()
