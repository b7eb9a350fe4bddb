"""What follows from the outcome of an attempt: the next state of the part, and when it is due.

Pure: it takes outcome, part and time, and returns the result to be stored.
"""

from __future__ import annotations

import msgspec

from simpost.domain.messages import Priority
from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart
from simpost.ports.store import AttemptResult

_ACCEPTED = OutcomeKind.ACCEPTED
_SENT = State.SENT
_NOT_TRIED = (Reason.CARRIER_UNREACHABLE, Reason.CARRIER_PAUSED, Reason.REQUEUED)


class RetryPolicy(msgspec.Struct, frozen=True):
    """How long to wait before a part is tried again.

    Attributes:
        throttled_s, busy_s: first and longest pause; each further attempt doubles it.
        code_s: the same for one-time codes, which are useless after a minute.
        unreachable_s: pause after a lost connection; the lane waits for the connection anyway.
        repeats: how often, and after which pauses, a part in doubt is sent again.
        failover_s: how long a carrier may be closed, or accept nothing, before queued messages go
            by the next carrier of the route.
    """

    throttled_s: tuple[float, float] = (1.0, 30.0)
    busy_s: tuple[float, float] = (5.0, 300.0)
    code_s: tuple[float, float] = (0.25, 5.0)
    unreachable_s: float = 1.0
    repeats: RepeatPolicy = RepeatPolicy()
    failover_s: float = 10.0

    def delay_s(self, outcome: Outcome, attempt: int, priority: int) -> float:
        """Seconds until the next attempt, for the outcome of this one."""
        if outcome.retry_after_s is not None:
            return outcome.retry_after_s
        if outcome.reason in _NOT_TRIED:
            return self.unreachable_s
        if priority == Priority.CODE:
            first, longest = self.code_s
        elif outcome.kind is OutcomeKind.THROTTLED:
            first, longest = self.throttled_s
        else:
            first, longest = self.busy_s
        return min(longest, first * 2.0 ** min(attempt - 1, 20))


def apply_outcome(
    part: OutboundPart,
    outcome: Outcome,
    *,
    carrier: str,
    started_ms: int,
    ended_ms: int,
    retry_policy: RetryPolicy,
) -> AttemptResult:
    """The result to be stored for the outcome of an attempt."""
    state, due_ms = _SENT, None
    if outcome.kind is not _ACCEPTED:
        outcome = _limit_repeats(part, carrier, outcome, retry_policy.repeats)
        state, due_ms = _next_state(part, carrier, outcome, ended_ms, retry_policy)
    return AttemptResult(
        account_id=part.account_id,
        message_id=part.message_id,
        number=part.number,
        total=part.total,
        attempt=part.attempt,
        repeat=part.repeat,
        carrier=carrier,
        state=state,
        reason=outcome.reason,
        outcome=outcome.kind,
        carrier_message_id=outcome.carrier_message_id,
        carrier_code=outcome.carrier_code,
        started_ms=started_ms,
        ended_ms=ended_ms,
        due_ms=due_ms,
    )


def _limit_repeats(
    part: OutboundPart, carrier: str, outcome: Outcome, repeats: RepeatPolicy
) -> Outcome:
    """The outcome; a final one once the part was repeated as often as allowed."""
    if outcome.kind is OutcomeKind.IN_DOUBT:
        if repeats.is_exhausted(carrier, part.category, part.unclear):
            return msgspec.structs.replace(outcome, reason=Reason.REPEATS_EXHAUSTED)
    elif outcome.reason is Reason.UNCLEAR_RESPONSE and part.unclear >= repeats.most:
        return msgspec.structs.replace(
            outcome, kind=OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED
        )
    return outcome


def _next_state(
    part: OutboundPart, carrier: str, outcome: Outcome, now_ms: int, retry_policy: RetryPolicy
) -> tuple[State, int | None]:
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            return _SENT, None
        case OutcomeKind.REFUSED:
            return State.REJECTED, None
        case OutcomeKind.IN_DOUBT:
            return State.IN_DOUBT, retry_policy.repeats.due_ms(
                carrier, part.category, part.unclear, now_ms, part.expires_ms
            )
        case OutcomeKind.THROTTLED | OutcomeKind.UNREACHABLE:
            wait_ms = int(1000 * retry_policy.delay_s(outcome, part.attempt, part.priority))
            return State.SENDING, min(part.expires_ms, now_ms + wait_ms)
