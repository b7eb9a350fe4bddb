"""Refusals in the file."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from simpost.ports.store.refusals import (
    DAY_MS,
    MOST_A_DAY,
    Refusal,
    RefusalBatch,
    RefusalFilter,
    UnlistedDay,
)
from simpost.store.records.refusals import by_day, facts_of, refusal_of, row_of, unlisted_day_of
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.queries import SQL, rows_of
from simpost.store.sqlite.session import SqliteSession


class SqliteRefusals:
    """Implements `simpost.ports.store.RefusalStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._write = database.write

    async def add_refusals(self, batch: RefusalBatch) -> None:
        await self._write(_add, batch)

    async def list_refusals(self, account_id: int, which: RefusalFilter) -> list[Refusal]:
        return await self._read(_list, account_id, which)

    async def unlisted_refusals(self, account_id: int) -> list[UnlistedDay]:
        return await self._read(_unlisted, account_id)


def _add(session: SqliteSession, batches: Sequence[RefusalBatch]) -> list[None]:
    for day, (refusals, rest) in by_day(batches).items():
        listed: int = session.execute(SQL["refusals_listed"], day).get or 0
        kept = refusals[: max(0, MOST_A_DAY - listed)]
        for refusal in kept:
            session.execute(SQL["add_refusal"], row_of(refusal))
        counts = (len(kept), rest + len(refusals) - len(kept))
        session.execute(SQL["count_refusals"], (*day, *counts))
    return [None] * len(batches)


def _list(connection: apsw.Connection, account_id: int, which: RefusalFilter) -> list[Refusal]:
    rows = rows_of(connection, "list_refusals", facts_of(account_id, which))
    return [refusal_of(row) for row in rows]


def _unlisted(connection: apsw.Connection, account_id: int) -> list[UnlistedDay]:
    return [unlisted_day_of(row) for row in rows_of(connection, "unlisted_refusals", (account_id,))]


def retire(session: SqliteSession, steps: Sequence[tuple[int, int]]) -> list[int]:
    counts = []
    for before_ms, limit in steps:
        session.execute(SQL["retire_refusals"], (before_ms, limit))
        counts.append(session.connection.changes())
        session.execute(SQL["retire_refusal_days"], (before_ms // DAY_MS,))
    return counts
