"""Whether routing should prefer a carrier, judged by its outcomes as well as its connections.

A carrier that is bound and accepts nothing is as good as down. Users of other gateways met this as
"failover only when the socket is down" (jasmin#467, #813).
"""

from __future__ import annotations

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason

_NOT_TRIED = (Reason.REQUEUED, Reason.CARRIER_PAUSED)
_WORKING = (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED)
"""A carrier that refuses a message because of the message itself works."""


class CarrierHealth:
    """The health of one carrier, from its outcomes and whether it is open.

    - It is *unhealthy* once all outcomes for `failover_after_ms` were throttled, unreachable or in
      doubt; at once when it refuses the bind. Other carriers are preferred for as long again. Then
      it is tried again, and one accepted or refused part makes it healthy.
    - Queued messages *should fail over* when it is unhealthy, or was closed for
      `failover_after_ms`.
    """

    def __init__(self, failover_after_ms: int) -> None:
        self.failover_after_ms = failover_after_ms
        self._closed_since_ms: int | None = None
        self._failing_since_ms = 0
        self._failed_ms: int | None = None
        self._unhealthy_until_ms = 0

    def record(self, outcome: Outcome, now_ms: int) -> None:
        """Note the outcome of an attempt."""
        if outcome.kind in _WORKING:
            self._failed_ms = None
            self._unhealthy_until_ms = 0
        elif outcome.reason not in _NOT_TRIED:
            self._fail(now_ms, at_once=outcome.reason is Reason.BIND_REFUSED)

    def is_unhealthy(self, now_ms: int) -> bool:
        """Whether other carriers should be preferred now."""
        return now_ms < self._unhealthy_until_ms

    def should_fail_over(self, now_ms: int, *, is_open: bool) -> bool:
        """Whether queued messages should go by another carrier.

        Call it regularly: the time for which the carrier was closed counts from the first call.
        """
        if is_open:
            self._closed_since_ms = None
        elif self._closed_since_ms is None:
            self._closed_since_ms = now_ms
        elif now_ms - self._closed_since_ms >= self.failover_after_ms:
            return True
        return self.is_unhealthy(now_ms)

    def _fail(self, now_ms: int, *, at_once: bool) -> None:
        if self._failed_ms is None or now_ms - self._failed_ms > self.failover_after_ms:
            self._failing_since_ms = now_ms
        self._failed_ms = now_ms
        if at_once or now_ms - self._failing_since_ms >= self.failover_after_ms:
            self._unhealthy_until_ms = now_ms + self.failover_after_ms
