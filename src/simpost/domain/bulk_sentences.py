"""What a bulk job will do, does or did, in sentences. Pure."""

from __future__ import annotations

from typing import Final

from simpost.domain.bulk_jobs import MAX_ITEMS, BulkJob, BulkStatus, BulkVerb
from simpost.domain.plurals import counted

_NOUNS: Final = {
    BulkVerb.CANCEL: "message",
    BulkVerb.RELEASE: "message",
    BulkVerb.SEND_AGAIN: "message",
    BulkVerb.REPLAY: "delivery",
    BulkVerb.DISMISS: "receipt",
}
_WILL: Final = {
    BulkVerb.CANCEL: "Messages that have not left are cancelled; the others stay as they are.",
    BulkVerb.RELEASE: "Each message that policy holds is decided again, by the rules of now: it is "
    "sent, held again, or refused. Nothing passes a rule by that.",
    BulkVerb.SEND_AGAIN: "Each text is sent again as a new message, by the rules of now: "
    "preferences, quiet hours, caps and stops apply. One-time codes and messages that are "
    "delivered or not sent yet are left out. A message in doubt may then arrive twice.",
    BulkVerb.REPLAY: "Each event is sent to its endpoint again. Endpoints that are disabled or "
    "gone get nothing.",
    BulkVerb.DISMISS: "Each receipt is left out of the list until it comes again. It stays stored, "
    "and still finds its part.",
}


def items_of(verb: BulkVerb, count: int) -> str:
    """The count with the noun of the items."""
    if verb is BulkVerb.REPLAY and count != 1:
        return f"{count:,} deliveries"
    return counted(count, _NOUNS[verb])


def what_it_does(verb: BulkVerb) -> str:
    """What the verb does to the items that are selected."""
    return _WILL[verb]


def bulk_sentence(job: BulkJob, now_ms: int, *, is_copy: bool = False) -> str:
    """What the status means, and what happens next. `is_copy`: nothing is done until confirmed."""
    items = items_of(job.verb, job.total)
    cut = f" More match: one job takes {MAX_ITEMS:,}." if job.is_cut else ""
    if job.status is BulkStatus.WAITING:
        noted = items if job.is_noted else f"Its items are being counted: {items} so far"
        left = max(0, -(-(job.due_ms - now_ms) // 1000))
        when = f"It begins in {counted(left, 'second')}" if left else "It is about to begin"
        text = f"{noted}. Nothing was done yet. {when}; until then it can be undone.{cut}"
    elif job.status is BulkStatus.WORKING:
        text = f"{job.remaining:,} of {items} remain.{cut}"
    elif job.status is BulkStatus.FINISHED:
        text = f"All of {items} had their turn.{cut}" if job.total else "Nothing matched."
    elif job.status is BulkStatus.UNDONE:
        text = f"It was undone{_by(job)} before it did anything."
    elif not job.is_late(job.ended_ms or now_ms):
        text = f"It was stopped{_by(job)}: {job.remaining:,} of {items} stay as they are."
    else:
        text = f"It stopped itself, too late for {job.remaining:,} of {items}: they stay as they "
        text += "are."
    if is_copy and not job.status.is_final:
        text += " Nothing is done: this store is a copy, and the administrator has to confirm it."
    return text


def _by(job: BulkJob) -> str:
    return f" by {job.ended_by}" if job.ended_by else ""
