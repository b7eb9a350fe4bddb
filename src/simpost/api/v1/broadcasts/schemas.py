"""Requests and responses of /v1/broadcasts."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    Field,
)

from simpost.api.shared.paging import PageQuery
from simpost.api.shared.schemas import (
    ReasonDetail,
    Schema,
    Time,
    format_time,
    reason_detail,
    show_time,
)
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.broadcast_sentences import sentence
from simpost.domain.broadcasts import (
    Broadcast,
    BroadcastStatus,
    PauseReason,
    RecipientResult,
    RecipientState,
)
from simpost.domain.messages import Category, format_id
from simpost.domain.prices import format_cost
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.features.broadcasts.preview import BroadcastPreview


class AudienceOut(Schema):
    """The audience, as it was given. `named` is the number of `esims`; a list has no `esims`."""

    named: int
    plans: list[str]
    countries: list[str]
    languages: list[str]
    statuses: list[str]
    tags: list[str]
    file: str | None
    esims: list[str]


class BroadcastCounts(Schema):
    """`accepted`, `held`, `refused`, `cancelled` and `remaining` add up to `total`."""

    total: int
    accepted: int
    held: int
    refused: int
    cancelled: int
    remaining: int


class ReportedCounts(Schema):
    """What became of accepted messages: as carriers report it, and opt-outs after the message."""

    delivered: int
    failed: int
    opted_out: int


class BroadcastOut(Schema):
    """`explanation` says what the status means, why, and what happens next.

    `actor` made the last change; empty: simpost did. `cost` is that of `parts` in cost units, and
    `unpriced` how many accepted messages have no known price: each of their parts counts a unit.
    """

    id: str
    name: str
    status: BroadcastStatus
    explanation: str
    pause_reason: PauseReason | None
    actor: str
    begun_by: str
    template: str
    template_version: int | None
    category: Category
    audience: AudienceOut
    counts: BroadcastCounts
    reported: ReportedCounts
    parts: int
    cost: str
    unpriced: int
    per_second: int | float
    local_time: str | None
    stop_refused_percent: int | None
    stop_failed_percent: int | None
    stop_opted_out_percent: int | None
    stop_parts: int | None
    stop_cost: str | None
    start_at: Time
    not_after: Time
    created_at: Time
    ended_at: Time | None


class BroadcastPage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    broadcasts: list[BroadcastOut]
    next: str | None


class RecipientOut(Schema):
    """What became of one eSIM; the state of its message is in the log."""

    esim_tran_no: str
    state: RecipientState
    message_id: str | None
    parts: int
    cost: str = Field(description="Of the parts, in cost units.")
    reason: ReasonDetail | None
    held_until: Time | None
    outcome: State | None = Field(description="Final state of the message, once it is reported.")


class RecipientQuery(Schema):
    """`after` is the last eSIM of the page before."""

    after: Identifier | None = None
    state: RecipientState | None = Field(default=None, description="Only those in this state.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class RecipientPage(Schema):
    """In the order of `esimTranNo`; `next` is the `after` of the next page, null at the end."""

    recipients: list[RecipientOut]
    next: str | None


class RefusedCount(Schema):
    """How often a reason would refuse."""

    reason: ReasonDetail
    count: int


class LanguageSampleOut(Schema):
    """The text of one language, as the first eSIM with it would get it."""

    language: str
    esim_tran_no: str
    text: str


class BroadcastPreviewOut(Schema):
    """What the broadcast would do at its start. Of `total` eSIMs the first 500 are decided.

    `parts` and `cost`, in cost units, are of those that would be sent or held. `unpriced` of them
    have no known price: each of their parts counts a unit.
    Those held are decided again between `holdsFrom` and `holdsUntil`; null: none is held.
    At its pace all take `seconds`, and it does not reach `tooLate` of them before `notAfter`.
    """

    total: int
    decided: int
    sends: int
    holds: int
    holds_from: Time | None
    holds_until: Time | None
    refusals: list[RefusedCount]
    parts: int
    cost: str
    unpriced: int
    samples: list[LanguageSampleOut]
    seconds: int
    too_late: int


class BroadcastQuery(PageQuery):
    """A page of broadcasts."""

    status: BroadcastStatus | None = Field(default=None, description="Only those with this status.")


def show_broadcast(
    broadcast: Broadcast, now_ms: int, *, is_copy: bool, stop_reason: str
) -> BroadcastOut:
    """The broadcast as JSON shows it.

    `is_copy`: sending is held until the copy is confirmed. `stop_reason`: of the administrator.
    """
    one, audience = broadcast, broadcast.audience
    return BroadcastOut(
        id=format_id(one.id),
        name=one.name,
        status=one.status,
        explanation=sentence(one, now_ms, is_copy=is_copy, stop_reason=stop_reason),
        pause_reason=one.pause_reason,
        actor=one.actor,
        begun_by=one.begun_by,
        template=one.template,
        template_version=one.template_version,
        category=one.category,
        audience=AudienceOut(
            named=one.named,
            plans=list(audience.plans),
            countries=list(audience.countries),
            languages=list(audience.languages),
            statuses=list(audience.statuses),
            tags=list(audience.tags),
            file=format_id(one.file_id) if one.file_id else None,
            esims=list(audience.esims),
        ),
        counts=BroadcastCounts(
            total=one.total,
            accepted=one.accepted,
            held=one.held,
            refused=one.refused,
            cancelled=one.cancelled,
            remaining=one.remaining,
        ),
        reported=ReportedCounts(
            delivered=one.delivered, failed=one.failed, opted_out=one.opted_out
        ),
        parts=one.parts,
        cost=format_cost(one.cost),
        unpriced=one.unpriced,
        per_second=int(one.per_s) if one.per_s == int(one.per_s) else one.per_s,
        local_time=_show_minute(one.local_minute),
        stop_refused_percent=one.stop_percent,
        stop_failed_percent=one.stop_failed_percent,
        stop_opted_out_percent=one.stop_opted_out_percent,
        stop_parts=one.most_parts,
        stop_cost=None if one.most_cost is None else format_cost(one.most_cost),
        start_at=format_time(one.start_ms),
        not_after=format_time(one.not_after_ms),
        created_at=format_time(one.created_ms),
        ended_at=show_time(one.ended_ms),
    )


def show_recipient(result: RecipientResult) -> RecipientOut:
    """The recipient as JSON shows it."""
    return RecipientOut(
        esim_tran_no=result.esim_tran_no,
        state=result.state,
        message_id=format_id(result.message_id) if result.message_id else None,
        parts=result.parts,
        cost=format_cost(result.cost),
        reason=reason_detail(Reason(result.reason)) if result.reason else None,
        held_until=show_time(result.due_ms),
        outcome=State(result.outcome) if result.outcome else None,
    )


def show_preview(preview: BroadcastPreview) -> BroadcastPreviewOut:
    """The preview as JSON shows it, the most frequent refusal first."""
    by_count = sorted(preview.refusals.items(), key=lambda each: -each[1])
    return BroadcastPreviewOut(
        total=preview.total,
        decided=preview.decided,
        sends=preview.sends,
        holds=preview.holds,
        holds_from=show_time(preview.held_from_ms),
        holds_until=show_time(preview.held_until_ms),
        refusals=[
            RefusedCount(reason=reason_detail(reason), count=count) for reason, count in by_count
        ],
        parts=preview.parts,
        cost=format_cost(preview.cost),
        unpriced=preview.unpriced,
        samples=[
            LanguageSampleOut(
                language=each.language, esim_tran_no=each.esim_tran_no, text=each.text
            )
            for each in preview.samples
        ],
        seconds=preview.seconds,
        too_late=preview.too_late,
    )


def _show_minute(minute: int | None) -> str | None:
    return None if minute is None else f"{minute // 60:02}:{minute % 60:02}"
