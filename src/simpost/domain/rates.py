"""A token bucket; the time is an argument."""

from __future__ import annotations


class TokenBucket:
    """At most `rate_per_s` over time and `burst` at once; a rate of 0 means no limit."""

    __slots__ = ("_level", "_stamp_s", "burst", "rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._level = burst
        self._stamp_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Seconds until there is a token; 0 when there is one."""
        if not self.rate_per_s:
            return 0.0
        elapsed_s = max(0.0, now_s - self._stamp_s)
        self._level = min(self.burst, self._level + elapsed_s * self.rate_per_s)
        self._stamp_s = now_s
        return max(0.0, (1.0 - self._level) / self.rate_per_s)

    def take(self, now_s: float) -> float:
        """Take a token and return 0, or take none and return the seconds to wait for one."""
        wait_s = self.wait_s(now_s)
        if self.rate_per_s and not wait_s:
            self._level -= 1.0
        return wait_s
