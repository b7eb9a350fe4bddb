"""Refusals in the database."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.ports.store.refusals import (
    DAY_MS,
    MOST_A_DAY,
    Refusal,
    RefusalBatch,
    RefusalFilter,
    UnlistedDay,
)
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.postgres.queries import columns, is_keepable
from simpost.store.records.refusals import by_day, facts_of, refusal_of, row_of, unlisted_day_of


class PostgresRefusals:
    """Implements `simpost.ports.store.RefusalStore`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._read = database.read
        self._write = database.chores.submit

    async def add_refusals(self, batch: RefusalBatch) -> None:
        await self._write(_add, batch)

    async def list_refusals(self, account_id: int, which: RefusalFilter) -> list[Refusal]:
        return await self._read(_list, account_id, which)

    async def unlisted_refusals(self, account_id: int) -> list[UnlistedDay]:
        return await self._read(_unlisted, account_id)


async def _add(session: PostgresSession, batches: Sequence[RefusalBatch]) -> list[None]:
    async with session.transaction():
        for day, (refusals, rest) in by_day(batches).items():
            listed: int = await session.value("lock_refusal_day", *day)
            kept = refusals[: max(0, MOST_A_DAY - listed)]
            if kept:
                await session.ask("add_refusals", *columns([row_of(one) for one in kept], 7))
            counts = (len(kept), rest + len(refusals) - len(kept))
            await session.ask("count_refusals", *day, *counts)
    return [None] * len(batches)


async def _list(session: PostgresSession, account_id: int, which: RefusalFilter) -> list[Refusal]:
    if not is_keepable(which.esim_tran_no, which.iccid):
        return []
    rows = await session.ask("list_refusals", *facts_of(account_id, which))
    return [refusal_of(row) for row in rows]


async def _unlisted(session: PostgresSession, account_id: int) -> list[UnlistedDay]:
    return [unlisted_day_of(row) for row in await session.ask("unlisted_refusals", account_id)]


async def retire(session: PostgresSession, steps: Sequence[tuple[int, int]]) -> list[int]:
    counts: list[int] = []
    for before_ms, limit in steps:
        counts.append(await session.value("retire_refusals", before_ms, limit))
        await session.ask("retire_refusal_days", before_ms // DAY_MS)
    return counts
