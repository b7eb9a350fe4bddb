"""eSIMs, plans and prices in the database."""

from __future__ import annotations

from collections.abc import Sequence

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
from simpost.store.postgres import catalogue_rows as rows
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.records.payloads import EsimBatch, PriceBatch, RetireRequest


class PostgresCatalogue:
    """Implements `simpost.ports.store.CatalogueStore`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._seal = database.seal
        self._look_up = database.lookups.submit
        self._read = database.read
        self._write = database.chores.submit

    async def find_esim(
        self, account_id: int, *, esim_tran_no: str | None, iccid: str | None
    ) -> Esim | None:
        return await self._look_up(rows.find_esims, rows.Wanted(account_id, esim_tran_no, iccid))

    async def esims_of_number(self, account_id: int, msisdn: str) -> list[str]:
        return await self._read(rows.esims_of_number, account_id, msisdn)

    async def query_esims(self, account_id: int, which: EsimFilter) -> tuple[list[EsimRow], int]:
        return await self._read(rows.query_esims, self._seal, account_id, which)

    async def list_plans(self, which: PlanFilter) -> list[PlanRow]:
        return await self._read(rows.list_plans, which)

    async def plans_version(self) -> tuple[int, int]:
        return await self._read(rows.plans_version)

    async def find_plan(self, code_or_slug: str) -> PlanRow | None:
        return await self._read(rows.find_plan, code_or_slug)

    async def save_plans(self, plans: Sequence[PlanRow]) -> None:
        await self._write(rows.save_plans, plans)

    async def save_esims(self, account_id: int, esims: Sequence[EsimRow]) -> list[str]:
        return await self._write(rows.save_esims, EsimBatch(account_id, esims, self._seal))

    async def merge_plans(self, plans: Sequence[PlanRow]) -> Saved:
        return await self._write(rows.merge_plans, plans)

    async def compare_plans(self, plans: Sequence[PlanRow]) -> Saved:
        return await self._write(rows.compare_plans, plans)

    async def compare_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        batch = EsimBatch(account_id, esims, self._seal)
        return await self._write(rows.compare_esims, batch)

    async def save_prices(self, account_id: int, prices: Sequence[PriceRow]) -> Saved:
        return await self._write(rows.save_prices, PriceBatch(account_id, prices))

    async def list_prices(self, account_id: int) -> dict[str, PriceRow]:
        return await self._read(rows.list_prices, account_id)

    async def merge_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        return await self._write(rows.merge_esims, EsimBatch(account_id, esims, self._seal))

    async def search_esims(self, which: EsimSearch) -> list[tuple[int, EsimRow]]:
        return await self._read(rows.search_esims, which)

    async def all_plans(self, *, after: str, limit: int) -> list[PlanRow]:
        return await self._read(rows.all_plans, after, limit)

    async def retire_esims(self, esim_tran_nos: Sequence[str], *, now_ms: int | None) -> int:
        return await self._write(rows.retire_esims, RetireRequest(esim_tran_nos, now_ms))

    async def retire_plans(self, package_codes: Sequence[str], *, now_ms: int | None) -> int:
        return await self._write(rows.retire_plans, RetireRequest(package_codes, now_ms))

    async def delete_esim(self, esim_tran_no: str) -> bool:
        return await self._write(rows.delete_esims, esim_tran_no)

    async def delete_plan(self, package_code: str) -> bool:
        return await self._write(rows.delete_plans, package_code)
