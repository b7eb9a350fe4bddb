"""eSIMs and plans: written in batches, looked up one at a time on the way of every message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from simpost.domain.esims import Esim
from simpost.ports.store import EsimFilter, EsimRow, PlanFilter, PlanRow
from simpost.store.sqlite.queries import SQL, ask
from simpost.store.sqlite.session import Session

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class EsimBatch(NamedTuple):
    account_id: int
    esims: Sequence[EsimRow]


def save_plans(session: Session, batches: Sequence[Sequence[PlanRow]]) -> list[None]:
    for batch in batches:
        session.execute_wide(
            "save_plan", [(*_fields(plan)[:-1], _json(plan.document)) for plan in batch]
        )
    return [None] * len(batches)


def save_esims(session: Session, batches: Sequence[EsimBatch]) -> list[list[str]]:
    return [_save_esims(session, batch) for batch in batches]


def _save_esims(session: Session, batch: EsimBatch) -> list[str]:
    foreign = []
    statement = SQL["save_esim"]
    for esim in batch.esims:
        tran_no, *facts, document = _fields(esim)
        session.execute(statement, (tran_no, batch.account_id, *facts, _json(document)))
        if not session.connection.changes():
            foreign.append(esim.esim_tran_no)
    return foreign


def _fields(row: PlanRow | EsimRow) -> tuple[Any, ...]:
    return msgspec.structs.astuple(row)


def _json(document: dict[str, Any]) -> str:
    return _encode(document).decode()


def find_esim(
    connection: apsw.Connection, account_id: int, esim_tran_no: str | None, iccid: str | None
) -> Esim | None:
    if esim_tran_no is None:
        if iccid is None:
            return None
        esim_tran_no = ask(connection, "newest_esim_of_iccid", (account_id, iccid)).get
    row = ask(connection, "find_esim", (esim_tran_no, account_id, iccid)).get
    return None if row is None else Esim(*row)


def query_esims(
    connection: apsw.Connection, account_id: int, which: EsimFilter
) -> tuple[list[EsimRow], int]:
    facts: dict[str, Any] = {"account_id": account_id}
    where = ["e.account_id = :account_id"]
    for name in ("esim_tran_no", "iccid", "order_no"):
        if (value := getattr(which, name)) is not None:
            facts[name] = value
            where.append(f"e.{name} = :{name}")
    if which.from_ms is not None:
        facts["from_ms"] = which.from_ms
        where.append("e.created_ms >= :from_ms")
    if which.to_ms is not None:
        facts["to_ms"] = which.to_ms
        where.append("e.created_ms <= :to_ms")
    terms = " AND ".join(where)
    with connection:
        count: Any = connection.execute(SQL["count_esims"].format(where=terms), facts).get
        rows: list[Any] = connection.execute(
            SQL["query_esims"].format(where=terms),
            {**facts, "limit": which.limit, "offset": which.offset},
        ).fetchall()
    return [EsimRow(*(*row[:-1], _decode(row[-1]))) for row in rows], count


def list_plans(connection: apsw.Connection, which: PlanFilter) -> list[PlanRow]:
    facts = {
        "location": which.location,
        "type": which.type,
        "package_code": which.package_code,
        "slug": which.slug,
        "data_types": None if which.data_types is None else _encode(which.data_types).decode(),
    }
    rows = ask(connection, "list_plans", facts).fetchall()
    return [_plan(row) for row in rows]


def find_plan(connection: apsw.Connection, code_or_slug: str) -> PlanRow | None:
    row = ask(connection, "find_plan", (code_or_slug,)).get
    return None if row is None else _plan(row)


def _plan(row: Any) -> PlanRow:
    return PlanRow(*(*row[:-1], _decode(row[-1])))
