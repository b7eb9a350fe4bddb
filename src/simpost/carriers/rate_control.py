"""The rate of one connection: its configured limit, lowered while the carrier throttles.

Pure: the time is an argument, in seconds of one monotonic clock.
"""

from __future__ import annotations

from typing import Final

from simpost.domain.rates import TokenBucket

_MIN_INTERVAL_S: Final = 0.05
_MAX_INTERVAL_S: Final = 1.0
_ENOUGH_RESPONSES: Final = 100
_ENOUGH_THROTTLED: Final = 10
"""An interval ends after `_MAX_INTERVAL_S`. It ends after `_MIN_INTERVAL_S` if it has
`_ENOUGH_RESPONSES`, or `_ENOUGH_THROTTLED` of them were throttled."""
_CHANCE_INTERVAL_S: Final = 5.0
"""One throttled response among few may be chance: then the interval may last this long."""

_CHANCE_SHARE: Final = 0.05
"""A smaller share of throttled responses does not lower the rate."""
_MARGIN: Final = 0.1
"""The rate is set at most this share below what was accepted, so that the carrier's queue can
empty."""
_MAX_CUT: Final = 8.0
"""The rate is divided by at most this factor at a time."""
_CONGESTION_CUT_PER_S: Final = 0.3
"""Share by which the rate falls per second while responses report congestion."""
_MIN_RATE_PER_S: Final = 1.0
_UNLIMITED_PER_S: Final = 100_000.0
"""A connection without a configured rate is unlimited again when its rate has grown to this."""

_FIRST_STEP: Final = 0.02
_MAX_STEP: Final = 1.0
"""Growth per second, as a share of the rate. It doubles with each second without throttling."""
_BURST_S: Final = 0.1
_SLOWED_BURST_S: Final = 0.02


class AdaptiveRate:
    """A token bucket whose rate falls when parts are throttled, and grows back.

    If more than a small share of the responses of an interval was throttled, the rate falls at once
    to a little below what was accepted. Then it grows, each second by twice the share of the
    second before.

    Attributes:
        limit_per_s: the configured rate; 0 for no limit.
        in_flight: parts sent that have not ended yet.
        is_slowed: whether responses lowered the rate below `limit_per_s`.
    """

    __slots__ = (
        "_bucket",
        "_congested",
        "_measured_per_s",
        "_responses",
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
        self._responses = self._throttled = self._congested = 0
        self._measured_per_s = 0.0
        self._step = _FIRST_STEP

    @property
    def allowed_per_s(self) -> float:
        """The present rate; 0 for no limit."""
        return self._bucket.rate_per_s

    @property
    def is_limited(self) -> bool:
        """Whether there is a rate; without one `wait_s` is always 0."""
        return self._bucket.rate_per_s > 0

    def measured_per_s(self, now_s: float) -> float:
        """Responses per second in the last interval."""
        elapsed_s = now_s - self._since_s
        recent = elapsed_s < 2 * _MAX_INTERVAL_S
        return self._measured_per_s if recent else self._responses / elapsed_s

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next part may be sent; 0 if it may be sent now."""
        return self._bucket.wait_s(now_s)

    def take(self, now_s: float) -> None:
        """Count a part that is sent. `on_response` must follow, also if no response comes."""
        self.in_flight += 1
        if self.is_limited:
            self._bucket.take(now_s)

    def on_response(
        self, now_s: float, *, throttled: bool = False, congested: bool = False
    ) -> None:
        """Count a part that ended. `congested`: the carrier reported that congestion is near.

        Parts sent before the last cut are ignored: they say nothing about the rate after it.
        """
        self.in_flight -= 1
        if self._stale:
            self._stale -= 1
            return
        if now_s - self._since_s >= _MIN_INTERVAL_S:
            self.evaluate(now_s)
        self._responses += 1
        if throttled:
            self._throttled += 1
        if congested:
            self._congested += 1

    def evaluate(self, now_s: float) -> None:
        """Adjust the rate if the interval is long enough.

        Responses call it. While the rate is slowed it must be called without responses, too.
        """
        responses, throttled, elapsed_s = self._responses, self._throttled, now_s - self._since_s
        if elapsed_s < _MAX_INTERVAL_S:
            if elapsed_s < _MIN_INTERVAL_S or (
                responses < _ENOUGH_RESPONSES and throttled < _ENOUGH_THROTTLED
            ):
                return
        elif throttled == 1 and responses < _ENOUGH_RESPONSES and elapsed_s < _CHANCE_INTERVAL_S:
            return
        self._measured_per_s = responses / elapsed_s
        if throttled > 1 + _CHANCE_SHARE * responses:
            self._slow_down(throttled / responses, responses / min(elapsed_s, _CHANCE_INTERVAL_S))
        elif self._congested:
            rate_per_s = self.allowed_per_s or self._measured_per_s
            self._lower(
                rate_per_s * (1.0 - _CONGESTION_CUT_PER_S * min(elapsed_s, _MAX_INTERVAL_S))
            )
        elif self.is_slowed:
            self._grow(min(elapsed_s, _MAX_INTERVAL_S))
        self._since_s = now_s
        self._responses = self._throttled = self._congested = 0

    def _slow_down(self, share: float, sent_per_s: float) -> None:
        if limit := self.allowed_per_s:
            sent_per_s = min(sent_per_s, limit)
        taken_per_s = sent_per_s * (1.0 - share) * (1.0 - min(share, _MARGIN))
        self._lower(max(taken_per_s, sent_per_s / _MAX_CUT))

    def _lower(self, rate_per_s: float) -> None:
        self.is_slowed = True
        self._step = _FIRST_STEP
        self._stale = self.in_flight
        slowest = min(_MIN_RATE_PER_S, self.limit_per_s or _MIN_RATE_PER_S)
        self._set(max(rate_per_s, slowest), _SLOWED_BURST_S)

    def _grow(self, elapsed_s: float) -> None:
        rate_per_s = self.allowed_per_s * (1.0 + self._step * elapsed_s)
        self._step = min(_MAX_STEP, self._step * 2.0**elapsed_s)
        if rate_per_s < (self.limit_per_s or _UNLIMITED_PER_S):
            self._set(rate_per_s, _SLOWED_BURST_S)
        else:
            self.is_slowed = False
            self._set(self.limit_per_s, _BURST_S)

    def _set(self, rate_per_s: float, burst_s: float) -> None:
        self._bucket.rate_per_s = rate_per_s
        self._bucket.burst = max(1.0, rate_per_s * burst_s)
