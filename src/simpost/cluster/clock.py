"""One clock for all nodes: that of the database, carried on by each machine's monotonic one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from simpost.runtime.component import Component

_NOISE_NS: Final = 100_000_000
"""A smaller difference is the way to the database and back."""
_PASSING: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where there is such a clock: a lease does, too."""


def passed_s() -> float:
    """Seconds since some time in the past."""
    return time.clock_gettime(_PASSING)


def _passed_ns() -> int:
    return time.clock_gettime_ns(_PASSING)


class SharedClock(Component):
    """What a wall clock does, jumps of an hour among it, moves no lease and no retry here."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = _passed_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._offset_ns = wall_ns() - monotonic_ns()

    def now_ns(self) -> int:
        return self._monotonic_ns() + self._offset_ns

    def now_ms(self) -> int:
        return self.now_ns() // 1_000_000

    def heard(self, now_ms: int, way_s: float) -> None:
        """The database told its time just now; asking took `way_s`."""
        behind_ns = now_ms * 1_000_000 - self.now_ns()
        if abs(behind_ns) > max(_NOISE_NS, int(1e9 * way_s)):
            self._offset_ns += behind_ns
