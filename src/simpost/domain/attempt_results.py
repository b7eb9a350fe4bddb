"""The effects of an attempt on its part, and of a failed part on its siblings. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

from simpost.domain.reasons import Reason
from simpost.domain.states import State


class AttemptResult(msgspec.Struct, frozen=True, gc=False):
    """One attempt of one part, and the decision that follows from it.

    Attributes:
        total: how many parts the message has.
        state: the part's next state; ignored when it does not outrank the stored one.
        due_ms: when the part is due again; `None` when it waits for nothing.
    """

    account_id: int
    message_id: bytes
    number: int
    total: int
    attempt: int
    repeat: bool
    carrier: str
    state: State
    reason: Reason | None
    outcome: str
    carrier_message_id: str | None
    carrier_code: str | None
    started_ms: int
    ended_ms: int
    due_ms: int | None


class PartStatus(NamedTuple):
    """The stored fields of a part that an attempt may change.

    Attributes:
        owner: the node that leased it.
        attempt: number of the last attempt, from 1; 0 when there was none.
        final_ms: when it reached a final state.
    """

    state: State
    reason: str | None
    owner: str | None
    due_ms: int | None
    attempt: int
    carrier_message_id: str | None
    carrier_code: str | None
    final_ms: int | None


class SiblingPart(NamedTuple):
    """The facts about a part that matter for its siblings."""

    number: int
    state: State
    is_leased: bool


def apply_late_result(part: PartStatus, late: AttemptResult) -> PartStatus:
    """The part after a result that does not belong to its last attempt alone.

    Either a later attempt has begun, or the settlement says less than is known. A state is replaced
    only by one that outranks it. An older attempt does not end the lease of a newer one, unless the
    part has ended. The first id that a carrier gave stays.
    """
    outranks = not part.state.is_final and late.state.outranks(part.state)
    state = late.state if outranks else part.state
    owner, due_ms = part.owner, part.due_ms
    if late.attempt >= part.attempt or state.is_final:
        owner, due_ms = None, late.due_ms
    if state.rank >= State.SENT.rank and owner is None:
        due_ms = None
    final_ms = late.ended_ms if state.is_final else None
    return PartStatus(
        state=state,
        reason=late.reason if outranks else part.reason,
        owner=owner,
        due_ms=due_ms,
        attempt=max(part.attempt, late.attempt),
        carrier_message_id=part.carrier_message_id or late.carrier_message_id,
        carrier_code=late.carrier_code if outranks else part.carrier_code,
        final_ms=final_ms if outranks else part.final_ms,
    )


def parts_to_cancel(parts: Collection[SiblingPart]) -> list[int]:
    """Numbers of the parts that must not be sent any more.

    A message with a part that ended undelivered cannot arrive whole: parts that were not sent and
    are not leased are cancelled. A leased part is left to the result of its attempt.
    """
    if not _has_failed(part.state for part in parts):
        return []
    return [part.number for part in parts if not part.is_leased and _is_unsent(part.state)]


def _has_failed(states: Iterable[State]) -> bool:
    return any(state.is_final and state is not State.DELIVERED for state in states)


def _is_unsent(state: State) -> bool:
    return State.IN_DOUBT.outranks(state)
