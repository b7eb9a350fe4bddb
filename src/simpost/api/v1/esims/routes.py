"""/v1/esims/{esimTranNo}: the facts of an eSIM, and the events that left them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PageQuery, cut_page
from simpost.api.shared.services import Services
from simpost.api.v1.esims.schemas import EsimFactsOut, show_esim
from simpost.api.v1.lifecycle.schemas import (
    EventHistory,
    EventIn,
    EventResult,
    show_event,
    show_result,
)
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.lifecycle import EsimFacts
from simpost.errors import UnknownEsim

router = APIRouter(prefix="/v1", tags=["lifecycle"])


@router.get("/esims/{esimTranNo}", summary="Show what is known of an eSIM")
async def show_esim_facts(
    esimTranNo: Identifier,  # noqa: N803  as it stands in the path
    account: Caller,
    services: ServicesDep,
) -> EsimFactsOut:
    """Each fact with the time of its report; null: no event told it."""
    esim = await _find(services, account, esimTranNo)
    facts = await services.store.lifecycle.find_facts(account.id, esimTranNo)
    tags = await services.store.esim_tags.find_tags(account.id, [esimTranNo])
    return show_esim(esim, facts or EsimFacts(), tags.get(esimTranNo, ()))


@router.get("/esims/{esimTranNo}/events", summary="Show the history of an eSIM, newest first")
async def list_esim_events(
    esimTranNo: Identifier,  # noqa: N803
    query: Annotated[PageQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> EventHistory:
    """All events that were received, also those that came too late to change anything."""
    await _find(services, account, esimTranNo)
    found = await services.store.lifecycle.list_events(
        account.id, esimTranNo, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    return EventHistory(events=[show_event(each) for each in rows], next=cursor)


@router.post("/esims/{esimTranNo}/events", summary="Report an event of an eSIM")
async def report_esim_event(
    esimTranNo: Identifier,  # noqa: N803
    given: EventIn,
    account: Caller,
    services: ServicesDep,
) -> EventResult:
    """For suppliers without webhooks. The same event again has the outcome `duplicate`."""
    await _find(services, account, esimTranNo)
    event = given.event(services.clock_ms(), esim_tran_no=esimTranNo)
    [recorded] = await services.lifecycle.record(account.id, [event])
    return show_result(recorded)


async def _find(services: Services, account: Account, esim_tran_no: str) -> Esim:
    found = await services.store.catalogue.find_esim(
        account.id, esim_tran_no=esim_tran_no, iccid=None
    )
    if found is None:
        raise UnknownEsim
    return found
