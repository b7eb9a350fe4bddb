"""Rows of the message log, and the ids its queries lie between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from simpost.domain.messages import Attempt, Category, Message, Part
from simpost.domain.outcomes import ReceiptDisposition, UnappliedReceipt, UnmatchedReceipt
from simpost.domain.states import State, fold
from simpost.ports.store import MessageFilter
from simpost.store.records.columns import STATE, options_of, reason_of
from simpost.store.records.row import NamedRow

MOST_RECEIPTS = 50
"""Kept receipts that are shown of a message, the oldest first."""
LAST_MS = (1 << 48) - 1
_WITHOUT_PARTS = frozenset(
    {State.SCHEDULED, State.HELD, State.EXPIRED, State.REJECTED, State.CANCELLED}
)
"""The states that a message may have before it has parts."""
_NEVER_WITH_PARTS = frozenset({State.SCHEDULED, State.HELD})
_BEYOND = b"\xff" * 17
_SLACK_MS = 10_000
"""How far the time in an id may be from `created_ms`; the range of ids is that much wider."""


def least_id(which: MessageFilter) -> bytes:
    return _id_at((which.from_ms or 0) - _SLACK_MS)


def id_beyond(which: MessageFilter) -> bytes:
    end = _BEYOND if which.to_ms is None else _id_at(which.to_ms + _SLACK_MS)
    return end if which.before is None else min(which.before, end)


def _id_at(time_ms: int) -> bytes:
    """The lowest id of that millisecond (RFC 9562 5.7: 48 bits of time come first)."""
    return max(0, min(time_ms, LAST_MS)).to_bytes(6, "big")


def looks_at_parts(state: State) -> bool:
    """Whether a message in that state may have parts, which tell the state then."""
    return state not in _NEVER_WITH_PARTS


def looks_at_held(state: State) -> bool:
    """Whether a message in that state may have none, so that its held row tells the state."""
    return state in _WITHOUT_PARTS


def message_of(row: NamedRow, text: str, part_rows: Sequence[NamedRow]) -> Message:
    """`text` comes apart: the stores keep it each in its own way.

    A message without parts has the state of its held row.
    """
    parts = tuple(_part(part) for part in part_rows)
    if parts:
        state = fold(part.state for part in parts)
        reason = next((part.reason for part in parts if part.state is state), None)
    else:
        state, reason = STATE[row["held_state"]], reason_of(row["held_reason"])
    return Message(
        id=row["id"],
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        iccid=row["iccid"],
        destination=row["destination"],
        category=Category(row["category"]),
        text=text,
        encoding=row["encoding"],
        part_count=row["part_count"],
        state=state,
        reason=reason,
        created_ms=row["created_ms"],
        updated_ms=max((part["updated_ms"] for part in part_rows), default=row["held_updated_ms"]),
        expires_ms=row["expires_ms"],
        request_id=row["request_id"],
        sender=row["sender"],
        options=options_of(row["options"]),
        parts=parts,
        send_at_ms=row["send_at_ms"],
        held_until_ms=None if state.is_final or parts else row["until_ms"],
    )


def with_its_tries(
    message: Message, attempt_rows: Sequence[NamedRow], receipt_rows: Sequence[NamedRow]
) -> Message:
    """The message with all that happened to it."""
    attempts = tuple(_attempt(row) for row in attempt_rows)
    tries = Counter(attempt.part for attempt in attempts)
    return replace(
        message,
        parts=tuple(replace(part, attempts=tries[part.number]) for part in message.parts),
        attempts=attempts,
        receipts=tuple(_receipt(row) for row in receipt_rows),
    )


def _part(row: NamedRow) -> Part:
    return Part(
        number=row["number"],
        state=STATE[row["state"]],
        reason=reason_of(row["reason"]),
        carrier=row["carrier"],
        carrier_message_id=row["carrier_message_id"],
        carrier_code=row["carrier_code"],
        attempts=0,
        sent_ms=row["sent_ms"],
        final_ms=row["final_ms"],
    )


def _attempt(row: NamedRow) -> Attempt:
    return Attempt(
        part=row["part"],
        number=row["number"],
        carrier=row["carrier"],
        outcome=row["outcome"],
        reason=reason_of(row["reason"]),
        carrier_code=row["carrier_code"],
        started_ms=row["started_ms"],
        ended_ms=row["ended_ms"],
        repeat=bool(row["repeat"]),
    )


def _receipt(row: NamedRow) -> UnappliedReceipt:
    return UnappliedReceipt(
        part=row["number"],
        carrier=row["carrier"],
        carrier_message_id=row["carrier_message_id"],
        state=STATE[row["state"]],
        disposition=ReceiptDisposition(row["standing"]),
        reason=reason_of(row["reason"]),
        carrier_code=row["carrier_code"],
        times=row["times"],
        first_ms=row["first_ms"],
        last_ms=row["last_ms"],
    )


def unmatched_of(row: NamedRow) -> UnmatchedReceipt:
    numbers: str | None = row["numbers"]
    return UnmatchedReceipt(
        row["carrier"],
        row["carrier_message_id"],
        row["text_id"] or "",
        STATE[row["state"]],
        ReceiptDisposition(row["standing"]),
        reason_of(row["reason"]),
        row["carrier_code"],
        tuple(numbers.split("\n")) if numbers else (),
        row["times"],
        row["first_ms"],
        row["last_ms"],
    )
