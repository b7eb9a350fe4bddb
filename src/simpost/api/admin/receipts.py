"""Delivery receipts that matched no part."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StrictStr

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.paging import Instant
from simpost.api.shared.schemas import (
    ReasonDetail,
    Schema,
    Time,
    format_time,
    reason_detail,
    show_time,
    to_ms,
)
from simpost.domain.network_errors import explain_carrier_code
from simpost.domain.outcomes import ReceiptDisposition, ReceiptKey, UnmatchedReceipt
from simpost.domain.states import State

MOST_RECEIPTS: Final = 200
"""Most receipts of one request."""
_LONGEST: Final = 65_536
"""Of an id, which a carrier chooses: those of HTTP carriers have no limit but that of a body."""

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class ReceiptQuery(Schema):
    """Filters: the carrier, and `to`, the latest time at which the receipt was last received.

    `dismissed`: only those that were dismissed; without it only the others.
    """

    carrier: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    to: Instant | None = None
    dismissed: bool = False
    limit: Annotated[int, Field(ge=1, le=MOST_RECEIPTS)] = 50


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
    dismissed_at: Time | None


class UnmatchedReceipts(Schema):
    """Newest first."""

    receipts: list[UnmatchedReceiptOut]


class ReceiptName(Schema):
    """What names an unmatched receipt."""

    carrier: Annotated[StrictStr, Field(max_length=_LONGEST)]
    carrier_message_id: Annotated[StrictStr, Field(max_length=_LONGEST)]
    state: State


class UnmatchedReceiptName(Schema):
    """What `POST /v1/admin/receipts/dismiss` takes of a receipt."""

    carrier: str
    carrier_message_id: str
    state: State


class ReceiptNames(Schema):
    """Unmatched receipts, by what names them."""

    receipts: Annotated[list[ReceiptName], Field(min_length=1, max_length=MOST_RECEIPTS)]


class ReceiptCount(Schema):
    """How many of the receipts there are. The others have found their part or were deleted."""

    count: int


@router.get("/receipts", summary="List delivery receipts that matched no part, newest first")
async def list_unmatched_receipts(
    query: Annotated[ReceiptQuery, Query()], services: ServicesDep
) -> UnmatchedReceipts:
    """Without filters: those of all carriers."""
    found = await services.store.receipts.list_unmatched(
        carrier=query.carrier,
        until_ms=to_ms(query.to) if query.to else None,
        limit=query.limit,
        is_dismissed=query.dismissed,
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
        dismissed_at=show_time(receipt.dismissed_ms),
    )


@router.post("/receipts/dismiss", summary="Leave unmatched receipts out of the list")
async def dismiss_receipts(given: ReceiptNames, services: ServicesDep) -> ReceiptCount:
    """Until they come again. They stay stored and still find their part. Repeat it freely."""
    found = await services.store.receipts.dismiss(_keys(given), now_ms=services.clock_ms())
    return ReceiptCount(count=found)


@router.post("/receipts/restore", summary="List unmatched receipts again that were dismissed")
async def restore_receipts(given: ReceiptNames, services: ServicesDep) -> ReceiptCount:
    """The undo of a dismissal, at any time."""
    return ReceiptCount(count=await services.store.receipts.restore(_keys(given)))


def name_of(receipt: UnmatchedReceiptOut) -> ReceiptName:
    """What names the receipt."""
    return ReceiptName(
        carrier=receipt.carrier,
        carrier_message_id=receipt.carrier_message_id,
        state=receipt.state,
    )


def _keys(given: ReceiptNames) -> list[ReceiptKey]:
    return [
        ReceiptKey(each.carrier, each.carrier_message_id, each.state) for each in given.receipts
    ]
