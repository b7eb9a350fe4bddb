"""Inbound messages in the file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simpost.domain.inbound import InboundMessage, InboundPart, Subscriber
from simpost.domain.policy.quotas import QuotaReached
from simpost.ports.store.inbound import Assembly, Duplicate, InboundFilter, NewInbound
from simpost.ports.store.messages import Accepted
from simpost.store import limits
from simpost.store.records.payloads import InboundPurge
from simpost.store.sqlite import assemblies, inbound_log
from simpost.store.sqlite.database import SqliteDatabase


class SqliteInbound:
    """Implements `simpost.ports.store.InboundStore`."""

    def __init__(
        self, database: SqliteDatabase, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """Calls `on_change` after each change of preferences."""
        self._on_change = on_change
        self._read = database.read
        self._texts = database.texts
        self._look_up = database.look_up
        self._write = database.write

    async def add_part(self, part: InboundPart) -> Assembly | Duplicate | None:
        return await self._write(assemblies.add_parts, part)

    async def save(self, new: NewInbound) -> Accepted | Duplicate | QuotaReached | None:
        saving = self._write(assemblies.save, new)
        if new.change is not None:
            saving.add_done_callback(lambda _: self._on_change())
        return await asyncio.shield(saving)  # see `StoredRecipients`

    async def list_incomplete(self, *, before_ms: int, limit: int) -> list[Assembly]:
        return await self._read(
            inbound_log.incomplete, self._texts, before_ms, limits.MOST_ASSEMBLIES, limit
        )

    async def purge_assemblies(self, *, before_ms: int, limit: int) -> int:
        return await self._write(assemblies.purge, InboundPurge(before_ms, limit))

    async def find_number(self, msisdn: str, *, account_id: int | None = None) -> Subscriber | None:
        return self._look_up(inbound_log.find_number, msisdn, account_id)

    async def count_identical(
        self,
        account_id: int,
        esim_tran_no: str,
        *,
        sender: str,
        text: str,
        since_ms: int,
        limit: int,
    ) -> int:
        return await self._read(
            inbound_log.count_identical,
            self._texts,
            account_id,
            esim_tran_no,
            sender,
            text,
            since_ms,
            limit,
        )

    async def list_inbound(self, account_id: int, which: InboundFilter) -> list[InboundMessage]:
        return await self._read(inbound_log.list_inbound, self._texts, account_id, which)

    async def find_inbound(self, account_id: int, inbound_id: bytes) -> InboundMessage | None:
        return await self._read(inbound_log.find_inbound, self._texts, account_id, inbound_id)
