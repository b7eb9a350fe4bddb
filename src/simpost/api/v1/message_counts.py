"""GET /v1/message-counts: what became of the messages of the last hour, day and week."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.schemas import Schema, Time, format_time, show_time
from simpost.domain.message_counts import Tally
from simpost.domain.states import State
from simpost.features.message_counts.service import CountedWindow, Numbers

router = APIRouter(prefix="/v1", tags=["messages"])


class StateCounts(Schema):
    """Messages by their present state."""

    accepted: int
    scheduled: int
    held: int
    sending: int
    in_doubt: int
    sent: int
    delivered: int
    failed: int
    expired: int
    rejected: int
    cancelled: int


class DeliveryDelays(Schema):
    """Milliseconds from acceptance to the last receipt, to about 10 %; null without deliveries."""

    p50_ms: int | None
    p90_ms: int | None
    p99_ms: int | None


class WindowOut(Schema):
    """The messages that were accepted since a time. `atLeast` are states that may have more."""

    since: Time
    accepted: int = Field(description="All of them, whatever became of them.")
    states: StateCounts
    delays: DeliveryDelays
    at_least: list[State]


class HourOut(Schema):
    """The messages that were accepted in one hour."""

    hour: Time
    accepted: int = Field(description="All of them, whatever became of them.")
    states: StateCounts
    counted_at: Time


class MessageCountsOut(Schema):
    """The last hour is counted now; day and week are whole hours, the latest of `countedAt`.

    `hours` are those of the week, the oldest first; hours without a count are left out.
    """

    counted_at: Time | None
    hour: WindowOut
    day: WindowOut
    week: WindowOut
    hours: list[HourOut]


@router.get("/message-counts", summary="Count the messages of the last hour, day and week")
async def show_message_counts(account: Caller, services: ServicesDep) -> MessageCountsOut:
    """By their present state, with delays of delivery. The counts are up to 10 s old."""
    found = await services.message_counts.find(account.id)
    return MessageCountsOut(**shown_counts(found))


def shown_counts(found: Numbers) -> dict[str, Any]:
    """The fields of `MessageCountsOut`."""
    return {
        "counted_at": show_time(found.counted_ms),
        "hour": _window(found.hour),
        "day": _window(found.day),
        "week": _window(found.week),
        "hours": [
            HourOut(
                hour=format_time(each.starts_ms),
                accepted=each.tally.accepted,
                states=show_states(each.tally),
                counted_at=format_time(each.counted_ms),
            )
            for each in found.hours
        ],
    }


def show_states(tally: Tally) -> StateCounts:
    """The count of every state."""
    return StateCounts(**{state.value: tally.states.get(state, 0) for state in State})


def _window(window: CountedWindow) -> WindowOut:
    tally = window.tally
    return WindowOut(
        since=format_time(window.from_ms),
        accepted=tally.accepted,
        states=show_states(tally),
        delays=DeliveryDelays(
            p50_ms=tally.quantile_ms(0.5),
            p90_ms=tally.quantile_ms(0.9),
            p99_ms=tally.quantile_ms(0.99),
        ),
        at_least=window.cut,
    )
