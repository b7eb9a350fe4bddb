"""eSIMs, plans and prices in the file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from simpost.domain.esims import Esim
from simpost.ports.store.catalogue import (
    EsimFilter,
    EsimRow,
    EsimSearch,
    PlanFilter,
    PlanRow,
    PriceRow,
    Saved,
)
from simpost.store.records.payloads import EsimBatch, PriceBatch, RetireRequest
from simpost.store.sqlite import catalogue_rows as rows
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.session import SqliteSession

R = TypeVar("R")

_MOST_ESIMS = 10_000
"""eSIMs, and eSIMs of numbers, remembered as they were found, until an eSIM or plan is saved."""


class SqliteCatalogue:
    """Implements `simpost.ports.store.CatalogueStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._seal = database.session.seal
        self._read = database.read
        self._look_up = database.look_up
        self._end_snapshot = database.end_snapshot
        self._write = database.write
        self._esims = lru_cache(maxsize=_MOST_ESIMS)(self._find_esim)
        self._numbers = lru_cache(maxsize=_MOST_ESIMS)(self._esims_of_number)
        self._plan_changes = 0

    async def find_esim(
        self, account_id: int, *, esim_tran_no: str | None, iccid: str | None
    ) -> Esim | None:
        return self._esims(account_id, esim_tran_no, iccid)

    def _find_esim(
        self, account_id: int, esim_tran_no: str | None, iccid: str | None
    ) -> Esim | None:
        return self._look_up(rows.find_esim, account_id, esim_tran_no, iccid)

    async def esims_of_number(self, account_id: int, msisdn: str) -> list[str]:
        return list(self._numbers(account_id, msisdn))

    def _esims_of_number(self, account_id: int, msisdn: str) -> tuple[str, ...]:
        return tuple(self._look_up(rows.esims_of_number, account_id, msisdn))

    async def query_esims(self, account_id: int, which: EsimFilter) -> tuple[list[EsimRow], int]:
        return await self._read(rows.query_esims, self._seal, account_id, which)

    async def list_plans(self, which: PlanFilter) -> list[PlanRow]:
        return await self._read(rows.list_plans, which)

    async def plans_version(self) -> tuple[int, int]:
        return (0, self._plan_changes)

    async def find_plan(self, code_or_slug: str) -> PlanRow | None:
        return await self._read(rows.find_plan, code_or_slug)

    async def save_plans(self, plans: Sequence[PlanRow]) -> None:
        await self._change_plans(rows.save_plans, plans)

    async def save_esims(self, account_id: int, esims: Sequence[EsimRow]) -> list[str]:
        batch = EsimBatch(account_id, esims, self._seal)
        return await self._change_esims(rows.save_esims, batch)

    async def merge_plans(self, plans: Sequence[PlanRow]) -> Saved:
        return await self._change_plans(rows.merge_plans, plans)

    async def save_prices(self, account_id: int, prices: Sequence[PriceRow]) -> Saved:
        return await self._write(rows.save_prices, PriceBatch(account_id, prices))

    async def list_prices(self, account_id: int) -> dict[str, PriceRow]:
        return await self._read(rows.list_prices, account_id)

    async def merge_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        batch = EsimBatch(account_id, esims, self._seal)
        return await self._change_esims(rows.merge_esims, batch)

    async def compare_plans(self, plans: Sequence[PlanRow]) -> Saved:
        return await self._read(rows.compare_plans, plans)

    async def compare_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        return await self._read(rows.compare_esims, EsimBatch(account_id, esims, self._seal))

    async def search_esims(self, which: EsimSearch) -> list[tuple[int, EsimRow]]:
        return await self._read(rows.search_esims, which)

    async def all_plans(self, *, after: str, limit: int) -> list[PlanRow]:
        return await self._read(rows.all_plans, after, limit)

    async def retire_esims(self, esim_tran_nos: Sequence[str], *, now_ms: int | None) -> int:
        one = RetireRequest(esim_tran_nos, now_ms)
        return await self._change_esims(rows.retire_esims, one)

    async def retire_plans(self, package_codes: Sequence[str], *, now_ms: int | None) -> int:
        one = RetireRequest(package_codes, now_ms)
        return await self._change_plans(rows.retire_plans, one)

    async def delete_esim(self, esim_tran_no: str) -> bool:
        return await self._change_esims(rows.delete_esims, esim_tran_no)

    async def delete_plan(self, package_code: str) -> bool:
        return await self._change_plans(rows.delete_plans, package_code)

    async def _change_plans(
        self, verb: Callable[[SqliteSession, Sequence[Any]], Sequence[R]], payload: Any
    ) -> R:
        saving = self._write(verb, payload)
        saving.add_done_callback(self._forget_plans)
        return await asyncio.shield(saving)

    async def _change_esims(
        self, verb: Callable[[SqliteSession, Sequence[Any]], Sequence[R]], payload: Any
    ) -> R:
        """Shielded: a cancelled caller must not leave outdated eSIMs in the cache."""
        saving = self._write(verb, payload)
        saving.add_done_callback(lambda _: self.forget_esims())
        return await asyncio.shield(saving)

    def forget_esims(self) -> None:
        """Let the next look-up of each eSIM read the file."""
        self._end_snapshot()
        self._esims.cache_clear()
        self._numbers.cache_clear()

    def _forget_plans(self, _saving: asyncio.Future[Any]) -> None:
        self.forget_esims()
        self._plan_changes += 1
