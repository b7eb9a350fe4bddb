"""Bulk jobs: one verb on many items, after a time to undo it. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.states import State

OF_INSTALLATION: Final = 0
"""The account of jobs that belong to none: they are the administrator's."""
MAX_ITEMS: Final = 10_000
"""Items of one job; the next job goes on."""
MAX_NAMED: Final = 1_000
"""Items that a job can name one by one."""
MAX_UNFINISHED: Final = 10
"""Bulk jobs of an account that are not over."""
MAX_UNDO_S: Final = 3_600
LATE_MS: Final = 12 * 3_600_000
"""A job that did not end within this time after it was due is stopped: it is too late for it."""


class BulkVerb(StrEnum):
    """What is done to each item."""

    CANCEL = "cancel"
    """Cancel a message that has not left."""
    RELEASE = "release"
    """Decide a message that policy holds again now, instead of at its time."""
    SEND_AGAIN = "send_again"
    """Send the text of a message again, as a new message by the rules of now."""
    REPLAY = "replay"
    """Send an event again to a webhook endpoint that gave it up."""
    DISMISS = "dismiss"
    """Leave a receipt that matches no part out of the list. Only for the administrator."""

    @property
    def is_of_messages(self) -> bool:
        """Whether its items are messages; else they are deliveries of webhooks, or receipts."""
        return self not in (BulkVerb.REPLAY, BulkVerb.DISMISS)


class BulkStatus(StrEnum):
    """The state of a bulk job. The last three are final."""

    WAITING = "waiting"
    """Nothing was done yet: it can be undone."""
    WORKING = "working"
    FINISHED = "finished"
    """Each item was done, skipped or failed."""
    UNDONE = "undone"
    """Somebody ended it before it did anything."""
    STOPPED = "stopped"
    """Somebody, or its age, ended it before all items had their turn."""

    @property
    def is_final(self) -> bool:
        return self in _FINAL


_FINAL: Final = (BulkStatus.FINISHED, BulkStatus.UNDONE, BulkStatus.STOPPED)


class BulkItemState(StrEnum):
    """What became of one item."""

    WAITING = "waiting"
    """It did not have its turn; it never has one once the job is over."""
    DONE = "done"
    SKIPPED = "skipped"
    """Nothing was done, for the reason of the item."""
    FAILED = "failed"
    """It was tried and refused, for the reason of the item."""


class BulkReason(StrEnum):
    """Why an item was skipped or failed."""

    UNKNOWN = "unknown"
    HAS_LEFT = "has_left"
    NOT_LEFT = "not_left"
    NOT_HELD = "not_held"
    HAS_CODE = "has_code"
    NO_TEXT = "no_text"
    DELIVERED = "delivered"
    REFUSED = "refused"
    CHANGED = "changed"
    ENDPOINT_STOPPED = "endpoint_stopped"
    RECEIPT_CHANGED = "receipt_changed"
    FAULT = "fault"

    @property
    def explanation(self) -> str:
        """What it means, in a sentence."""
        return _EXPLAINED[self]


_EXPLAINED: Final = {
    BulkReason.UNKNOWN: "The account has no such item any more.",
    BulkReason.HAS_LEFT: "The message has left or has ended: it cannot be cancelled.",
    BulkReason.NOT_LEFT: "The message is not sent yet: it is sent by itself, or cancelled.",
    BulkReason.NOT_HELD: "Policy does not hold the message.",
    BulkReason.HAS_CODE: "It has a one-time code: start the verification again.",
    BulkReason.NO_TEXT: "The text of the message is not stored.",
    BulkReason.DELIVERED: "The message was delivered in the meantime.",
    BulkReason.REFUSED: "The new message was refused; detail has the reason.",
    BulkReason.CHANGED: "The delivery is not given up any more.",
    BulkReason.ENDPOINT_STOPPED: "The endpoint is disabled or gone: resume it first.",
    BulkReason.RECEIPT_CHANGED: "The receipt found its part, came again or was deleted.",
    BulkReason.FAULT: "An error of simpost; its log has more.",
}


class BulkSelection(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a job acts on: the items that are named, else all that match every filter.

    Attributes:
        ids: of messages; of receipts their items.
        broadcast: its id.
        webhook: the id of the endpoint whose deliveries are meant; empty: those of all endpoints.
        carrier: of receipts; `None`: those of all carriers.
    """

    ids: tuple[str, ...] = ()
    esim_tran_no: str | None = None
    iccid: str | None = None
    state: State | None = None
    reason: Reason | None = None
    category: Category | None = None
    template: str | None = None
    broadcast: str | None = None
    reference: str | None = None
    reference_prefix: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    webhook: str = ""
    carrier: str | None = None


class BulkResult(msgspec.Struct, frozen=True):
    """What became of one item.

    Attributes:
        item: the id of a message, `endpoint/sequence` of a delivery, or `state/carrier/id` of a
            receipt.
        detail: the new message, the state that prevented it, or the reason of a refusal.
    """

    item: str
    state: BulkItemState
    reason: BulkReason | None = None
    detail: str = ""


class BulkJob(msgspec.Struct, frozen=True):
    """One job. `done`, `skipped`, `failed` and `remaining` add up to `total` at every moment.

    Attributes:
        due_ms: until when it can be undone; then it begins.
        place: where noting goes on; `is_noted` once all items are.
        is_cut: more items match than one job takes.
        begun_by, ended_by: who, for people; `ended_by` is empty if nobody ended it.
    """

    account_id: int
    id: bytes
    verb: BulkVerb
    selection: BulkSelection
    created_ms: int
    due_ms: int
    status: BulkStatus = BulkStatus.WAITING
    begun_by: str = ""
    ended_by: str = ""
    ended_ms: int | None = None
    place: str = ""
    is_noted: bool = False
    is_cut: bool = False
    total: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    request_id: str | None = None
    fingerprint: bytes = b""

    def is_late(self, at_ms: int) -> bool:
        """Whether it is too late to work on it at this time."""
        return at_ms > self.due_ms + LATE_MS

    @property
    def remaining(self) -> int:
        """Items that did not have their turn."""
        return self.total - self.done - self.skipped - self.failed
