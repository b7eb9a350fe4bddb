"""Rows of parts."""

from __future__ import annotations

from typing import Any

from simpost.domain.attempt_results import AttemptResult, PartStatus, SiblingPart
from simpost.domain.messages import Category
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.ports.carrier import OutboundPart
from simpost.ports.store.health import QueueDepth
from simpost.store.records.columns import CODE, FINAL, STATE, options_of
from simpost.store.records.ids import time_of
from simpost.store.records.payloads import LeaseExpiry, PartKey
from simpost.store.records.row import NamedRow
from simpost.store.records.texts import part_text
from simpost.store.text_seal import TextSeal

_SENT = CODE[State.SENT]
_TEXT_RETRY_MS = 60_000


def outbound_part(texts: TextSeal, row: NamedRow, stored: str) -> OutboundPart | None:
    """`None` if the text cannot be opened. `stored` is separate: each store has its own type."""
    text = part_text(texts, row, stored)
    return None if isinstance(text, TextAbsence) else _outbound_part(row, text)


def sent_part(texts: TextSeal, row: NamedRow, stored: str) -> OutboundPart:
    """A part to be shown. Its text is empty if it has a one-time code or cannot be opened."""
    text = "" if row["category"] == Category.CODE else part_text(texts, row, stored)
    return _outbound_part(row, "" if isinstance(text, TextAbsence) else text)


def _outbound_part(row: NamedRow, text: str) -> OutboundPart:
    return OutboundPart(
        account_id=row["account_id"],
        message_id=row["message_id"],
        number=row["number"],
        total=row["total"],
        text=text,
        encoding=row["encoding"],
        reference=row["reference"],
        destination=row["destination"],
        sender=row["sender"],
        category=row["category"],
        priority=row["priority"],
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        attempt=row["attempt"],
        repeat=bool(row["repeat"]),
        options=options_of(row["options"]),
        unclear=row["unclear"],
    )


def postponed_part(row: NamedRow, now_ms: int) -> tuple[Any, ...]:
    """The parameters that put off a part whose text cannot be opened: the key may come back."""
    return (*part_key(row), now_ms + _TEXT_RETRY_MS, Reason.TEXT_UNREADABLE, now_ms)


def part_key(row: NamedRow) -> PartKey:
    return row["account_id"], row["message_id"], row["number"]


def queue_depth(row: NamedRow) -> QueueDepth:
    return QueueDepth(row["carrier"], row["parts"], time_of(row["first_id"]))


def after_lost_lease(row: NamedRow, expiry: LeaseExpiry) -> tuple[int, Reason]:
    """When a part whose lease ran out is due again, and its reason until then."""
    part, repeats = (row["carrier"], row["category"], row["unclear"]), expiry.repeats
    due_ms = repeats.due_after_lease_ms(*part, expiry.now_ms, row["expires_ms"])
    is_last = repeats.is_exhausted(*part)
    return due_ms, Reason.REPEATS_EXHAUSTED if is_last else Reason.LEASE_LOST


def lost_attempt(row: NamedRow, now_ms: int) -> tuple[Any, ...]:
    """The attempt of a part whose lease ran out, in the columns of `attempt_row`."""
    return (
        *part_key(row),
        row["attempt"],
        row["carrier"],
        OutcomeKind.IN_DOUBT,
        Reason.LEASE_LOST,
        None,
        None,
        row["updated_ms"],
        now_ms,
        STATE[row["state"]] is State.IN_DOUBT,
    )


def latest_result_row(one: AttemptResult) -> tuple[Any, ...]:
    """The first parameters of `settle`: the part as its latest attempt left it."""
    code = CODE[one.state]
    return (
        one.account_id,
        one.message_id,
        one.number,
        one.attempt,
        code,
        one.reason,
        one.carrier,
        one.carrier_message_id,
        one.carrier_code,
        None if code >= _SENT else one.due_ms,
        one.ended_ms if code == _SENT else None,
        one.ended_ms if code >= FINAL else None,
        one.ended_ms,
    )


def attempt_row(one: AttemptResult) -> tuple[Any, ...]:
    return (
        one.account_id,
        one.message_id,
        one.number,
        one.attempt,
        one.carrier,
        one.outcome,
        one.reason,
        one.carrier_message_id,
        one.carrier_code,
        one.started_ms,
        one.ended_ms,
        one.repeat,
    )


def part_status(row: NamedRow) -> PartStatus:
    return PartStatus(
        state=STATE[row["state"]],
        reason=row["reason"],
        owner=row["owner"],
        due_ms=row["due_ms"],
        attempt=row["attempt"],
        carrier_message_id=row["carrier_message_id"],
        carrier_code=row["carrier_code"],
        final_ms=row["final_ms"],
    )


def sibling_part(row: NamedRow) -> SiblingPart:
    return SiblingPart(row["number"], STATE[row["state"]], bool(row["is_leased"]))


def rewritten(part: PartStatus, late: AttemptResult) -> tuple[Any, ...]:
    """The parameters of the statement `rewrite_part`; the key is last."""
    return (
        CODE[part.state],
        part.reason,
        part.carrier_code,
        part.carrier_message_id,
        part.owner,
        part.due_ms,
        part.attempt,
        late.ended_ms if part.state is State.SENT else None,
        part.final_ms,
        late.ended_ms,
        late.account_id,
        late.message_id,
        late.number,
    )
