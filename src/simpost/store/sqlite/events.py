"""Events in the file. Triggers write them: see `migrations/0013_events.sql`."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from simpost.ports.store.events import EventPage
from simpost.store.records.events import page_of
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.queries import SQL, row_of, rows_of, scalar
from simpost.store.sqlite.session import SqliteSession


class SqliteEvents:
    """Implements `simpost.ports.store.EventLog`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._write = database.write

    async def events_after(self, account_id: int, after: int | None, *, limit: int) -> EventPage:
        return await self._read(_events_after, account_id, after, limit)

    async def assign_sequence(self, *, limit: int) -> int:
        """There are none: one transaction after another writes them with their numbers."""
        del limit
        return 0

    async def delete_events_before(self, time_ms: int, *, limit: int) -> int:
        return await self._write(_delete, (time_ms, limit))


def switch_events(session: SqliteSession, account_id: int, *, kept: bool) -> None:
    """Switch the events of an account on or off."""
    session.execute(SQL["switch_events"], (account_id, kept))
    arrange_triggers(session.connection)


def arrange_triggers(connection: apsw.Connection) -> None:
    """Have the triggers on parts while any account keeps events.

    SQLite writes the rows of a statement twice into a table with a trigger, whatever its condition.
    """
    is_kept = scalar(connection, "any_events_kept")
    connection.execute(SQL["create_event_triggers" if is_kept else "drop_event_triggers"])


def _events_after(
    connection: apsw.Connection, account_id: int, after: int | None, limit: int
) -> EventPage:
    return page_of(rows_of(connection, "events_after", (account_id, after, limit)))


def _delete(session: SqliteSession, steps: Sequence[tuple[int, int]]) -> list[int]:
    counts = []
    for before_ms, limit in steps:
        parameters = {"before_ms": before_ms, "limit": limit}
        old = row_of(session.connection, "old_events", parameters)
        if old is None:
            counts.append(0)
            continue
        session.execute(SQL["delete_events"], old)
        counts.append(session.connection.changes())
        session.execute(SQL["note_deleted_events"], old)
    return counts
