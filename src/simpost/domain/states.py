"""States of parts and messages. A state has a rank and only rises; a message's is folded."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class State(StrEnum):
    """The state of a part, or of a message as the fold of its parts."""

    ACCEPTED = "accepted"
    """Committed; nothing was sent yet."""
    SCHEDULED = "scheduled"
    """Committed without parts; waits for the time of the request."""
    HELD = "held"
    """Committed without parts; held by policy until a time."""
    SENDING = "sending"
    """An attempt was made; after a failed one it waits for the next."""
    IN_DOUBT = "in_doubt"
    """Bytes may have been sent and no response came."""
    SENT = "sent"
    """The carrier accepted it."""
    DELIVERED = "delivered"
    """The carrier reported that the handset received it."""
    FAILED = "failed"
    """The carrier reported that it could not be delivered."""
    EXPIRED = "expired"
    """Its validity ended first."""
    REJECTED = "rejected"
    """The carrier refused it, or simpost did at its release."""
    CANCELLED = "cancelled"
    """Cancelled before it was sent."""

    @property
    def rank(self) -> int:
        return _RANK[self]

    @property
    def is_final(self) -> bool:
        return self in _FINAL

    def outranks(self, other: State) -> bool:
        """Whether this state may replace the other; one of equal rank may not."""
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
