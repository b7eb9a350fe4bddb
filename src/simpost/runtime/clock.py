"""The clock, passed as a parameter so that tests can set it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from simpost.observe import get_logger
from simpost.runtime.component import Component

Clock = Callable[[], int]
"""Milliseconds since 1970-01-01 UTC."""

_EVERY_S: Final = 1.0
_STEP_NS: Final = 100_000_000
"""Largest correction per step: a tenth of the time since the last one."""
_JUMP_NS: Final = 1_000_000_000
_SET_NS: Final = 6 * 3_600 * 1_000_000_000
_PASSING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that continues while the machine sleeps, if there is one."""

log = get_logger(__name__)


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


_passed_ns = partial(time.clock_gettime_ns, _PASSING)


class SteadyClock(Component):
    """The wall clock without its jumps, for a store of one process.

    What is due, leased or valid until a time stays so for as long as was meant, give or take a
    tenth: it approaches the wall clock by a tenth of a second each second, so an hour takes ten.
    Past six hours the wall clock has been set, not disturbed, and is followed at once.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        passed_ns: Callable[[], int] = _passed_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._passed_ns = passed_ns
        self._offset_ns = wall_ns() - passed_ns()
        self._is_apart = False

    def now_ms(self) -> int:
        return (self._passed_ns() + self._offset_ns) // 1_000_000

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            self.follow()

    def follow(self) -> None:
        """Correct towards the wall clock; called once a second."""
        apart_ns = self._wall_ns() - self._passed_ns() - self._offset_ns
        was_apart, self._is_apart = self._is_apart, abs(apart_ns) > _JUMP_NS
        if self._is_apart and not was_apart:
            log.warning("wall_clock_jumped", seconds=round(apart_ns / 1e9))
        if abs(apart_ns) <= _SET_NS:
            apart_ns = max(-_STEP_NS, min(_STEP_NS, apart_ns))
        self._offset_ns += apart_ns
