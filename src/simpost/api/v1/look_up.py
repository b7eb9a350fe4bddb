"""GET /v1/look-up: the eSIMs and messages that a number, an id or an order stands for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.api.shared.services import Services
from simpost.domain.messages import format_id
from simpost.domain.states import State
from simpost.messaging.look_up import MAX_CHARACTERS, look_up

router = APIRouter(prefix="/v1", tags=["messages"])


class LookUpQuery(Schema):
    """What to find.

    An ICCID in any form, an esimTranNo, order, number or IMSI; the id of a message, its id at the
    carrier, or its reference.
    """

    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]


class FoundEsim(Schema):
    """An eSIM; `account` is its access code."""

    account: str
    esim_tran_no: str
    iccid: str
    msisdn: str
    order_no: str


class FoundMessage(Schema):
    """A message; `account` is its access code."""

    account: str
    id: str
    esim_tran_no: str
    state: State
    created_at: Time


class LookUpOut(Schema):
    """At most 20 eSIMs, or 20 messages where the text names no eSIM."""

    esims: list[FoundEsim]
    messages: list[FoundMessage]


@router.get("/look-up", summary="Find eSIMs and messages by any number, id or order")
async def look_up_text(
    query: Annotated[LookUpQuery, Query()], account: Caller, services: ServicesDep
) -> LookUpOut:
    """Spaces, hyphens, `+` and `00` are ignored, as are check digit and filler of an ICCID."""
    return await show_found(services, query.text, account.id)


async def show_found(services: Services, text: str, account_id: int | None) -> LookUpOut:
    """What the text names, of one account, or of all with `None`."""
    carriers = [each.name for each in await services.carriers.list_all()]
    found = await look_up(services.store, services.accounts, carriers, text, account_id=account_id)
    by_id = services.accounts.by_id
    return LookUpOut(
        esims=[
            FoundEsim(
                account=account.access_code,
                esim_tran_no=esim.esim_tran_no,
                iccid=esim.iccid,
                msisdn=esim.msisdn,
                order_no=esim.order_no,
            )
            for owner, esim in found.esims
            if (account := by_id(owner))
        ],
        messages=[
            FoundMessage(
                account=account.access_code,
                id=format_id(message.id),
                esim_tran_no=message.esim_tran_no,
                state=message.state,
                created_at=format_time(message.created_ms),
            )
            for message in found.messages
            if (account := by_id(message.account_id))
        ],
    )
