"""Imports: plans, eSIMs and prices are saved in batches."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.problems import invalid
from simpost.api.shared.schemas import Schema
from simpost.catalogue.imports import ImportOutcome, import_esims, import_plans, import_prices

MAX_ROWS = 2000

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class RefusedRowOut(Schema):
    """A row that was not saved; `index` counts from 0."""

    index: int
    reason: str


class ImportResult(Schema):
    """Refused rows do not stop the others; saving the same rows again changes nothing.

    `planUnknown` counts saved eSIMs without a smsStatus of their own whose plan is not known,
    `tagged` eSIMs that have other tags than before.
    """

    saved: int
    added: int
    changed: int
    unchanged: int
    plan_unknown: int
    tagged: int
    refused: list[RefusedRowOut]


Replace = Annotated[
    bool, Query(description="Replace whole rows: fields that a row does not name are cleared.")
]


def _batch(rows: str) -> dict[str, Any]:
    """The OpenAPI description of a body with rows."""
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
    """Rows that are not valid are refused one by one; the others are saved."""
    rows = _rows(await request.body())
    return _result(await import_plans(services.store.catalogue, rows, replace=replace))


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
    """Rows that are not valid are refused one by one; the others are saved."""
    account = await services.accounts.find_stored(accessCode)
    rows = _rows(await request.body())
    outcome = await import_esims(
        services.store.catalogue,
        account.id,
        rows,
        replace=replace,
        now_ms=services.clock_ms(),
        tags=services.store.esim_tags,
        on_saved=partial(services.lifecycle.apply_parked, account.id),
    )
    return _result(outcome)


@router.put(
    "/accounts/{accessCode}/prices",
    summary="Save what an account pays for plans",
    openapi_extra=_batch(
        "Items of `packageList`; only `packageCode`, `price` and `retailPrice` are read. "
        "A `price` of null deletes the account's own price."
    ),
)
async def save_prices(accessCode: str, request: Request, services: ServicesDep) -> ImportResult:  # noqa: N803
    """An account without a price of its own is shown the imported one, or none."""
    account = await services.accounts.find_stored(accessCode)
    rows = _rows(await request.body())
    return _result(await import_prices(services.store.catalogue, account.id, rows))


def _result(outcome: ImportOutcome) -> ImportResult:
    return ImportResult(
        saved=outcome.saved,
        added=outcome.added,
        changed=outcome.changed,
        unchanged=outcome.unchanged,
        plan_unknown=outcome.plan_unknown,
        tagged=outcome.tagged,
        refused=[RefusedRowOut(index=each.index, reason=each.reason) for each in outcome.refused],
    )


def _rows(body: bytes) -> list[Any]:
    try:
        rows = msgspec.json.decode(body, type=list[Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("The body must be a JSON array of objects.") from None
    if len(rows) > MAX_ROWS:
        raise invalid(f"The array has {len(rows)} rows, {MAX_ROWS} at most.")
    return rows
