"""Statements of eSIMs, plans and prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
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
from simpost.store.records.catalogue import esim_of, esims_to_reach, plan_of, price_of
from simpost.store.records.payloads import EsimBatch, PriceBatch, RetireRequest
from simpost.store.records.sealed_esims import opened, sealed
from simpost.store.secret_box import SecretBox
from simpost.store.sqlite.queries import SQL, named_rows, one_snapshot, row_of, rows_of, scalar
from simpost.store.sqlite.session import SqliteSession

_encode = msgspec.json.Encoder().encode


def save_plans(session: SqliteSession, batches: Sequence[Sequence[PlanRow]]) -> list[None]:
    for batch in batches:
        session.execute_many_rows("save_plan", [columns_of(plan) for plan in batch])
    return [None] * len(batches)


def save_esims(session: SqliteSession, batches: Sequence[EsimBatch]) -> list[list[str]]:
    return [_save_esims(session, batch) for batch in batches]


def _save_esims(session: SqliteSession, batch: EsimBatch) -> list[str]:
    foreign = []
    statement = SQL["save_esim"]
    for plain in batch.esims:
        esim = sealed(batch.box, plain)
        session.execute(statement, _esim_columns(batch.account_id, esim))
        if not session.connection.changes():
            foreign.append(esim.esim_tran_no)
    return foreign


def merge_plans(session: SqliteSession, batches: Sequence[Sequence[PlanRow]]) -> list[Saved]:
    return [_merge_plans(session, batch) for batch in batches]


def _merge_plans(session: SqliteSession, batch: Sequence[PlanRow]) -> Saved:
    merging = PlanImport()
    for place, plan in enumerate(batch):
        row = row_of(session.connection, "stored_plan", (plan.package_code,))
        new = merging.merge(place, plan_of(row) if row else None, plan)
        if new is not None:
            session.execute(SQL["save_plan"], columns_of(new))
    return merging.saved


def merge_esims(session: SqliteSession, batches: Sequence[EsimBatch]) -> list[Saved]:
    return [_merge_esims(session, batch) for batch in batches]


def _merge_esims(session: SqliteSession, batch: EsimBatch) -> Saved:
    merging = EsimImport(batch)
    for place, esim in enumerate(batch.esims):
        row = row_of(session.connection, "stored_esim", (esim.esim_tran_no,))
        new = merging.merge(place, row, esim)
        if new is not None:
            session.execute(SQL["save_esim"], _esim_columns(batch.account_id, new))
    plans = merging.plans()
    return merging.finish({name for name in plans if _knows_plan(session, name)})


def compare_plans(connection: apsw.Connection, plans: Sequence[PlanRow]) -> Saved:
    merging = PlanImport()
    for place, plan in enumerate(plans):
        row = row_of(connection, "stored_plan", (plan.package_code,))
        merging.merge(place, plan_of(row) if row else None, plan)
    return merging.saved


def compare_esims(connection: apsw.Connection, batch: EsimBatch) -> Saved:
    merging = EsimImport(batch)
    for place, esim in enumerate(batch.esims):
        merging.merge(place, row_of(connection, "stored_esim", (esim.esim_tran_no,)), esim)
    plans = merging.plans()
    return merging.finish({name for name in plans if row_of(connection, "has_plan", (name,))})


def _esim_columns(account_id: int, esim: EsimRow) -> tuple[Any, ...]:
    key, *columns = columns_of(esim)
    return key, account_id, *columns


def _knows_plan(session: SqliteSession, name: str) -> bool:
    return session.execute(SQL["has_plan"], (name,)).get is not None


def save_prices(session: SqliteSession, batches: Sequence[PriceBatch]) -> list[Saved]:
    return [_save_prices(session, batch) for batch in batches]


def _save_prices(session: SqliteSession, batch: PriceBatch) -> Saved:
    codes = {row.package_code for row in batch.prices}
    known = {code for code in codes if session.execute(SQL["stored_plan"], (code,)).get}
    kept = list_prices(session.connection, batch.account_id)
    saved, changed = changed_prices(kept, known, batch.prices)
    for row in changed:
        key = (batch.account_id, row.package_code)
        if row.price is None:
            session.execute(SQL["delete_price"], key)
        else:
            session.execute(SQL["save_price"], (*key, row.price, row.retail_price))
    return saved


def list_prices(connection: apsw.Connection, account_id: int) -> dict[str, PriceRow]:
    rows = rows_of(connection, "list_prices", (account_id,))
    return {row["package_code"]: price_of(row) for row in rows}


def retire_esims(session: SqliteSession, retirements: Sequence[RetireRequest]) -> list[int]:
    return [_retire(session, "retire_esim", one) for one in retirements]


def retire_plans(session: SqliteSession, retirements: Sequence[RetireRequest]) -> list[int]:
    return [_retire(session, "retire_plan", one) for one in retirements]


def _retire(session: SqliteSession, statement: str, one: RetireRequest) -> int:
    count = 0
    for key in one.keys:
        session.execute(SQL[statement], (one.now_ms, key))
        count += session.connection.changes()
    return count


def delete_esims(session: SqliteSession, keys: Sequence[str]) -> list[bool]:
    return [_delete(session, "delete_esim", key) for key in keys]


def delete_plans(session: SqliteSession, keys: Sequence[str]) -> list[bool]:
    return [_delete(session, "delete_plan", key) for key in keys]


def _delete(session: SqliteSession, statement: str, key: str) -> bool:
    session.execute(SQL[statement], (key,))
    return session.connection.changes() > 0


def search_esims(connection: apsw.Connection, which: EsimSearch) -> list[tuple[int, EsimRow]]:
    parameters: dict[str, Any] = {"after": which.after, "limit": which.limit}
    where = ["esim_tran_no > :after"]
    if which.account_id is not None:
        parameters["account_id"] = which.account_id
        where.append("account_id = :account_id")
    if which.number is not None:
        parameters["number"] = which.number
        accounts = "account_id IN (SELECT id FROM accounts)"
        where.append(
            f"(esim_tran_no = :number OR ({accounts} AND iccid = :number)"
            f" OR ({accounts} AND order_no = :number) OR (imsi = :number AND imsi <> '')"
            " OR (msisdn = :number AND msisdn <> ''))"
        )
    if which.retired is not None:
        where.append(f"retired_ms IS {'NOT ' if which.retired else ''}NULL")
    if which.tag is not None:
        parameters["tag"] = which.tag
        where.append(
            "EXISTS (SELECT 1 FROM esim_tags AS t WHERE t.account_id = e.account_id"
            " AND t.esim_tran_no = e.esim_tran_no AND t.tag = :tag)"
        )
    statement = SQL["search_esims"].format(where=" AND ".join(where))
    rows = named_rows(connection.execute(statement, parameters))
    return [(row["account_id"], esim_of(row)) for row in rows]


def all_plans(connection: apsw.Connection, after: str, limit: int) -> list[PlanRow]:
    return [plan_of(row) for row in rows_of(connection, "all_plans", (after, limit))]


def find_esim(
    connection: apsw.Connection, account_id: int, esim_tran_no: str | None, iccid: str | None
) -> Esim | None:
    if esim_tran_no is None:
        if iccid is None:
            return None
        esim_tran_no = scalar(connection, "newest_esim_of_iccid", (account_id, iccid))
    row = connection.execute(SQL["find_esim"], (esim_tran_no, account_id, iccid)).get
    # Once a message: the columns are the fields of Esim in their order, as a test checks.
    return Esim(*row) if row else None


def esims_of_number(connection: apsw.Connection, account_id: int, msisdn: str) -> list[str]:
    return esims_to_reach(rows_of(connection, "esims_of_number", (account_id, msisdn)))


def query_esims(
    connection: apsw.Connection, seal: SecretBox, account_id: int, which: EsimFilter
) -> tuple[list[EsimRow], int]:
    parameters: dict[str, Any] = {"account_id": account_id}
    where = ["e.account_id = :account_id"]
    for name in ("esim_tran_no", "iccid", "order_no"):
        if (value := getattr(which, name)) is not None:
            parameters[name] = value
            where.append(f"e.{name} = :{name}")
    if which.from_ms is not None:
        parameters["from_ms"] = which.from_ms
        where.append("e.created_ms >= :from_ms")
    if which.to_ms is not None:
        parameters["to_ms"] = which.to_ms
        where.append("e.created_ms <= :to_ms")
    terms = " AND ".join(where)
    with one_snapshot(connection):
        count: Any = connection.execute(SQL["count_esims"].format(where=terms), parameters).get
        statement = SQL["query_esims"].format(where=terms)
        page = {**parameters, "limit": which.limit, "offset": which.offset}
        rows = named_rows(connection.execute(statement, page))
    return [opened(seal, esim_of(row)) for row in rows], count


def list_plans(connection: apsw.Connection, which: PlanFilter) -> list[PlanRow]:
    parameters = {
        "location": which.location,
        "type": which.type,
        "package_code": which.package_code,
        "slug": which.slug,
        "data_types": None if which.data_types is None else _encode(which.data_types).decode(),
    }
    return [plan_of(row) for row in rows_of(connection, "list_plans", parameters)]


def find_plan(connection: apsw.Connection, code_or_slug: str) -> PlanRow | None:
    row = row_of(connection, "find_plan", (code_or_slug,))
    return plan_of(row) if row else None
