"""Models of the native API: broadcasts. Written by make_models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simpost_client.models.shared import ReasonDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The audience, as it was given. `named` is the number of `esims`; a list has no `esims`."""

    named: int
    plans: tuple[str, ...]
    countries: tuple[str, ...]
    languages: tuple[str, ...]
    statuses: tuple[str, ...]
    tags: tuple[str, ...]
    file: str | None = None
    esims: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastCounts:
    """`accepted`, `held`, `refused`, `cancelled` and `remaining` add up to `total`."""

    total: int
    accepted: int
    held: int
    refused: int
    cancelled: int
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCounts:
    """What became of accepted messages: as carriers report it, and opt-outs after the message."""

    delivered: int
    failed: int
    opted_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """`explanation` says what the status means, why, and what happens next.

    `actor` made the last change; empty: simpost did. `cost` is that of `parts` in cost units,
    and `unpriced` how many accepted messages have no known price: each of their parts counts a
    unit.
    """

    id: str
    name: str
    status: str
    explanation: str
    pause_reason: str | None = None
    actor: str
    begun_by: str
    template: str
    template_version: int | None = None
    category: str
    audience: Audience
    counts: BroadcastCounts
    reported: ReportedCounts
    parts: int
    cost: str
    unpriced: int
    per_second: float
    local_time: str | None = None
    stop_refused_percent: int | None = None
    stop_failed_percent: int | None = None
    stop_opted_out_percent: int | None = None
    stop_parts: int | None = None
    stop_cost: str | None = None
    start_at: datetime
    not_after: datetime
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastPage:
    """Newest first; `next` is the cursor of the next page, null at the end."""

    broadcasts: tuple[Broadcast, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """What became of one eSIM; the state of its message is in the log."""

    esim_tran_no: str
    state: str
    message_id: str | None = None
    parts: int
    cost: str
    reason: ReasonDetail | None = None
    held_until: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientPage:
    """In the order of `esim_tran_no`; `next` is the `after` of the next page, null at the end."""

    recipients: tuple[Recipient, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCount:
    """How often a reason would refuse."""

    reason: ReasonDetail
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageSample:
    """The text of one language, as the first eSIM with it would get it."""

    language: str
    esim_tran_no: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastPreview:
    """What the broadcast would do at its start. Of `total` eSIMs the first 500 are decided.

    `parts` and `cost`, in cost units, are of those that would be sent or held. `unpriced` of
    them have no known price: each of their parts counts a unit. Those held are decided again
    between `holds_from` and `holds_until`; null: none is held. At its pace all take `seconds`,
    and it does not reach `too_late` of them before `not_after`.
    """

    total: int
    decided: int
    sends: int
    holds: int
    holds_from: datetime | None = None
    holds_until: datetime | None = None
    refusals: tuple[RefusedCount, ...]
    parts: int
    cost: str
    unpriced: int
    samples: tuple[LanguageSample, ...]
    seconds: int
    too_late: int
