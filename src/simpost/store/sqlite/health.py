"""Metrics and health of the embedded store."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from simpost.ports.store.health import QueueDepth, StoreCounts
from simpost.store.records.parts import queue_depth
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.queries import SQL, rows_of
from simpost.store.sqlite.session import SqliteSession


class SqliteHealth:
    """Implements `simpost.ports.store.StoreHealth`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def counts(self) -> StoreCounts:
        counts = self._database.writer.counts()
        counts.parked = self._database.session.parked
        return counts

    async def queues(self) -> list[QueueDepth]:
        return await self._database.read(_queues)

    async def probe(self, *, now_ms: int) -> None:
        await self._database.write(_probe, now_ms)


def _queues(connection: apsw.Connection) -> list[QueueDepth]:
    return [queue_depth(row) for row in rows_of(connection, "queues")]


def _probe(session: SqliteSession, times_ms: Sequence[int]) -> list[None]:
    session.execute(SQL["probe"], (str(times_ms[-1]),))
    return [None] * len(times_ms)
