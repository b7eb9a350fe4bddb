"""GET /v1/events: events of an account's messages, in the order of their sequence numbers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import answer_page
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.domain.accounts import Account
from simpost.domain.webhooks import EVENT_PREFIX, MAX_SEQUENCE, event_id
from simpost.ports.store import Event, EventPage

router = APIRouter(prefix="/v1")


class EventQuery(Schema):
    """`after` is the last sequence number that was read; without it: from the oldest event."""

    after: Annotated[int, Field(ge=0, le=MAX_SEQUENCE)] | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 50


class EventOut(Schema):
    """An event never changes. `sequence` numbers the account's events.

    `id` is the same here and in every webhook. `subject` is the id of the object in `type`: a
    message id for `message.delivered`.
    """

    id: str
    sequence: int
    type: str
    subject: str
    occurred_at: Time
    data: dict[str, Any]


class EventList(Schema):
    """Oldest first. `next` is the `after` of the next request, also when there are no events."""

    events: list[EventOut]
    next: int
    has_more: bool


@router.get(
    "/events",
    response_model=EventList,
    tags=["messages"],
    summary="Read events, oldest first",
)
async def list_events(
    query: Annotated[EventQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """Ask again with `after` set to `next`; `hasMore` says whether that returns events now."""
    check_kept(account)

    async def find() -> EventPage:
        log = services.store.events
        page = await log.events_after(account.id, query.after, limit=query.limit + 1)
        _check_complete(query.after, page)
        return page

    return await answer_page(
        services, account, query.limit, find, lambda page: _show_page(account, page, query)
    )


def check_kept(account: Account) -> None:
    """Raise Problem unless the account keeps events."""
    if not account.events:
        raise Problem(
            409,
            ProblemCode.EVENTS_NOT_KEPT,
            "This account keeps no events. Ask the administrator to enable them: "
            f"simpost accounts change {account.access_code} --events",
        )


def is_complete(after: int | None, page: EventPage) -> bool:
    """Whether the page has all events after a sequence number that was assigned."""
    return after is None or page.deleted_to <= after <= page.last_sequence


def _check_complete(after: int | None, page: EventPage) -> None:
    """Raise Problem if events after `after` were deleted, or the number was never assigned."""
    if is_complete(after, page):
        return
    raise Problem(
        410,
        ProblemCode.EVENTS_GONE,
        f"Events after {after} are deleted, or that number was never assigned. Read the "
        f"messages again (GET /v1/messages), then continue with after={page.last_sequence}.",
        members={"lastSequence": page.last_sequence},
    )


def _show_page(account: Account, page: EventPage, query: EventQuery) -> EventList:
    shown = page.events[: query.limit]
    start = page.deleted_to if query.after is None else query.after
    return EventList(
        events=[show_event(account, each) for each in shown],
        next=shown[-1].sequence if shown else start,
        has_more=len(page.events) > query.limit,
    )


def show_event(account: Account, event: Event) -> EventOut:
    """One event as JSON shows it."""
    return EventOut(
        id=EVENT_PREFIX + event_id(account.id, event.sequence, event.type, event.subject),
        sequence=event.sequence,
        type=event.type,
        subject=event.subject,
        occurred_at=format_time(event.at_ms),
        data=dict(event.data),
    )
