"""Jobs that should have got further long ago. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

STUCK_MS: Final = 10 * 60_000
"""A job is stuck if it was due this long ago and did not get further since.

Leases last 30 s at most: a node that is gone explains no such time.
"""


class StuckKind(StrEnum):
    """The kinds of jobs that can be stuck."""

    BULK_JOB = "bulk_job"
    BROADCAST = "broadcast"
    HELD_MESSAGE = "held_message"
    """A message that was to be decided again."""
    AUTOMATION = "automation"
    """Runs of an automation that are due."""
    TRANSITION = "transition"
    """Changes of eSIMs for which automations were not started."""
    WEBHOOK = "webhook"
    """An endpoint with events that nobody sends."""
    ERASURE = "erasure"
    LEASE = "lease"
    """Parts of messages whose lease ended and that nobody took back."""
    PULL = "pull"
    """A pull of a supplier's catalogue that did not end."""

    @property
    def is_of_installation(self) -> bool:
        """Whether it belongs to no account."""
        return self in _OF_INSTALLATION

    @property
    def can_try_again(self) -> bool:
        """Whether a person can begin its next turn at once."""
        return self in _TRIED_AGAIN

    @property
    def can_cancel(self) -> bool:
        """Whether a person can end it."""
        return self in _CANCELLED


_OF_INSTALLATION: Final = (StuckKind.LEASE, StuckKind.PULL)
_CANCELLED: Final = (StuckKind.BULK_JOB, StuckKind.BROADCAST, StuckKind.HELD_MESSAGE)
_TRIED_AGAIN: Final = (*_CANCELLED, StuckKind.WEBHOOK)


class StuckJob(msgspec.Struct, frozen=True):
    """One job, or several of one kind that belong together.

    Attributes:
        account_id: `None` for jobs of the installation.
        id: of the job; the name of the automation, of the carrier or of the source; empty if the
            account has one such job only.
        count: of runs, transitions or parts; at most MOST_COUNTED.
        since_ms: when the oldest should have got further.
        is_tried: a node has a lease now: it is tried again and again.
    """

    kind: StuckKind
    account_id: int | None
    id: str
    since_ms: int
    count: int = 1
    is_tried: bool = False


MOST_COUNTED: Final = 1_000


def why_stuck(job: StuckJob) -> str:
    """Why it is listed, in a sentence."""
    if job.is_tried:
        return "A node tries it again and again, and it does not get further."
    return _WHY[job.kind]


def what_to_do(job: StuckJob) -> str:
    """What a person can do, in a sentence."""
    return _TO_DO[job.kind]


_WHY: Final = {
    StuckKind.BULK_JOB: "It was due, and none of its items had their turn since.",
    StuckKind.BROADCAST: "It was due, and no recipient was decided since: its carriers take no "
    "more messages, or no node works on it.",
    StuckKind.HELD_MESSAGE: "Its time came, and it was not decided again.",
    StuckKind.AUTOMATION: "The runs are due, and their messages were not sent.",
    StuckKind.TRANSITION: "The eSIMs changed, and no automation was started for it.",
    StuckKind.WEBHOOK: "It has events to send, and no node has sent any since.",
    StuckKind.ERASURE: "All messages of the eSIM have ended, and their texts are not erased.",
    StuckKind.LEASE: "Their leases ended, and no node took them back.",
    StuckKind.PULL: "It did not end, and the node that began it is gone.",
}
_LOOK: Final = "Look for `job_failed` in the log of the node that leads"
_TO_DO: Final = {
    StuckKind.BULK_JOB: f"{_LOOK} and for `bulk_item_failed`. Then try again, or cancel it.",
    StuckKind.BROADCAST: f"Look at its carriers. {_LOOK}. Then try again, or cancel it.",
    StuckKind.HELD_MESSAGE: "Look for `release_failed` in the logs. Then try again, or cancel it.",
    StuckKind.AUTOMATION: f"{_LOOK}. It is tried every second; switch the automation off to "
    "end it.",
    StuckKind.TRANSITION: f"{_LOOK}. It is tried every second.",
    StuckKind.WEBHOOK: "Look for `job_failed` in the logs. Then try again, or pause the endpoint.",
    StuckKind.ERASURE: f"{_LOOK}. It is tried every 20 seconds and cannot be cancelled.",
    StuckKind.LEASE: f"{_LOOK}. It is tried every few seconds.",
    StuckKind.PULL: "Pull it again by `simpost sync`; a source that is no longer configured can be "
    "left.",
}
