"""The log's rows as the messages they stand for, and the ids its questions lie between.

Both stores select the same columns in the same order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from simpost.domain.messages import Attempt, Category, Message, Part
from simpost.domain.outcomes import ReceiptDisposition, UnappliedReceipt, UnmatchedReceipt
from simpost.domain.states import fold
from simpost.ports.store import MessageFilter
from simpost.store.records.columns import STATE, options_of, reason_of

MOST_RECEIPTS = 50
"""Kept receipts that are shown of a message, the oldest first."""
LAST_MS = (1 << 48) - 1
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


def message_of(row: Any, text: str, part_rows: Sequence[Any]) -> Message:
    """`text` is the column after `category`, which the stores keep each in its own way."""
    parts = tuple(_part(part) for part in part_rows)
    state = fold(part.state for part in parts)
    return Message(
        id=row[0],
        account_id=row[1],
        esim_tran_no=row[2],
        iccid=row[3],
        destination=row[4],
        category=Category(row[5]),
        text=text,
        encoding=row[7],
        part_count=row[8],
        state=state,
        reason=next((part.reason for part in parts if part.state is state), None),
        created_ms=row[9],
        updated_ms=max(part[-1] for part in part_rows),
        expires_ms=row[10],
        request_id=row[11],
        sender=row[12],
        options=options_of(row[13]),
        parts=parts,
    )


def with_its_tries(
    message: Message, attempt_rows: Sequence[Any], receipt_rows: Sequence[Any]
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


def _part(row: Any) -> Part:
    return Part(
        number=row[0],
        state=STATE[row[1]],
        reason=reason_of(row[2]),
        carrier=row[3],
        carrier_message_id=row[4],
        carrier_code=row[5],
        attempts=0,
        sent_ms=row[6],
        final_ms=row[7],
    )


def _attempt(row: Any) -> Attempt:
    return Attempt(
        part=row[0],
        number=row[1],
        carrier=row[2],
        outcome=row[3],
        reason=reason_of(row[4]),
        carrier_code=row[5],
        started_ms=row[6],
        ended_ms=row[7],
        repeat=bool(row[8]),
    )


def _receipt(row: Any) -> UnappliedReceipt:
    return UnappliedReceipt(
        part=row[0],
        carrier=row[1],
        carrier_message_id=row[2],
        state=STATE[row[3]],
        disposition=ReceiptDisposition(row[4]),
        reason=reason_of(row[5]),
        carrier_code=row[6],
        times=row[7],
        first_ms=row[8],
        last_ms=row[9],
    )


def unmatched_of(row: Any) -> UnmatchedReceipt:
    carrier, carrier_message_id, text_id, state, standing, reason, code, numbers, *rest = row
    return UnmatchedReceipt(
        carrier,
        carrier_message_id,
        text_id or "",
        STATE[state],
        ReceiptDisposition(standing),
        reason_of(reason),
        code,
        tuple(numbers.split("\n")) if numbers else (),
        *rest,
    )
