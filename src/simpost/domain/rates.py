"""A token bucket: how fast something may go, with the clock as an argument."""

from __future__ import annotations


class TokenBucket:
    """At most `rate_per_s` over time and `burst` at once; a rate of 0 means no limit."""

    __slots__ = ("_level", "_stamp_s", "burst", "rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._level = burst
        self._stamp_s = now_s

    def take(self, now_s: float, count: float = 1.0) -> float:
        """Take tokens and return 0, or take none and return the seconds to wait for them."""
        if not self.rate_per_s:
            return 0.0
        elapsed_s = max(0.0, now_s - self._stamp_s)
        self._level = min(self.burst, self._level + elapsed_s * self.rate_per_s)
        self._stamp_s = now_s
        if self._level >= count:
            self._level -= count
            return 0.0
        return (count - self._level) / self.rate_per_s
