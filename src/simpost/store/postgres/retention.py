"""Deletes rows that are past their retention, and creates partitions ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.store import limits
from simpost.store.postgres import assemblies, leases, partitions
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.records.payloads import InboundPurge, Purge
from simpost.store.shared.redaction import (
    redact_inbound,
    redact_late,
    redact_messages,
    redact_words,
)
from simpost.store.shared.refusals import delete_refusals

_HOUR_MS: Final = 3_600_000


class PostgresRetention:
    """Implements `simpost.ports.store.Retention`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._transact = database.transact
        self._write = database.chores.submit
        self._prepared_ms = 0

    async def purge(self, *, now_ms: int, limit: int) -> int:
        """Makes partitions ahead too, once an hour."""
        if abs(now_ms - self._prepared_ms) >= _HOUR_MS:
            self._prepared_ms = now_ms
            await self._write(_prepare, now_ms)
        one = Purge(now_ms, now_ms - limits.REQUESTS_KEPT_MS, now_ms - limits.PARKED_KEPT_MS, limit)
        return await self._write(leases.purge, one)

    async def delete_messages(self, *, before_ms: int, limit: int) -> int:
        """Whole weeks that ended before that time; one with queued parts stays."""
        del limit
        return await self._write(_drop_weeks, before_ms)

    async def delete_inbound(self, *, before_ms: int, limit: int) -> int:
        return await self._write(assemblies.delete_inbound, InboundPurge(before_ms, limit))

    async def delete_refusals(self, *, before_ms: int, limit: int) -> int:
        return await self._transact(delete_refusals, before_ms, limit)

    async def redact_messages(
        self, account_id: int, category: str, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        after: bytes | None = b""
        while after is not None:
            after = await self._transact(redact_late, account_id, category, after, now_ms, limit)
        return await self._transact(redact_messages, account_id, category, before_ms, now_ms, limit)

    async def redact_inbound(
        self, account_id: int, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        return await self._transact(redact_inbound, account_id, before_ms, now_ms, limit)

    async def redact_words(
        self, account_id: int, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        return await self._transact(redact_words, account_id, before_ms, now_ms, limit)


async def _prepare(session: PostgresSession, times_ms: Sequence[int]) -> list[list[str]]:
    return [await partitions.prepare(session, each) for each in times_ms]


async def _drop_weeks(session: PostgresSession, times_ms: Sequence[int]) -> list[int]:
    return [len(await partitions.drop_before(session, each)) for each in times_ms]
