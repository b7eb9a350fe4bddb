"""Delivery receipts that matched no part."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.paging import Instant
from simpost.api.shared.schemas import ReasonDetail, Schema, Time, format_time, reason_detail, to_ms
from simpost.domain.network_errors import explain_carrier_code
from simpost.domain.outcomes import ReceiptDisposition, UnmatchedReceipt
from simpost.domain.states import State

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class ReceiptQuery(Schema):
    """Filters: the carrier, and `to`, the latest time at which the receipt was last received."""

    carrier: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    to: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class UnmatchedReceiptOut(Schema):
    """A receipt that matched no part.

    `textId` is the id in the text of the receipt, if it differs from the id in the TLV. Identical
    receipts are one row with a `count`; `numbers` are those in the latest one.
    """

    carrier: str
    carrier_message_id: str
    text_id: str | None
    state: State
    disposition: ReceiptDisposition
    reason: ReasonDetail | None
    carrier_code: str | None
    carrier_code_meaning: str | None
    numbers: list[str]
    count: int
    first_at: Time
    last_at: Time


class UnmatchedReceipts(Schema):
    """Newest first."""

    receipts: list[UnmatchedReceiptOut]


@router.get("/receipts", summary="List delivery receipts that matched no part, newest first")
async def list_unmatched_receipts(
    query: Annotated[ReceiptQuery, Query()], services: ServicesDep
) -> UnmatchedReceipts:
    """Without filters: those of all carriers."""
    found = await services.store.receipts.list_unmatched(
        carrier=query.carrier,
        until_ms=to_ms(query.to) if query.to else None,
        limit=query.limit,
    )
    return UnmatchedReceipts(receipts=[_show(receipt) for receipt in found])


def _show(receipt: UnmatchedReceipt) -> UnmatchedReceiptOut:
    return UnmatchedReceiptOut(
        carrier=receipt.carrier,
        carrier_message_id=receipt.carrier_message_id,
        text_id=receipt.text_id or None,
        state=receipt.state,
        disposition=receipt.disposition,
        reason=reason_detail(receipt.reason) if receipt.reason else None,
        carrier_code=receipt.carrier_code,
        carrier_code_meaning=explain_carrier_code(receipt.carrier_code),
        numbers=list(receipt.numbers),
        count=receipt.times,
        first_at=format_time(receipt.first_ms),
        last_at=format_time(receipt.last_ms),
    )
