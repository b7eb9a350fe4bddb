"""Broadcasts: one template to many eSIMs, each once. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from simpost.domain.messages import Category

MIN_PER_S: Final = 0.01
MAX_PER_S: Final = 10_000
MAX_NAMED: Final = 10_000
"""eSIMs that a broadcast can name one by one."""
MAX_UNFINISHED: Final = 50
"""Broadcasts of an account that are not over."""
DEFAULT_NOT_AFTER_MS: Final = 2 * 3_600_000
DEFAULT_LOCAL_NOT_AFTER_MS: Final = 26 * 3_600_000
"""With a local time: it comes within a day everywhere."""


class BroadcastStatus(StrEnum):
    """The state of a broadcast. The last three are final."""

    PREPARING = "preparing"
    """Its recipients are being noted."""
    SCHEDULED = "scheduled"
    """It waits for its start."""
    SENDING = "sending"
    PAUSED = "paused"
    """Somebody, or a rule, paused it."""
    FINISHED = "finished"
    """Each recipient was decided."""
    CANCELLED = "cancelled"
    """Somebody cancelled it."""
    EXPIRED = "expired"
    """Its time was over before all were decided."""

    @property
    def is_final(self) -> bool:
        return self in _FINAL


_FINAL: Final = (BroadcastStatus.FINISHED, BroadcastStatus.CANCELLED, BroadcastStatus.EXPIRED)


class PauseReason(StrEnum):
    """Why a broadcast is paused: by somebody, by a rule, or as no message could be sent."""

    PERSON = "person"
    REFUSED_SHARE = "refused_share"
    FAILED_SHARE = "failed_share"
    OPTED_OUT_SHARE = "opted_out_share"
    PARTS_LIMIT = "parts_limit"
    COST_LIMIT = "cost_limit"
    ACCOUNT_DISABLED = "account_disabled"
    SENDING_STOPPED = "sending_stopped"
    BUDGET_REACHED = "budget_reached"
    CATALOGUE_STALE = "catalogue_stale"
    TEMPLATE_GONE = "template_gone"


class Audience(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which eSIMs of the account get it: those that meet every condition; empty ones are none.

    Attributes:
        plans: package codes or slugs, as imported with the eSIM.
        countries: where the eSIM is now, ISO 3166-1 Alpha-2.
        languages: of the traveller, as stored with the preferences.
        statuses: of the order, such as `IN_USE`.
        tags: of the eSIM, one of them.
        file: id of a file; only eSIMs that it names.
        esims: only these; the unknown among them are refused.
    """

    plans: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    file: str = ""
    esims: tuple[str, ...] = ()


class Recent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the rules that pause a broadcast look at: since it began or was resumed.

    `decided` with `refused`, and `reported` with `failed`, are of the latest ones only: see
    `broadcast_rules.slide`.
    """

    decided: int = 0
    refused: int = 0
    reported: int = 0
    failed: int = 0
    accepted: int = 0
    opted_out: int = 0
    parts: int = 0
    cost: int = 0


class Broadcast(msgspec.Struct, frozen=True):
    """A broadcast, with its counts: they add up to `total` at every moment.

    Attributes:
        template_version: the latest when it was begun.
        audience: empty where eSIMs are named and only their number is wanted.
        named: number of eSIMs that are named one by one.
        file_id: of the file that names the eSIMs and has values for each.
        per_s: most messages that it begins in a second.
        local_minute: of the day at which each eSIM gets it, where it is; `None`: at once.
        start_ms: when it begins; not_after_ms: when what remains is not sent any more.
        stop_percent, stop_failed_percent, stop_opted_out_percent: shares of refusals, failures and
            opt-outs that pause it; `None`: no share does.
        most_parts, most_cost: parts, and cost, that pause it; `None`: no number does.
        held: decided again when policy, or the local time, allows it; without a message.
        remaining: not decided yet.
        cost: of the parts, in 1/10,000 cost unit; see `prices`.
        unpriced: of those accepted, whose parts had no known price.
        delivered, failed: of those accepted, as carriers report it.
        opted_out: recipients that opted out after its message, while it ran.
        begun_by, actor: who began it, and who changed it last, in the words of the requests.
        is_noted: all its recipients are noted.
        request_id: of the request that begins it; only to add it.
        fingerprint: digest of that request; a repeated one must have the same.
    """

    account_id: int
    id: bytes
    name: str
    template: str
    category: Category
    values: dict[str, str]
    audience: Audience
    per_s: float
    start_ms: int
    not_after_ms: int
    created_ms: int
    template_version: int | None = None
    named: int = 0
    file_id: bytes | None = None
    local_minute: int | None = None
    status: BroadcastStatus = BroadcastStatus.PREPARING
    pause_reason: PauseReason | None = None
    begun_by: str = ""
    actor: str = ""
    stop_percent: int | None = None
    stop_failed_percent: int | None = None
    stop_opted_out_percent: int | None = None
    most_parts: int | None = None
    most_cost: int | None = None
    is_noted: bool = False
    total: int = 0
    accepted: int = 0
    held: int = 0
    refused: int = 0
    cancelled: int = 0
    parts: int = 0
    cost: int = 0
    unpriced: int = 0
    delivered: int = 0
    failed: int = 0
    opted_out: int = 0
    recent: Recent = Recent()
    changed_ms: int = 0
    ended_ms: int | None = None
    request_id: str | None = None
    fingerprint: bytes | None = None

    @property
    def remaining(self) -> int:
        return self.total - self.accepted - self.held - self.refused - self.cancelled

    @property
    def unsent(self) -> int:
        """Recipients that may still get it, or get nothing once it is over."""
        return self.remaining + self.held


class RecipientState(StrEnum):
    """What became of one recipient of a broadcast."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class RecipientResult(msgspec.Struct, frozen=True):
    """The decision about one recipient.

    Attributes:
        cost: of the parts, in 1/10,000 cost unit; is_unpriced: their price is not known.
        due_ms: when one that is held is decided again.
        outcome: the final state of its message, once a carrier reported it.
    """

    esim_tran_no: str
    state: RecipientState
    message_id: bytes | None = None
    reason: str | None = None
    parts: int = 0
    due_ms: int | None = None
    outcome: str | None = None
    cost: int = 0
    is_unpriced: bool = False
