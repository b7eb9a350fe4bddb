"""Metrics and health of the store on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.ports.store.health import QueueDepth
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.records.parts import queue_depth


class PostgresHealth:
    """Implements `simpost.ports.store.StoreHealth`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self.counts = database.counts

    async def queues(self) -> list[QueueDepth]:
        """The queue depths. Also counts parked receipts, because one node knows only its own."""
        found, self.counts().parked = await self._database.read(_queues)
        return found

    async def probe(self, *, now_ms: int) -> None:
        await self._database.chores.submit(_probe, now_ms)


async def _queues(session: PostgresSession) -> tuple[list[QueueDepth], int]:
    found = [queue_depth(row) for row in await session.execute("queues")]
    return found, await session.scalar("count_parked")


async def _probe(session: PostgresSession, times_ms: Sequence[int]) -> list[None]:
    await session.execute("probe", str(max(times_ms)))
    return [None] * len(times_ms)
