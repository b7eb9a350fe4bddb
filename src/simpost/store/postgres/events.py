"""Events in the database. Triggers write them: see `migrations/0012_events.sql`.

Concurrent transactions commit in another order than they began. A number taken inside of them could
become visible after a higher one was read, so events are committed without one. `_assign` numbers
what is committed, one transaction after another on all nodes. If it is killed, nothing of its step
happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.ports.store.events import EventPage
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.records.events import page_of

_STEP: Final = 1_000
_MOST_STEPS: Final = 20
"""Steps that a reader makes before it reads what there is."""


class PostgresEvents:
    """Implements `simpost.ports.store.EventLog`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._read = database.read
        self._write = database.chores.submit

    async def events_after(self, account_id: int, after: int | None, *, limit: int) -> EventPage:
        for _ in range(_MOST_STEPS):
            if await self.assign_sequence(limit=_STEP) < _STEP:
                break
        return await self._read(_events_after, account_id, after, limit)

    async def assign_sequence(self, *, limit: int) -> int:
        if not await self._read(_has_unsequenced):
            return 0
        return await self._write(_assign, limit)

    async def delete_events_before(self, time_ms: int, *, limit: int) -> int:
        return await self._write(_delete, (time_ms, limit))


async def switch_events(session: PostgresSession, account_id: int, *, kept: bool) -> None:
    """Switch the events of an account on or off."""
    await session.execute("switch_events", account_id, kept)


async def _has_unsequenced(session: PostgresSession) -> bool:
    found: bool = await session.scalar("has_unsequenced_events")
    return found


async def _events_after(
    session: PostgresSession, account_id: int, after: int | None, limit: int
) -> EventPage:
    return page_of(await session.execute("events_after", account_id, after, limit))


async def _assign(session: PostgresSession, limits: Sequence[int]) -> list[int]:
    async with session.transaction():
        # A statement of its own: the next one sees what was committed before the lock was free.
        await session.execute("lock_event_sequence")
        count: int = await session.scalar("assign_sequence", max(limits))
    return [count] * len(limits)


async def _delete(session: PostgresSession, steps: Sequence[tuple[int, int]]) -> list[int]:
    counts: list[int] = []
    for before_ms, limit in steps:
        async with session.transaction():
            old = await session.execute("old_events", before_ms, limit)
            if not old:
                counts.append(0)
                continue
            end = old[0]["account_id"], old[0]["sequence"]
            counts.append(await session.scalar("delete_events", *end))
            await session.execute("note_deleted_events", *end)
    return counts
