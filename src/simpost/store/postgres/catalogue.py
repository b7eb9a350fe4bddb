"""eSIMs and plans: written in batches, and looked up together by the messages of a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from simpost.domain.esims import Esim
from simpost.ports.store import EsimFilter, EsimRow, PlanFilter, PlanRow
from simpost.store.postgres.link import Session
from simpost.store.postgres.queries import columns, is_keepable, waves

_STEP = 1_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Wanted(NamedTuple):
    """An eSIM of an account, by its number, by its ICCID or by both."""

    account_id: int
    esim_tran_no: str | None
    iccid: str | None


class EsimBatch(NamedTuple):
    account_id: int
    esims: Sequence[EsimRow]


async def find_esims(session: Session, wanted: Sequence[Wanted]) -> list[Esim | None]:
    found: list[Esim | None] = [None] * len(wanted)
    asked = [
        (place, *one)
        for place, one in enumerate(wanted)
        if is_keepable(*one[1:]) and one[1:] != (None, None)
    ]
    if asked:
        for place, *facts in await session.ask("find_esims", *columns(asked, 4)):
            found[place] = Esim(*facts)
    return found


async def save_plans(session: Session, batches: Sequence[Sequence[PlanRow]]) -> list[None]:
    async with session.transaction():
        for batch in batches:
            for wave in waves(batch, lambda plan: plan.package_code):
                rows = [(*_fields(plan)[:-1], _json(plan.document)) for plan in wave]
                for first in range(0, len(rows), _STEP):
                    await session.ask("save_plans", *columns(rows[first : first + _STEP], 7))
    return [None] * len(batches)


async def save_esims(session: Session, batches: Sequence[EsimBatch]) -> list[list[str]]:
    async with session.transaction():
        return [await _save_esims(session, batch) for batch in batches]


async def _save_esims(session: Session, batch: EsimBatch) -> list[str]:
    ours: set[str] = set()
    for wave in waves(batch.esims, lambda esim: esim.esim_tran_no):
        rows = [(*_fields(esim)[:-1], _json(esim.document)) for esim in wave]
        for first in range(0, len(rows), _STEP):
            some = columns(rows[first : first + _STEP], 11)
            found = await session.ask("save_esims", batch.account_id, *some)
            ours |= {row[0] for row in found}
    return [esim.esim_tran_no for esim in batch.esims if esim.esim_tran_no not in ours]


def _fields(row: PlanRow | EsimRow) -> tuple[Any, ...]:
    return msgspec.structs.astuple(row)


def _json(document: dict[str, Any]) -> str:
    return _encode(document).decode()


async def query_esims(
    session: Session, account_id: int, which: EsimFilter
) -> tuple[list[EsimRow], int]:
    if not is_keepable(which.esim_tran_no, which.iccid, which.order_no):
        return [], 0
    facts = (
        account_id, which.esim_tran_no, which.iccid, which.order_no, which.from_ms, which.to_ms
    )  # fmt: skip
    count: int = await session.value("count_esims", *facts)
    rows = await session.ask("query_esims", *facts, which.limit, which.offset)
    return [EsimRow(*(*row[:-1], _decode(row[-1]))) for row in map(tuple, rows)], count


async def list_plans(session: Session, which: PlanFilter) -> list[PlanRow]:
    if not is_keepable(which.type, which.package_code, which.slug, which.location):
        return []
    rows = await session.ask(
        "list_plans",
        which.type,
        which.package_code,
        which.slug,
        None if which.data_types is None else list(which.data_types),
        which.location,
    )
    return [_plan(row) for row in rows]


async def find_plan(session: Session, code_or_slug: str) -> PlanRow | None:
    if not is_keepable(code_or_slug):
        return None
    rows = await session.ask("find_plan", code_or_slug)
    return _plan(rows[0]) if rows else None


def _plan(row: Any) -> PlanRow:
    *facts, document = row
    return PlanRow(*(*facts, _decode(document)))
