"""One clock for all nodes: the database's, continued by the monotonic clock of each machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from simpost.runtime.component import Component

_TOLERANCE_NS: Final = 100_000_000
"""A smaller difference may be network delay."""
_MONOTONIC: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""CLOCK_BOOTTIME, where it exists, runs while the machine sleeps; leases do, too."""


def monotonic_s() -> float:
    """Seconds since an arbitrary time in the past; time asleep counts if the system supports it."""
    return time.clock_gettime(_MONOTONIC)


def _monotonic_ns() -> int:
    return time.clock_gettime_ns(_MONOTONIC)


class SharedClock(Component):
    """The time of the database. Jumps of the wall clock do not move leases and retries."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = _monotonic_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._offset_ns = wall_ns() - monotonic_ns()

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return self._monotonic_ns() + self._offset_ns

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self.now_ns() // 1_000_000

    def adjust(self, now_ms: int, round_trip_s: float) -> None:
        """Follow the time that the database returned just now, after `round_trip_s`."""
        behind_ns = now_ms * 1_000_000 - self.now_ns()
        if abs(behind_ns) > max(_TOLERANCE_NS, int(1e9 * round_trip_s)):
            self._offset_ns += behind_ns
