"""The rate of one connection: its configured limit, lowered while the carrier throttles.

Pure: seconds of one monotonic clock come in as an argument.
"""

from __future__ import annotations

from typing import Final

from simpost.domain.rates import TokenBucket

_SHORTEST_S: Final = 0.05
_LONGEST_S: Final = 1.0
_ENOUGH: Final = 100
_PLENTY: Final = 10
"""Answers are judged after `_LONGEST_S`; after `_SHORTEST_S` when there are `_ENOUGH` of them, or
`_PLENTY` of them were throttled."""
_UNDECIDED_S: Final = 5.0
"""A single throttled answer among few may be chance: the interval goes on for that long."""

_NOISE: Final = 0.05
"""A smaller share of throttled answers finds no limit: those parts wait, the rest keep pace."""
_MARGIN: Final = 0.1
"""How far below what was taken we go, at most, so that the message centre's queue can empty."""
_LARGEST_CUT: Final = 8.0
_CONGESTION_CUT: Final = 0.3
"""How much of the rate goes in a second of answers that tell of congestion."""
_SLOWEST_PER_S: Final = 1.0
_FREE_PER_S: Final = 100_000.0
"""A bind without a rate of its own that has grown back to this is free again."""

_FIRST_STEP: Final = 0.02
_LARGEST_STEP: Final = 1.0
"""Growth in a second, as a share of the rate; each further quiet second doubles it."""
_BURST_S: Final = 0.1
_SLOWED_BURST_S: Final = 0.02


class AdaptiveRate:
    """A token bucket whose rate falls when submits are throttled, and grows back.

    When a share of an interval's answers was throttled, the rate falls at once to a little below
    what was taken; then it grows, each second by twice the share of the one before.

    Attributes:
        limit_per_s: the rate that was configured; 0 is no limit.
        in_flight: submits that have not ended yet.
        is_slowed: the rate is below `limit_per_s` because answers asked for it.
    """

    __slots__ = (
        "_answered",
        "_bucket",
        "_congested",
        "_measured_per_s",
        "_since_s",
        "_stale",
        "_step",
        "_throttled",
        "in_flight",
        "is_slowed",
        "limit_per_s",
    )

    def __init__(self, limit_per_s: float, now_s: float) -> None:
        self.limit_per_s = limit_per_s
        self.is_slowed = False
        self._bucket = TokenBucket(limit_per_s, max(1.0, limit_per_s * _BURST_S), now_s)
        self.in_flight = self._stale = 0
        self._since_s = now_s
        self._answered = self._throttled = self._congested = 0
        self._measured_per_s = 0.0
        self._step = _FIRST_STEP

    @property
    def allowed_per_s(self) -> float:
        """The rate that holds now; 0 is no limit."""
        return self._bucket.rate_per_s

    @property
    def is_limited(self) -> bool:
        """Whether there is a rate at all, and so ever a wait."""
        return self._bucket.rate_per_s > 0

    def measured_per_s(self, now_s: float) -> float:
        """Responses per second in the last interval."""
        elapsed_s = now_s - self._since_s
        recent = elapsed_s < 2 * _LONGEST_S
        return self._measured_per_s if recent else self._answered / elapsed_s

    def wait_s(self, now_s: float) -> float:
        """Seconds until a submit may leave; 0 when one may."""
        return self._bucket.wait_s(now_s)

    def take(self, now_s: float) -> None:
        """A submit leaves; `on_response` must follow, also when it ends without an answer."""
        self.in_flight += 1
        if self.is_limited:
            self._bucket.take(now_s)

    def on_response(
        self, now_s: float, *, throttled: bool = False, congested: bool = False
    ) -> None:
        """A submit was answered: asked to slow down, or told that the centre is near congestion.

        What left before the last cut says nothing about the rate after it.
        """
        self.in_flight -= 1
        if self._stale:
            self._stale -= 1
            return
        if now_s - self._since_s >= _SHORTEST_S:
            self.evaluate(now_s)
        self._answered += 1
        if throttled:
            self._throttled += 1
        if congested:
            self._congested += 1

    def evaluate(self, now_s: float) -> None:
        """Draw the conclusion of an interval, when it is long enough for one.

        Answers lead here; while the pace is slowed it has to be called without them, too.
        """
        answered, throttled, elapsed_s = self._answered, self._throttled, now_s - self._since_s
        if elapsed_s < _LONGEST_S:
            if elapsed_s < _SHORTEST_S or (answered < _ENOUGH and throttled < _PLENTY):
                return
        elif throttled == 1 and answered < _ENOUGH and elapsed_s < _UNDECIDED_S:
            return
        self._measured_per_s = answered / elapsed_s
        if throttled > 1 + _NOISE * answered:
            self._slow_down(throttled / answered, answered / min(elapsed_s, _UNDECIDED_S))
        elif self._congested:
            rate_per_s = self.allowed_per_s or self._measured_per_s
            self._lower(rate_per_s * (1.0 - _CONGESTION_CUT * min(elapsed_s, _LONGEST_S)))
        elif self.is_slowed:
            self._grow(min(elapsed_s, _LONGEST_S))
        self._since_s = now_s
        self._answered = self._throttled = self._congested = 0

    def _slow_down(self, share: float, sent_per_s: float) -> None:
        if limit := self.allowed_per_s:
            sent_per_s = min(sent_per_s, limit)
        taken_per_s = sent_per_s * (1.0 - share) * (1.0 - min(share, _MARGIN))
        self._lower(max(taken_per_s, sent_per_s / _LARGEST_CUT))

    def _lower(self, rate_per_s: float) -> None:
        self.is_slowed = True
        self._step = _FIRST_STEP
        self._stale = self.in_flight
        slowest = min(_SLOWEST_PER_S, self.limit_per_s or _SLOWEST_PER_S)
        self._set(max(rate_per_s, slowest), _SLOWED_BURST_S)

    def _grow(self, elapsed_s: float) -> None:
        rate_per_s = self.allowed_per_s * (1.0 + self._step * elapsed_s)
        self._step = min(_LARGEST_STEP, self._step * 2.0**elapsed_s)
        if rate_per_s < (self.limit_per_s or _FREE_PER_S):
            self._set(rate_per_s, _SLOWED_BURST_S)
        else:
            self.is_slowed = False
            self._set(self.limit_per_s, _BURST_S)

    def _set(self, rate_per_s: float, burst_s: float) -> None:
        self._bucket.rate_per_s = rate_per_s
        self._bucket.burst = max(1.0, rate_per_s * burst_s)
