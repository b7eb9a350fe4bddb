"""The states of parts and messages: ranked, only climbing, a message folded from its parts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class State(StrEnum):
    """What is known about a part, or about a message as the fold of its parts."""

    ACCEPTED = "accepted"
    """Committed; nothing has left yet."""
    SCHEDULED = "scheduled"
    """Committed without parts; waits for the time that the caller asked for."""
    HELD = "held"
    """Committed without parts; policy keeps it back until a time."""
    SENDING = "sending"
    """A try was begun; it may have been turned back and wait for the next."""
    IN_DOUBT = "in_doubt"
    """Bytes may have left and no answer came."""
    SENT = "sent"
    """The carrier took it and gave it an id."""
    DELIVERED = "delivered"
    """The carrier says the handset has it."""
    FAILED = "failed"
    """The carrier says it could not be delivered."""
    EXPIRED = "expired"
    """Its validity ended first."""
    REJECTED = "rejected"
    """The carrier refused to take it, or simpost did when its time had come."""
    CANCELLED = "cancelled"
    """Withdrawn before it left."""

    @property
    def rank(self) -> int:
        return _RANK[self]

    @property
    def is_final(self) -> bool:
        return self in _FINAL

    def outranks(self, other: State) -> bool:
        """Whether this fact may replace the other; equals never do."""
        return _RANK[self] > _RANK[other]


_RANK = {
    State.SCHEDULED: 0,
    State.HELD: 0,
    State.ACCEPTED: 10,
    State.SENDING: 30,
    State.IN_DOUBT: 40,
    State.SENT: 50,
    State.DELIVERED: 100,
    State.FAILED: 100,
    State.EXPIRED: 100,
    State.REJECTED: 100,
    State.CANCELLED: 100,
}
_FINAL = frozenset(state for state, rank in _RANK.items() if rank == 100)
_WORST_FIRST = (State.FAILED, State.REJECTED, State.EXPIRED, State.CANCELLED, State.DELIVERED)


def fold(parts: Iterable[State]) -> State:
    """The state of a message from the states of all its parts.

    It is as far as its least advanced part; final when every part is, and then only `delivered`
    when all were: otherwise the gravest end of any part. Once one part was begun, the message
    is at least `sending`.
    """
    states = list(parts)
    unfinished = [state for state in states if not state.is_final]
    if not unfinished:
        return next(state for state in _WORST_FIRST if state in states)
    least = min(unfinished, key=lambda state: state.rank)
    begun = any(state.rank >= State.SENDING.rank for state in states)
    return State.SENDING if begun and State.SENDING.outranks(least) else least
