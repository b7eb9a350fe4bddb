"""Health: whether a carrier is worth giving messages to.

A link says little: a carrier that is bound and takes nothing is as good as down, and users of
other gateways met it as "failover only when the socket is down" (jasmin#467, #813).
"""

from __future__ import annotations

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason

_OURS = (Reason.REQUEUED, Reason.CARRIER_PAUSED)
_WORKS = (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED)
"""A carrier that refuses a message for the message's own sake works."""


class Health:
    """What the link and the answers of one carrier say, against a patience.

    - It is *sick* once it answered nothing but no, later or silence for as long as the patience;
      at once when it says that it will not have us as we are bound. For as long again others go
      first, then it is given messages anew; one that it takes heals it.
    - It is *lost* when it is sick, or was not open for as long as the patience.
    """

    def __init__(self, patience_ms: int) -> None:
        self.patience_ms = patience_ms
        self._closed_ms: int | None = None
        self._failing_ms = 0
        self._failed_ms: int | None = None
        self._unhealthy_until_ms = 0

    def answered(self, outcome: Outcome, now_ms: int) -> None:
        """Take note of how a try ended."""
        if outcome.kind in _WORKS:
            self._failed_ms = None
            self._unhealthy_until_ms = 0
        elif outcome.reason not in _OURS:
            self._fail(outcome.reason is Reason.BIND_REFUSED, now_ms)

    def is_unhealthy(self, now_ms: int) -> bool:
        return now_ms < self._unhealthy_until_ms

    def is_lost(self, now_ms: int, *, is_open: bool) -> bool:
        """To be asked now and then: a closed link is noticed by asking."""
        if is_open:
            self._closed_ms = None
        elif self._closed_ms is None:
            self._closed_ms = now_ms
        waited = self._closed_ms is not None and now_ms - self._closed_ms >= self.patience_ms
        return waited or self.is_unhealthy(now_ms)

    def _fail(self, is_bind: bool, now_ms: int) -> None:  # noqa: FBT001  said once, above
        if self._failed_ms is None or now_ms - self._failed_ms > self.patience_ms:
            self._failing_ms = now_ms
        self._failed_ms = now_ms
        if is_bind or now_ms - self._failing_ms >= self.patience_ms:
            self._unhealthy_until_ms = now_ms + self.patience_ms
