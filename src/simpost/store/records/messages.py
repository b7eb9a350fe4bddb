"""Rows of messages, and the range of ids that a query of the log covers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from simpost.domain.decision_record import decode_records, with_used
from simpost.domain.messages import Attempt, Category, HeldRecord, Message, Part
from simpost.domain.outcomes import ReceiptDisposition, UnappliedReceipt, UnmatchedReceipt
from simpost.domain.states import State, fold
from simpost.domain.texts import TextAbsence
from simpost.ports.store import Accepted, MessageFilter, NewMessage
from simpost.store.records.columns import STATE, options_of, options_text, reason_of
from simpost.store.records.ids import AFTER_ALL_IDS, CLOCK_SLACK_MS, LAST_MS, first_id
from simpost.store.records.row import NamedRow
from simpost.store.records.texts import erased_text

ACCEPTED: Final = Accepted()
"""Accepted, without a concatenation reference."""
MOST_RECEIPTS = 50
"""Most receipts in the log of a message, the oldest first."""
_WITHOUT_PARTS = frozenset(
    {State.SCHEDULED, State.HELD, State.EXPIRED, State.REJECTED, State.CANCELLED}
)
"""The states that a message may have before it has parts."""
_NEVER_WITH_PARTS = frozenset({State.SCHEDULED, State.HELD})


class LogRange(NamedTuple):
    """Which messages of an account to list: ids from `after` on and below `before`.

    The ids are in a range that is wider than the times by CLOCK_SLACK_MS at each end.
    """

    account_id: int
    before: bytes
    after: bytes
    from_ms: int
    to_ms: int
    limit: int

    @classmethod
    def of(cls, account_id: int, which: MessageFilter) -> LogRange:
        from_ms, to_ms = which.from_ms or 0, LAST_MS if which.to_ms is None else which.to_ms
        end = AFTER_ALL_IDS if which.to_ms is None else first_id(to_ms + CLOCK_SLACK_MS)
        return cls(
            account_id,
            end if which.before is None else min(which.before, end),
            first_id(from_ms - CLOCK_SLACK_MS),
            from_ms,
            to_ms,
            which.limit,
        )

    def newest(self, found: Iterable[bytes]) -> list[bytes]:
        """As many of these ids as the list may have, the newest first."""
        return sorted(found, reverse=True)[: self.limit]


def may_have_parts(state: State) -> bool:
    """Whether the state of a message in this state can come from its parts."""
    return state not in _NEVER_WITH_PARTS


def may_be_without_parts(state: State) -> bool:
    """Whether the state of a message in this state can come from its held row."""
    return state in _WITHOUT_PARTS


def message_row(
    message: NewMessage,
    reference: int,
    text: str | bytes,
    key_id: str | None,
    used: Sequence[int] = (),
) -> tuple[Any, ...]:
    """The columns of `messages`; `text` in the type that the store keeps it in.

    `used` is what was used of each quota of the message before.
    """
    return (
        message.account_id,
        message.id,
        message.esim_tran_no,
        message.iccid,
        message.destination,
        message.sender,
        message.category,
        message.encoding,
        reference,
        message.part_count or len(message.parts),
        message.created_ms,
        message.expires_ms,
        message.request.request_id if message.request else None,
        text,
        options_text(message.options),
        message.caller_reference,
        key_id,
        with_used(message.decision, used) if used else message.decision,
    )


def message_of(row: NamedRow, text: str | TextAbsence, part_rows: Sequence[NamedRow]) -> Message:
    """`text` is separate: each store keeps it in its own type.

    A message without parts has the state of its held row. The text of a code is only for the
    handset.
    """
    parts = tuple(_part(part) for part in part_rows)
    if parts:
        state = fold(part.state for part in parts)
        reason = next((part.reason for part in parts if part.state is state), None)
    else:
        state, reason = STATE[row["held_state"]], reason_of(row["held_reason"])
    text = erased_text(row) or text
    if not isinstance(text, TextAbsence) and row["category"] == Category.CODE:
        text = TextAbsence.CODE
    absence = text if isinstance(text, TextAbsence) else None
    return Message(
        id=row["id"],
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        iccid=row["iccid"],
        destination=row["destination"],
        category=Category(row["category"]),
        text="" if absence else text,
        text_absence=absence,
        encoding=row["encoding"],
        part_count=row["part_count"],
        state=state,
        reason=reason,
        created_ms=row["created_ms"],
        updated_ms=max((part["updated_ms"] for part in part_rows), default=row["held_updated_ms"]),
        expires_ms=row["expires_ms"],
        request_id=row["request_id"],
        caller_reference=row["caller_reference"],
        sender=row["sender"],
        options=options_of(row["options"]),
        parts=parts,
        send_at_ms=row["send_at_ms"],
        hold=_hold(row),
        held_until_ms=None if state.is_final or parts else row["until_ms"],
        decisions=decode_records(row["decisions"] or row["decision"]),
    )


def _hold(row: NamedRow) -> HeldRecord | None:
    until_ms, decided_ms = row["until_ms"], row["held_updated_ms"]
    return None if until_ms is None else HeldRecord(until_ms, decided_ms)


def with_attempts(
    message: Message, attempt_rows: Sequence[NamedRow], receipt_rows: Sequence[NamedRow]
) -> Message:
    """The message with its attempts and with the receipts that were stored and not applied."""
    attempts = tuple(_attempt(row) for row in attempt_rows)
    counts = Counter(attempt.part for attempt in attempts)
    return replace(
        message,
        parts=tuple(replace(part, attempts=counts[part.number]) for part in message.parts),
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
        carrier_message_id=row["carrier_message_id"],
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
        row["dismissed_ms"],
    )
