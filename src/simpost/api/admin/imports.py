"""Imports: plans, eSIMs and prices are saved in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from simpost.api.admin.accounts import find_account
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.problems import invalid
from simpost.api.shared.schemas import Schema
from simpost.catalogue.normalization import parse_esim, parse_plan, parse_price
from simpost.errors import InvalidRequest
from simpost.ports.store import Saved as Outcome

MAX_ROWS = 2000
_AT_ONCE = 200
"""Rows read before others get their turn."""

_Row = TypeVar("_Row")

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class RefusedRowOut(Schema):
    """`index` counts from 0."""

    index: int
    reason: str


class ImportResult(Schema):
    """Good rows are saved although others are refused; saving again changes nothing.

    `planUnknown` counts saved eSIMs without a smsStatus of their own whose plan is not known.
    """

    saved: int
    added: int
    changed: int
    unchanged: int
    plan_unknown: int
    refused: list[RefusedRowOut]


Replace = Annotated[
    bool, Query(description="Save whole rows: what a row does not name is emptied.")
]


def _batch(rows: str) -> dict[str, Any]:
    schema = {"type": "array", "maxItems": MAX_ROWS, "items": {}}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "description": rows, "content": content}}


@router.put(
    "/plans",
    summary="Save plans",
    openapi_extra=_batch("Items of `packageList`, as package/list returns them."),
)
async def save_plans(
    request: Request, services: ServicesDep, *, replace: Replace = False
) -> ImportResult:
    plans, refused = await _parse(
        await request.body(), lambda row: parse_plan(row, partial=not replace)
    )
    outcome = await services.store.catalogue.merge_plans([plan for _index, plan in plans])
    keyed = [(index, plan.package_code) for index, plan in plans]
    return _answer(outcome, keyed, refused, "packageCode is new, and smsStatus is missing")


@router.put(
    "/accounts/{accessCode}/esims",
    summary="Save eSIMs of an account",
    openapi_extra=_batch("Items of `esimList`, as esim/query returns them."),
)
async def save_esims(
    accessCode: str,  # noqa: N803  as it stands in the path
    request: Request,
    services: ServicesDep,
    *,
    replace: Replace = False,
) -> ImportResult:
    account = await find_account(services, accessCode)
    now_ms = services.clock_ms()
    esims, refused = await _parse(
        await request.body(), lambda row: parse_esim(row, now_ms, partial=not replace)
    )
    outcome = await services.store.catalogue.merge_esims(
        account.id, [esim for _index, esim in esims]
    )
    keyed = [(index, esim.esim_tran_no) for index, esim in esims]
    lacking = "esimTranNo is new, and smdpStatus or esimStatus is missing"
    return _answer(outcome, keyed, refused, lacking)


@router.put(
    "/accounts/{accessCode}/prices",
    summary="Save what an account pays for plans",
    openapi_extra=_batch(
        "Items of `packageList`, of which `packageCode`, `price` and `retailPrice` are taken; "
        "a `price` of null takes the account's own price away."
    ),
)
async def save_prices(accessCode: str, request: Request, services: ServicesDep) -> ImportResult:  # noqa: N803
    account = await find_account(services, accessCode)
    prices, refused = await _parse(await request.body(), parse_price)
    outcome = await services.store.catalogue.save_prices(
        account.id, [price for _index, price in prices]
    )
    keyed = [(index, price.package_code) for index, price in prices]
    return _answer(outcome, keyed, refused, "no plan has this packageCode")


def _answer(
    outcome: Outcome, keyed: list[tuple[int, str]], refused: list[RefusedRowOut], lacking: str
) -> ImportResult:
    foreign = set(outcome.foreign)
    refused += [
        RefusedRowOut(index=keyed[place][0], reason=lacking) for place in outcome.incomplete
    ]
    refused += [
        RefusedRowOut(index=index, reason="esimTranNo belongs to another account")
        for index, key in keyed
        if key in foreign
    ]
    refused.sort(key=lambda each: each.index)
    return ImportResult(
        saved=outcome.added + outcome.changed + outcome.unchanged,
        added=outcome.added,
        changed=outcome.changed,
        unchanged=outcome.unchanged,
        plan_unknown=outcome.plan_unknown,
        refused=refused,
    )


async def _parse(
    body: bytes, parse: Callable[[Any], _Row]
) -> tuple[list[tuple[int, _Row]], list[RefusedRowOut]]:
    """Read each row of a JSON array; the good ones with their index, and why others are not."""
    good: list[tuple[int, _Row]] = []
    refused: list[RefusedRowOut] = []
    for index, row in enumerate(_rows(body)):
        try:
            good.append((index, parse(row)))
        except InvalidRequest as error:
            refused.append(RefusedRowOut(index=index, reason=str(error)))
        if index % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
    return good, refused


def _rows(body: bytes) -> list[Any]:
    try:
        rows = msgspec.json.decode(body, type=list[Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("The body must be a JSON array of objects.") from None
    if len(rows) > MAX_ROWS:
        raise invalid(f"The array has {len(rows)} rows, {MAX_ROWS} at most.")
    return rows
