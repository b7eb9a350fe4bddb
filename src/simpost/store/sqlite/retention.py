"""Deletes rows that are past their retention."""

from __future__ import annotations

from simpost.store import limits
from simpost.store.records.payloads import Purge
from simpost.store.shared.redaction import (
    redact_inbound,
    redact_late,
    redact_messages,
    redact_words,
)
from simpost.store.shared.refusals import delete_refusals
from simpost.store.sqlite import deletion, leases
from simpost.store.sqlite.database import SqliteDatabase


class SqliteRetention:
    """Implements `simpost.ports.store.Retention`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._transact = database.transact
        self._write = database.write
        self._shrink = database.shrink

    async def purge(self, *, now_ms: int, limit: int) -> int:
        one = Purge(now_ms, now_ms - limits.REQUESTS_KEPT_MS, now_ms - limits.PARKED_KEPT_MS, limit)
        return await self._write(leases.purge, one)

    async def delete_messages(self, *, before_ms: int, limit: int) -> int:
        keys = await self._read(deletion.old_messages, before_ms, limit)
        count = await self._write(deletion.delete_messages, keys) if keys else 0
        if len(keys) < limit:
            await self._shrink()
        return count

    async def delete_inbound(self, *, before_ms: int, limit: int) -> int:
        keys = await self._read(deletion.old_inbound, before_ms, limit)
        one = deletion.InboundDeletion(keys, before_ms, limit)
        count = await self._write(deletion.delete_inbound_older_than, one)
        if count < limit:
            await self._shrink()
        return count

    async def delete_refusals(self, *, before_ms: int, limit: int) -> int:
        return await self._transact(delete_refusals, before_ms, limit)

    async def redact_messages(
        self, account_id: int, category: str, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        after: bytes | None = b""
        while after is not None:
            after = await self._transact(redact_late, account_id, category, after, now_ms, limit)
        count = await self._transact(
            redact_messages, account_id, category, before_ms, now_ms, limit
        )
        if 0 < count < limit:
            await self._shrink()
        return count

    async def redact_inbound(
        self, account_id: int, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        count = await self._transact(redact_inbound, account_id, before_ms, now_ms, limit)
        if 0 < count < limit:
            await self._shrink()
        return count

    async def redact_words(
        self, account_id: int, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        count = await self._transact(redact_words, account_id, before_ms, now_ms, limit)
        if 0 < count < limit:
            await self._shrink()
        return count
