"""Erasures: erase the texts and numbers of the traveller behind an eSIM of any account."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.paging import PageQuery, cut_page
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.api.v1.messages.send_schema import Identifier
from simpost.api.v1.preferences.schemas import Actor
from simpost.domain.messages import format_id
from simpost.errors import NotFound
from simpost.ports.store.erasures import Erasure

router = APIRouter(
    prefix="/v1/admin/accounts/{accessCode}/esims/{esimTranNo}",
    tags=["admin"],
    dependencies=[Depends(admit_admin)],
)

_ACTOR: Final = "admin"
"""Who asked, where the request names nobody."""


class ForgetRequest(Schema):
    """`requestedBy` is recorded with the erasure."""

    requested_by: Actor | None = None


class ErasedCounts(Schema):
    """Rows by kind. `webhookResponses` are what endpoints of the account answered."""

    messages: int
    inbound: int
    incoming_parts: int
    preference_words: int
    conversation_notes: int
    refusals: int
    verifications: int
    receipts: int
    webhook_responses: int
    lifecycle_errors: int
    places: int
    esims: int


class ErasureOut(Schema):
    """An erasure; `endedAt` is null while a message may be with a carrier."""

    id: str
    esim_tran_no: str
    requested_by: str
    begun_at: Time
    ended_at: Time | None
    erased: ErasedCounts


class ErasurePage(Schema):
    """`next` is the cursor of the next page; null at the end."""

    erasures: list[ErasureOut]
    next: str | None


@router.post(
    "/forget", summary="Erase the texts, numbers and places of the traveller behind an eSIM"
)
async def forget_esim(
    accessCode: str,  # noqa: N803  as it stands in the path
    esimTranNo: Identifier,  # noqa: N803
    given: ForgetRequest,
    services: ServicesDep,
) -> ErasureOut:
    """Messages that have not left are cancelled; those with a carrier are erased after their end.

    The records of messages stay, with their states and times. The call can be repeated.
    """
    account = await services.accounts.find_stored(accessCode)
    if not await services.erasures.is_known(account.id, esimTranNo):
        raise NotFound("This account has no such eSIM, and nothing is stored of it.")
    actor = given.requested_by or _ACTOR
    return show_erasure(await services.erasures.forget(account.id, esimTranNo, actor))


@router.get("/erasures", summary="List what was erased of an eSIM, newest first")
async def list_erasures(
    accessCode: str,  # noqa: N803
    esimTranNo: Identifier,  # noqa: N803
    query: Annotated[PageQuery, Query()],
    services: ServicesDep,
) -> ErasurePage:
    """When, by whom, and how many rows; never what."""
    account = await services.accounts.find_stored(accessCode)
    found = await services.store.erasures.list_erasures(
        account.id, esimTranNo, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    return ErasurePage(erasures=[show_erasure(row) for row in rows], next=cursor)


def show_erasure(erasure: Erasure) -> ErasureOut:
    """One erasure with all its counts."""
    counts = erasure.counts
    return ErasureOut(
        id=format_id(erasure.id),
        esim_tran_no=erasure.esim_tran_no,
        requested_by=erasure.actor,
        begun_at=format_time(erasure.begun_ms),
        ended_at=None if erasure.ended_ms is None else format_time(erasure.ended_ms),
        erased=ErasedCounts(
            messages=counts.get("messages", 0),
            inbound=counts.get("inbound", 0),
            incoming_parts=counts.get("incomingParts", 0),
            preference_words=counts.get("preferenceWords", 0),
            conversation_notes=counts.get("conversationNotes", 0),
            refusals=counts.get("refusals", 0),
            verifications=counts.get("verifications", 0),
            receipts=counts.get("receipts", 0),
            lifecycle_errors=counts.get("lifecycleErrors", 0),
            webhook_responses=counts.get("webhookResponses", 0),
            places=counts.get("places", 0),
            esims=counts.get("esims", 0),
        ),
    )
