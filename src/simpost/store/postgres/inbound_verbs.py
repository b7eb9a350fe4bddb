"""The verbs for what comes in: a part of `PostgresStore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from simpost.domain.inbound import InboundMessage, InboundPart, Subscriber
from simpost.ports.inbound import Gathered, InboundFilter, Known, NewInbound
from simpost.ports.store import Accepted
from simpost.store.postgres import inbound, inbound_log
from simpost.store.postgres.lanes import Queue

R = TypeVar("R")


class InboundVerbs:
    """Implements `simpost.ports.inbound.InboundStore`."""

    _chores: Queue

    async def _read(self, query: Callable[..., Awaitable[R]], *facts: Any) -> R:
        raise NotImplementedError

    async def gather(self, part: InboundPart) -> Gathered | Known | None:
        return await self._chores.submit(inbound.gather, part)

    async def keep(self, new: NewInbound) -> Accepted | Known:
        return await self._chores.submit(inbound.keep, new)

    async def overdue(self, *, before_ms: int, limit: int) -> list[Gathered]:
        return await self._read(inbound_log.overdue, before_ms, limit)

    async def forget_inbound(self, *, before_ms: int, limit: int) -> int:
        return await self._chores.submit(inbound.forget, inbound.Oblivion(before_ms, limit))

    async def retire_inbound(self, *, before_ms: int, limit: int) -> int:
        return await self._chores.submit(inbound.retire, inbound.Oblivion(before_ms, limit))

    async def find_number(self, msisdn: str, *, account_id: int | None = None) -> Subscriber | None:
        return await self._read(inbound_log.find_number, msisdn, account_id)

    async def count_alike(
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
            inbound_log.count_alike, account_id, esim_tran_no, sender, text, since_ms, limit
        )

    async def list_inbound(self, account_id: int, which: InboundFilter) -> list[InboundMessage]:
        return await self._read(inbound_log.list_inbound, account_id, which)

    async def find_inbound(self, account_id: int, inbound_id: bytes) -> InboundMessage | None:
        return await self._read(inbound_log.find_inbound, account_id, inbound_id)
