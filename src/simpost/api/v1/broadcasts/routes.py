"""/v1/broadcasts: begin, preview, list, show, pause, resume and cancel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import answer_page, cut_page
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.shared.services import Services
from simpost.api.v1.broadcasts.schemas import (
    BroadcastOut,
    BroadcastPage,
    BroadcastPreviewOut,
    BroadcastQuery,
    BroadcastRequest,
    BroadcastStep,
    RecipientPage,
    RecipientQuery,
    show_broadcast,
    show_preview,
    show_recipient,
)
from simpost.api.v1.messages.results import refusal_problem
from simpost.domain.accounts import Account
from simpost.domain.broadcasts import Broadcast, BroadcastStatus
from simpost.domain.messages import parse_id
from simpost.domain.reasons import Reason
from simpost.errors import UnknownBroadcast

router = APIRouter(prefix="/v1", tags=["broadcasts"])


@router.post(
    "/broadcasts",
    status_code=201,
    response_model=BroadcastOut,
    summary="Send a template to many eSIMs; with dryRun, preview the decisions",
    responses={200: {"model": BroadcastPreviewOut, "description": "The preview of a dry run"}},
)
async def begin_broadcast(
    given: BroadcastRequest, account: Caller, services: ServicesDep
) -> Response:
    """Its recipients are noted first, then it begins at `startAt`. Each eSIM gets it once."""
    try:
        broadcast = given.broadcast(account.id, services.clock_ms())
    except ValueError as error:
        raise invalid(f"{error}.") from None
    if await services.templates.find(account.id, given.template) is None:
        raise refusal_problem(Reason.TEMPLATE_UNKNOWN, "")
    if given.dry_run:
        async with services.costs.turn(account):
            found = await services.broadcasts.preview(account, broadcast)
        body = show_preview(found).model_dump_json(by_alias=True)
        return Response(body, media_type="application/json")
    added = await services.broadcasts.add(broadcast)
    body = show_broadcast(added).model_dump_json(by_alias=True)
    return Response(body, 201, media_type="application/json")


@router.get("/broadcasts", response_model=BroadcastPage, summary="List broadcasts, newest first")
async def list_broadcasts(
    query: Annotated[BroadcastQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """Those that ended are kept for 90 days."""
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: services.store.broadcasts.list_broadcasts(
            account.id, before=query.before, limit=query.look_ahead
        ),
        lambda found: _page(found, query),
    )


@router.get("/broadcasts/{id}", summary="Show a broadcast with its counts")
async def get_broadcast(id: str, account: Caller, services: ServicesDep) -> BroadcastOut:  # noqa: A002
    """The counts add up to the audience at every moment."""
    return show_broadcast(await services.broadcasts.find(account.id, _key(id)))


@router.post("/broadcasts/{id}/pause", summary="Pause a broadcast")
async def pause_broadcast(
    id: str,  # noqa: A002
    given: BroadcastStep,
    account: Caller,
    services: ServicesDep,
) -> BroadcastOut:
    """Within a second no more messages begin. 409 if it is over or its recipients are noted."""
    return await _change(services, account, id, BroadcastStatus.PAUSED, given.actor)


@router.post("/broadcasts/{id}/resume", summary="Resume a broadcast")
async def resume_broadcast(
    id: str,  # noqa: A002
    given: BroadcastStep,
    account: Caller,
    services: ServicesDep,
) -> BroadcastOut:
    """It sends to the eSIMs that remain; 409 if it is over."""
    return await _change(services, account, id, BroadcastStatus.SENDING, given.actor)


@router.post("/broadcasts/{id}/cancel", summary="Cancel a broadcast")
async def cancel_broadcast(
    id: str,  # noqa: A002
    given: BroadcastStep,
    account: Caller,
    services: ServicesDep,
) -> BroadcastOut:
    """The eSIMs that remain get nothing. Messages that are committed are not cancelled."""
    return await _change(services, account, id, BroadcastStatus.CANCELLED, given.actor)


@router.get("/broadcasts/{id}/recipients", summary="List what became of each eSIM of a broadcast")
async def list_recipients(
    id: str,  # noqa: A002
    query: Annotated[RecipientQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> RecipientPage:
    """In the order of their esimTranNo."""
    broadcast = await services.broadcasts.find(account.id, _key(id))
    found = await services.store.broadcasts.list_recipients(
        account.id, broadcast.id, after=query.after or "", limit=query.limit + 1
    )
    rows = [show_recipient(each) for each in found[: query.limit]]
    last = rows[-1].esim_tran_no if len(found) > query.limit else None
    return RecipientPage(recipients=rows, next=last)


async def _change(
    services: Services, account: Account, broadcast_id: str, status: BroadcastStatus, actor: str
) -> BroadcastOut:
    changed = await services.broadcasts.change(account.id, _key(broadcast_id), status, actor)
    if changed.status is not status:
        detail = f"The broadcast is {changed.status}."
        raise Problem(409, ProblemCode.BROADCAST_STATUS, detail)
    return show_broadcast(changed)


def _key(broadcast_id: str) -> bytes:
    key = parse_id(broadcast_id)
    if key is None:
        raise UnknownBroadcast
    return key


def _page(found: list[Broadcast], query: BroadcastQuery) -> BroadcastPage:
    rows, cursor = cut_page(found, query)
    return BroadcastPage(broadcasts=[show_broadcast(row) for row in rows], next=cursor)
