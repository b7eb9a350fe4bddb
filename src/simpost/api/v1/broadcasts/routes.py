"""/v1/broadcasts: begin, preview, list, show, pause, resume and cancel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from msgspec.structs import replace

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import answer_page, cut_page
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.shared.services import Services
from simpost.api.v1.broadcasts.requests import BroadcastRequest, BroadcastStep
from simpost.api.v1.broadcasts.schemas import (
    BroadcastOut,
    BroadcastPage,
    BroadcastPreviewOut,
    BroadcastQuery,
    RecipientPage,
    RecipientQuery,
    show_broadcast,
    show_preview,
    show_recipient,
)
from simpost.api.v1.messages.body import fingerprint_of
from simpost.api.v1.messages.results import refusal_problem
from simpost.api.v1.messages.send_schema import IdempotencyKey
from simpost.domain.accounts import Account
from simpost.domain.broadcasts import Broadcast, BroadcastStatus
from simpost.domain.messages import parse_id
from simpost.domain.reasons import Reason
from simpost.errors import UnknownBroadcast
from simpost.features.broadcasts.service import RequestReused, TooManyBroadcasts
from simpost.messaging.plan import Refusal

router = APIRouter(prefix="/v1", tags=["broadcasts"])


@router.post(
    "/broadcasts",
    status_code=201,
    response_model=BroadcastOut,
    summary="Send a template to many eSIMs; with dryRun, preview the decisions",
    responses={200: {"model": BroadcastPreviewOut, "description": "The preview of a dry run"}},
)
async def begin_broadcast(
    given: BroadcastRequest,
    account: Caller,
    services: ServicesDep,
    request: Request,
    idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
) -> Response:
    """Its recipients are noted first, then it begins at `startAt`. Each eSIM gets it once.

    A request with the Idempotency-Key of an earlier one begins nothing, and returns that one.
    """
    wanted = await check_broadcast(services, account, given)
    if given.dry_run:
        found = await preview_broadcast(services, account, wanted)
        return Response(found.model_dump_json(by_alias=True), media_type="application/json")
    if idempotency_key is not None:
        fingerprint = await fingerprint_of(request)
        wanted = replace(wanted, request_id=idempotency_key, fingerprint=fingerprint)
    added = await add_broadcast(services, wanted)
    body = show_now(services, added).model_dump_json(by_alias=True)
    return Response(body, 201, media_type="application/json")


async def check_broadcast(
    services: Services, account: Account, given: BroadcastRequest
) -> Broadcast:
    """The broadcast with the version of its template. Raises Problem."""
    try:
        broadcast = given.broadcast(account.id, services.clock_ms())
    except ValueError as error:
        raise invalid(f"{error}.") from None
    if broadcast.audience.file and not await _has_file(services, broadcast):
        raise invalid("audience.file: the account has no such file.")
    wanted = await services.broadcasts.previews.with_version(account, broadcast)
    if isinstance(wanted, Refusal):
        raise refusal_problem(wanted.reason, wanted.detail)
    return wanted


async def preview_broadcast(
    services: Services, account: Account, wanted: Broadcast
) -> BroadcastPreviewOut:
    """What it would do. Raises Overdrawn."""
    async with services.costs.turn(account):
        return show_preview(
            await services.broadcasts.previews.preview(account, wanted, services.clock_ms())
        )


async def add_broadcast(services: Services, wanted: Broadcast) -> Broadcast:
    """Begin it, or find the one of a repeated request. Raises Problem."""
    try:
        return await services.broadcasts.add(wanted)
    except TooManyBroadcasts as error:
        raise Problem(409, ProblemCode.TOO_MANY_BROADCASTS, str(error)) from None
    except RequestReused:
        raise refusal_problem(Reason.REQUEST_ID_REUSED, "") from None


@router.get("/broadcasts", response_model=BroadcastPage, summary="List broadcasts, newest first")
async def list_broadcasts(
    query: Annotated[BroadcastQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """Those that ended are kept for 90 days. Of named eSIMs it shows their number only."""
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: services.store.broadcasts.list_broadcasts(
            account.id, before=query.before, limit=query.look_ahead, status=query.status
        ),
        lambda found: _page(services, found, query),
    )


@router.get("/broadcasts/{id}", summary="Show a broadcast with its counts")
async def get_broadcast(id: str, account: Caller, services: ServicesDep) -> BroadcastOut:  # noqa: A002
    """The counts add up to the audience at every moment."""
    found = await services.broadcasts.find(account.id, _key(id))
    return show_now(services, found)


@router.post("/broadcasts/{id}/pause", summary="Pause a broadcast")
async def pause_broadcast(
    id: str,  # noqa: A002
    given: BroadcastStep,
    account: Caller,
    services: ServicesDep,
) -> BroadcastOut:
    """Within a second no more messages begin, and those that are held wait. 409 if it is over."""
    paused = await services.broadcasts.pause(account, _key(id), given.actor)
    return _shown(services, paused, is_done=paused.status is BroadcastStatus.PAUSED)


@router.post("/broadcasts/{id}/resume", summary="Resume a broadcast")
async def resume_broadcast(
    id: str,  # noqa: A002
    given: BroadcastStep,
    account: Caller,
    services: ServicesDep,
) -> BroadcastOut:
    """It goes on where it was; 409 if it is over. One that is not paused stays as it is."""
    resumed = await services.broadcasts.resume(account, _key(id), given.actor)
    return _shown(services, resumed, is_done=not resumed.status.is_final)


@router.post("/broadcasts/{id}/cancel", summary="Cancel a broadcast")
async def cancel_broadcast(
    id: str,  # noqa: A002
    given: BroadcastStep,
    account: Caller,
    services: ServicesDep,
) -> BroadcastOut:
    """The eSIMs that remain or are held get nothing. Messages that are committed leave."""
    cancelled = await services.broadcasts.cancel(account, _key(id), given.actor)
    return _shown(services, cancelled, is_done=cancelled.status is BroadcastStatus.CANCELLED)


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
        account.id,
        broadcast.id,
        after=query.after or "",
        limit=query.limit + 1,
        state=query.state,
    )
    rows = [show_recipient(each) for each in found[: query.limit]]
    last = rows[-1].esim_tran_no if len(found) > query.limit else None
    return RecipientPage(recipients=rows, next=last)


async def _has_file(services: Services, broadcast: Broadcast) -> bool:
    found = broadcast.file_id and await services.store.broadcast_files.find(
        broadcast.account_id, broadcast.file_id
    )
    return bool(found)


def _shown(services: Services, changed: Broadcast, *, is_done: bool) -> BroadcastOut:
    if not is_done:
        detail = f"The broadcast is {changed.status}."
        raise Problem(409, ProblemCode.BROADCAST_STATUS, detail)
    return show_now(services, changed)


def _key(broadcast_id: str) -> bytes:
    key = parse_id(broadcast_id)
    if key is None:
        raise UnknownBroadcast
    return key


def show_now(services: Services, broadcast: Broadcast) -> BroadcastOut:
    """The broadcast as JSON shows it at the moment."""
    is_copy = services.copy_guard.is_held
    stop_reason = services.stops.find_reason(broadcast.account_id, broadcast.category)
    now_ms = services.clock_ms()
    return show_broadcast(broadcast, now_ms, is_copy=is_copy, stop_reason=stop_reason)


def _page(services: Services, found: list[Broadcast], query: BroadcastQuery) -> BroadcastPage:
    rows, cursor = cut_page(found, query)
    return BroadcastPage(broadcasts=[show_now(services, row) for row in rows], next=cursor)
