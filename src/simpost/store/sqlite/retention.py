"""Deletes from the file what is past its time."""

from __future__ import annotations

from simpost.store import limits
from simpost.store.sqlite import leasing, refusals, retiring
from simpost.store.sqlite.database import Database


class SqliteRetention:
    """Implements `simpost.ports.store.Retention`."""

    def __init__(self, database: Database) -> None:
        self._read = database.read
        self._write = database.write
        self._shrink = database.shrink

    async def purge(self, *, now_ms: int, limit: int) -> int:
        one = leasing.Oblivion(
            now_ms - limits.REQUESTS_KEPT_MS, now_ms - limits.PARKED_KEPT_MS, limit
        )
        return await self._write(leasing.forget, one)

    async def delete_messages(self, *, before_ms: int, limit: int) -> int:
        keys = await self._read(retiring.old_messages, before_ms, limit)
        count = await self._write(retiring.retire, keys) if keys else 0
        if len(keys) < limit:
            await self._shrink()
        return count

    async def delete_inbound(self, *, before_ms: int, limit: int) -> int:
        keys = await self._read(retiring.old_inbound, before_ms, limit)
        one = retiring.CameIn(keys, before_ms, limit)
        count = await self._write(retiring.delete_inbound_older_than, one)
        if count < limit:
            await self._shrink()
        return count

    async def delete_refusals(self, *, before_ms: int, limit: int) -> int:
        return await self._write(refusals.retire, (before_ms, limit))
