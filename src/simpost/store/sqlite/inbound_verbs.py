"""The verbs of the embedded store for what comes in: a part of `SqliteStore`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from simpost.domain.inbound import InboundMessage, InboundPart, Subscriber
from simpost.ports.inbound import Gathered, InboundFilter, Known, NewInbound
from simpost.ports.store import Accepted
from simpost.store import limits
from simpost.store.sqlite import inbound, inbound_log, retiring
from simpost.store.sqlite.writer import Writer

R = TypeVar("R")


class InboundVerbs:
    """Implements `simpost.ports.inbound.InboundStore`."""

    _writer: Writer

    async def _read(self, query: Callable[..., R], *facts: Any) -> R:
        raise NotImplementedError

    def _look_up(self, query: Callable[..., R], *facts: Any) -> R:
        raise NotImplementedError

    async def _shrink(self) -> None:
        raise NotImplementedError

    async def gather(self, part: InboundPart) -> Gathered | Known | None:
        return await self._writer.submit(inbound.gather, part)

    async def keep(self, new: NewInbound) -> Accepted | Known:
        return await self._writer.submit(inbound.keep, new)

    async def overdue(self, *, before_ms: int, limit: int) -> list[Gathered]:
        return await self._read(inbound_log.overdue, before_ms, limits.MOST_ASSEMBLIES, limit)

    async def forget_inbound(self, *, before_ms: int, limit: int) -> int:
        return await self._writer.submit(inbound.forget, inbound.Oblivion(before_ms, limit))

    async def retire_inbound(self, *, before_ms: int, limit: int) -> int:
        keys = await self._read(retiring.old_inbound, before_ms, limit)
        one = retiring.CameIn(keys, before_ms, limit)
        count = await self._writer.submit(retiring.retire_inbound, one)
        if count < limit:
            await self._shrink()
        return count

    async def find_number(self, msisdn: str, *, account_id: int | None = None) -> Subscriber | None:
        return self._look_up(inbound_log.find_number, msisdn, account_id)

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
