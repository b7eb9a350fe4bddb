"""Statements of eSIMs, plans and prices; concurrent look-ups of eSIMs share one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from simpost.domain.esims import Esim
from simpost.ports.store import (
    EsimFilter,
    EsimRow,
    EsimSearch,
    PlanFilter,
    PlanRow,
    PriceRow,
    Saved,
)
from simpost.store.catalogue_merge import EsimImport, PlanImport, changed_prices, columns_of
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns, is_storable, without_duplicate_keys
from simpost.store.records.catalogue import esim_of, esims_to_reach, found_esim, plan_of, price_of
from simpost.store.records.payloads import EsimBatch, PriceBatch, RetireRequest
from simpost.store.records.sealed_esims import opened, sealed
from simpost.store.secret_box import SecretBox

R = TypeVar("R")

_STEP = 1_000
_MOST_ON_LOOP: Final = 50


class Wanted(NamedTuple):
    """An eSIM of an account, by its number, by its ICCID or by both."""

    account_id: int
    esim_tran_no: str | None
    iccid: str | None


async def find_esims(session: PostgresSession, wanted: Sequence[Wanted]) -> list[Esim | None]:
    found: list[Esim | None] = [None] * len(wanted)
    asked = [
        (place, *one)
        for place, one in enumerate(wanted)
        if is_storable(*one[1:]) and one[1:] != (None, None)
    ]
    if asked:
        for row in await session.execute("find_esims", *columns(asked, 4)):
            found[row["place"]] = found_esim(row)
    return found


async def save_plans(session: PostgresSession, batches: Sequence[Sequence[PlanRow]]) -> list[None]:
    async with session.transaction():
        for batch in batches:
            for wave in without_duplicate_keys(batch, lambda plan: plan.package_code):
                for first in range(0, len(wave), _STEP):
                    await _write_plans(session, wave[first : first + _STEP])
    return [None] * len(batches)


async def save_esims(session: PostgresSession, batches: Sequence[EsimBatch]) -> list[list[str]]:
    async with session.transaction():
        return [await _save_esims(session, batch) for batch in batches]


async def _save_esims(session: PostgresSession, batch: EsimBatch) -> list[str]:
    ours: set[str] = set()
    esims = [sealed(batch.box, esim) for esim in batch.esims]
    for wave in without_duplicate_keys(esims, lambda esim: esim.esim_tran_no):
        for first in range(0, len(wave), _STEP):
            ours |= await _write_esims(session, batch.account_id, wave[first : first + _STEP])
    return [esim.esim_tran_no for esim in batch.esims if esim.esim_tran_no not in ours]


async def _write_plans(session: PostgresSession, plans: Sequence[PlanRow]) -> None:
    rows = [columns_of(plan) for plan in plans]
    await session.execute("save_plans", *columns(rows, 7))


async def _write_esims(
    session: PostgresSession, account_id: int, esims: Sequence[EsimRow]
) -> set[str]:
    rows = [columns_of(esim) for esim in esims]
    found = await session.execute("save_esims", account_id, *columns(rows, 11))
    return {row["esim_tran_no"] for row in found}


async def merge_plans(
    session: PostgresSession, batches: Sequence[Sequence[PlanRow]]
) -> list[Saved]:
    async with session.transaction():
        return [await _merge_plans(session, batch) for batch in batches]


async def _merge_plans(session: PostgresSession, batch: Sequence[PlanRow]) -> Saved:
    merging = PlanImport()
    for wave in without_duplicate_keys(enumerate(batch), lambda each: each[1].package_code):
        keys = [plan.package_code for _place, plan in wave]
        there = {row["package_code"]: row for row in await session.execute("stored_plans", keys)}
        new_keys = [key for key in keys if key not in there]
        added = {row["package_code"] for row in await session.execute("reserve_plans", new_keys)}
        if late := [key for key in new_keys if key not in added]:
            there |= {
                row["package_code"]: row for row in await session.execute("stored_plans", late)
            }
        changed: list[PlanRow] = []
        for place, plan in wave:
            row = there.get(plan.package_code)
            new = merging.merge(place, plan_of(row) if row else None, plan)
            changed += [new] if new else []
        for key in added - {plan.package_code for plan in changed}:
            await session.execute("delete_plan", key)
        await _write_plans(session, changed)
    return merging.saved


async def merge_esims(session: PostgresSession, batches: Sequence[EsimBatch]) -> list[Saved]:
    async with session.transaction():
        return [await _merge_esims(session, batch) for batch in batches]


async def _merge_esims(session: PostgresSession, batch: EsimBatch) -> Saved:
    merging = EsimImport(batch)
    for wave in without_duplicate_keys(enumerate(batch.esims), lambda each: each[1].esim_tran_no):
        keys = [esim.esim_tran_no for _place, esim in wave]
        there = {row["esim_tran_no"]: row for row in await session.execute("stored_esims", keys)}
        new_keys = [key for key in keys if key not in there]
        rows = await session.execute("reserve_esims", new_keys, batch.account_id)
        added = {row["esim_tran_no"] for row in rows}
        if late := [key for key in new_keys if key not in added]:
            there |= {
                row["esim_tran_no"]: row for row in await session.execute("stored_esims", late)
            }
        changed: list[EsimRow] = []
        for place, esim in wave:
            new = merging.merge(place, there.get(esim.esim_tran_no), esim)
            changed += [new] if new else []
        for key in added - {esim.esim_tran_no for esim in changed}:
            await session.execute("delete_esim", key)
        await _write_esims(session, batch.account_id, changed)
    rows = await session.execute("known_plans", sorted(merging.plans()))
    return merging.finish({row["name"] for row in rows})


async def compare_plans(
    session: PostgresSession, batches: Sequence[Sequence[PlanRow]]
) -> list[Saved]:
    return [await _compare_plans(session, batch) for batch in batches]


async def _compare_plans(session: PostgresSession, plans: Sequence[PlanRow]) -> Saved:
    merging = PlanImport()
    keys = [plan.package_code for plan in plans]
    there = {row["package_code"]: row for row in await session.execute("stored_plans", keys)}
    for place, plan in enumerate(plans):
        row = there.get(plan.package_code)
        merging.merge(place, plan_of(row) if row else None, plan)
    return merging.saved


async def compare_esims(session: PostgresSession, batches: Sequence[EsimBatch]) -> list[Saved]:
    return [await _compare_esims(session, batch) for batch in batches]


async def _compare_esims(session: PostgresSession, batch: EsimBatch) -> Saved:
    merging = EsimImport(batch)
    keys = [esim.esim_tran_no for esim in batch.esims]
    there = {row["esim_tran_no"]: row for row in await session.execute("stored_esims", keys)}
    for place, esim in enumerate(batch.esims):
        merging.merge(place, there.get(esim.esim_tran_no), esim)
    rows = await session.execute("known_plans", sorted(merging.plans()))
    return merging.finish({row["name"] for row in rows})


async def save_prices(session: PostgresSession, batches: Sequence[PriceBatch]) -> list[Saved]:
    async with session.transaction():
        return [await _save_prices(session, batch) for batch in batches]


async def _save_prices(session: PostgresSession, batch: PriceBatch) -> Saved:
    codes = sorted({row.package_code for row in batch.prices})
    known = {row["package_code"] for row in await session.execute("known_codes", codes)}
    kept = await list_prices(session, batch.account_id)
    saved, changed = changed_prices(kept, known, batch.prices)
    gone = [row.package_code for row in changed if row.price is None]
    rows = [msgspec.structs.astuple(row) for row in changed if row.price is not None]
    await session.execute("save_prices", batch.account_id, *columns(rows, 3))
    await session.execute("delete_prices", batch.account_id, gone)
    return saved


async def list_prices(session: PostgresSession, account_id: int) -> dict[str, PriceRow]:
    rows = await session.execute("list_prices", account_id)
    return {row["package_code"]: price_of(row) for row in rows}


async def retire_esims(session: PostgresSession, retirements: Sequence[RetireRequest]) -> list[int]:
    async with session.transaction():
        return [await _retire(session, "retire_esims", one) for one in retirements]


async def retire_plans(session: PostgresSession, retirements: Sequence[RetireRequest]) -> list[int]:
    async with session.transaction():
        return [await _retire(session, "retire_plans", one) for one in retirements]


async def _retire(session: PostgresSession, statement: str, one: RetireRequest) -> int:
    keys = [key for key in one.keys if is_storable(key)]
    return len(await session.execute(statement, one.now_ms, keys))


async def delete_esims(session: PostgresSession, keys: Sequence[str]) -> list[bool]:
    async with session.transaction():
        return [await _delete(session, "delete_esim", key) for key in keys]


async def delete_plans(session: PostgresSession, keys: Sequence[str]) -> list[bool]:
    async with session.transaction():
        return [await _delete(session, "delete_plan", key) for key in keys]


async def _delete(session: PostgresSession, statement: str, key: str) -> bool:
    return is_storable(key) and bool(await session.execute(statement, key))


async def search_esims(session: PostgresSession, which: EsimSearch) -> list[tuple[int, EsimRow]]:
    if not is_storable(which.number, which.after):
        return []
    parameters = (which.account_id, which.number, which.retired, which.after, which.limit)
    rows = await session.execute("search_esims", *parameters, which.tag)
    return [(row["account_id"], esim_of(row)) for row in rows]


async def all_plans(session: PostgresSession, after: str, limit: int) -> list[PlanRow]:
    if not is_storable(after):
        return []
    return [plan_of(row) for row in await session.execute("all_plans", after, limit)]


async def esims_of_number(session: PostgresSession, account_id: int, msisdn: str) -> list[str]:
    if not is_storable(msisdn):
        return []
    return esims_to_reach(await session.execute("esims_of_number", account_id, msisdn))


async def query_esims(
    session: PostgresSession, seal: SecretBox, account_id: int, which: EsimFilter
) -> tuple[list[EsimRow], int]:
    if not is_storable(which.esim_tran_no, which.iccid, which.order_no):
        return [], 0
    parameters = (
        account_id, which.esim_tran_no, which.iccid, which.order_no, which.from_ms, which.to_ms
    )  # fmt: skip
    count: int = await session.scalar("count_esims", *parameters)
    rows = await session.execute("query_esims", *parameters, which.limit, which.offset)
    return await _decoded(rows, lambda row: opened(seal, esim_of(row))), count


async def list_plans(session: PostgresSession, which: PlanFilter) -> list[PlanRow]:
    if not is_storable(which.type, which.package_code, which.slug, which.location):
        return []
    rows = await session.execute(
        "list_plans",
        which.type,
        which.package_code,
        which.slug,
        None if which.data_types is None else list(which.data_types),
        which.location,
    )
    return await _decoded(rows, plan_of)


async def plans_version(session: PostgresSession) -> tuple[int, int]:
    [version] = await session.execute("plans_version")
    return version["plans"], version["changes"]


async def _decoded(rows: Sequence[Any], decode: Callable[[Any], R]) -> list[R]:
    """Decode rows; many of them in a thread, so that they do not block the event loop."""
    if len(rows) <= _MOST_ON_LOOP:
        return [decode(row) for row in rows]
    return await asyncio.to_thread(lambda: [decode(row) for row in rows])


async def find_plan(session: PostgresSession, code_or_slug: str) -> PlanRow | None:
    if not is_storable(code_or_slug):
        return None
    rows = await session.execute("find_plan", code_or_slug)
    return plan_of(rows[0]) if rows else None
