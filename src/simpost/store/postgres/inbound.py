"""Inbound messages in the database."""

from __future__ import annotations

from simpost.domain.inbound import InboundMessage, InboundPart, Subscriber
from simpost.domain.policy.quotas import QuotaReached
from simpost.ports.store.inbound import Assembly, Duplicate, InboundFilter, NewInbound
from simpost.ports.store.messages import Accepted
from simpost.store.postgres import assemblies, inbound_log
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.records.payloads import InboundPurge


class PostgresInbound:
    """Implements `simpost.ports.store.InboundStore`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._read = database.read
        self._write = database.chores.submit

    async def add_part(self, part: InboundPart) -> Assembly | Duplicate | None:
        return await self._write(assemblies.add_parts, part)

    async def save(self, new: NewInbound) -> Accepted | Duplicate | QuotaReached | None:
        return await self._write(assemblies.save, new)

    async def list_incomplete(self, *, before_ms: int, limit: int) -> list[Assembly]:
        return await self._read(inbound_log.incomplete, before_ms, limit)

    async def purge_assemblies(self, *, before_ms: int, limit: int) -> int:
        return await self._write(assemblies.purge, InboundPurge(before_ms, limit))

    async def find_number(self, msisdn: str, *, account_id: int | None = None) -> Subscriber | None:
        return await self._read(inbound_log.find_number, msisdn, account_id)

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
            inbound_log.count_identical, account_id, esim_tran_no, sender, text, since_ms, limit
        )

    async def list_inbound(self, account_id: int, which: InboundFilter) -> list[InboundMessage]:
        return await self._read(inbound_log.list_inbound, account_id, which)

    async def find_inbound(self, account_id: int, inbound_id: bytes) -> InboundMessage | None:
        return await self._read(inbound_log.find_inbound, account_id, inbound_id)
