"""States as the store writes them: numbers whose tens are the rank, so that SQL can compare."""

from __future__ import annotations

from simpost.domain.reasons import Reason
from simpost.domain.states import State

CODE: dict[State, int] = {
    State.ACCEPTED: 10,
    State.SCHEDULED: 20,
    State.HELD: 21,
    State.SENDING: 30,
    State.IN_DOUBT: 40,
    State.SENT: 50,
    State.DELIVERED: 100,
    State.FAILED: 101,
    State.EXPIRED: 102,
    State.REJECTED: 103,
    State.CANCELLED: 104,
}
STATE: dict[int, State] = {code: state for state, code in CODE.items()}

FINAL = 100
"""From here on a state is final."""


def reason_of(text: str | None) -> Reason | None:
    return None if text is None else Reason(text)
