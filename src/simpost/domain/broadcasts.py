"""Broadcasts: one template to many eSIMs, each once. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from simpost.domain.messages import Category

MAX_PER_S: Final = 1_000
MAX_NAMED: Final = 10_000
"""eSIMs that a broadcast can name one by one."""
DEFAULT_NOT_AFTER_MS: Final = 2 * 3_600_000
MIN_DECIDED: Final = 50
"""Recipients that must be decided before the share of refusals can pause a broadcast."""


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
    """Why a broadcast is paused."""

    PERSON = "person"
    REFUSED_SHARE = "refused_share"
    PARTS_LIMIT = "parts_limit"


class Audience(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which eSIMs of the account get it: those that meet every condition; empty ones are none.

    Attributes:
        plans: package codes or slugs, as imported with the eSIM.
        countries: where the eSIM is now, ISO 3166-1 Alpha-2.
        languages: of the traveller, as stored with the preferences.
        statuses: of the order, such as `IN_USE`.
        esims: named one by one, instead of all conditions.
    """

    plans: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    esims: tuple[str, ...] = ()


class Broadcast(msgspec.Struct, frozen=True):
    """A broadcast, with its counts: they add up to `total` at every moment.

    Attributes:
        per_s: most messages that it begins in a second.
        start_ms: when it begins; not_after_ms: when what remains is not sent any more.
        stop_percent: share of refusals that pauses it; `None`: no share does.
        most_parts: parts that pause it; `None`: no number does.
        held: committed, and held by policy at that time.
        remaining: not decided yet.
        actor: who did what `status` says, in the words of the request.
    """

    account_id: int
    id: bytes
    name: str
    template: str
    category: Category
    values: dict[str, str]
    audience: Audience
    per_s: int
    start_ms: int
    not_after_ms: int
    created_ms: int
    status: BroadcastStatus = BroadcastStatus.PREPARING
    pause_reason: PauseReason | None = None
    actor: str = ""
    stop_percent: int | None = None
    most_parts: int | None = None
    total: int = 0
    accepted: int = 0
    held: int = 0
    refused: int = 0
    cancelled: int = 0
    parts: int = 0
    changed_ms: int = 0
    ended_ms: int | None = None

    @property
    def remaining(self) -> int:
        return self.total - self.accepted - self.held - self.refused - self.cancelled


class RecipientState(StrEnum):
    """What became of one recipient of a broadcast."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class RecipientResult(msgspec.Struct, frozen=True):
    """The decision about one recipient."""

    esim_tran_no: str
    state: RecipientState
    message_id: bytes | None = None
    reason: str | None = None
    parts: int = 0


def pause_rule(broadcast: Broadcast) -> PauseReason | None:
    """The rule that pauses a broadcast with these counts, if any."""
    decided = broadcast.accepted + broadcast.held + broadcast.refused
    share = broadcast.stop_percent
    if share is not None and decided >= MIN_DECIDED and 100 * broadcast.refused > share * decided:
        return PauseReason.REFUSED_SHARE
    if broadcast.most_parts is not None and broadcast.parts >= broadcast.most_parts:
        return PauseReason.PARTS_LIMIT
    return None


def sentence(broadcast: Broadcast) -> str:
    """What the status means, why it is so, and what happens next."""
    reason = broadcast.pause_reason or PauseReason.PERSON
    is_paused = broadcast.status is BroadcastStatus.PAUSED
    text = _PAUSED[reason] if is_paused else _SENTENCES[broadcast.status]
    return text.format(
        who=f" by {broadcast.actor}" if broadcast.actor else "",
        total=f"{broadcast.total:,}",
        left=f"{broadcast.remaining:,} of {broadcast.total:,} eSIMs remain.",
        cancelled=f"{broadcast.cancelled:,}",
    )


_SENTENCES: Final = {
    BroadcastStatus.PREPARING: "Recipients are being noted: {total} so far. Nothing is sent yet.",
    BroadcastStatus.SCHEDULED: "It waits for its start. {left}",
    BroadcastStatus.SENDING: "It is sending. {left}",
    BroadcastStatus.FINISHED: "Every eSIM was decided.",
    BroadcastStatus.CANCELLED: "It was cancelled{who}. {cancelled} eSIMs get nothing.",
    BroadcastStatus.EXPIRED: "Its time was over. {cancelled} eSIMs get nothing.",
}
_RESUME: Final = " {left} Resume sends to these only: nobody gets it twice."
_PAUSED: Final = {
    PauseReason.PERSON: "It was paused{who}." + _RESUME,
    PauseReason.REFUSED_SHARE: "It paused itself: too many messages are refused." + _RESUME,
    PauseReason.PARTS_LIMIT: "It paused itself: it has sent the parts that it may." + _RESUME,
}
