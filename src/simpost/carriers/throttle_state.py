"""How long a connection counts as throttled: from the first such response until it recovers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from simpost.carriers.rate_control import AdaptiveRate

_LOOK_S: Final = 0.25
_LEAST_S: Final = 1.0
"""Shortest time from the last throttled response to the end."""


class ThrottleState:
    """Evaluates the rate until it is back at its limit, then calls `on_end`."""

    def __init__(self, rate: AdaptiveRate, on_end: Callable[[], None]) -> None:
        self._rate = rate
        self._on_end = on_end
        self._last_s = 0.0
        self._is_on = False

    def note(self, now_s: float) -> None:
        """A response asked for a slower rate."""
        self._last_s = now_s
        if not self._is_on:
            self._is_on = True
            self._look_later()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        now_s = time.monotonic()
        self._rate.evaluate(now_s)
        if self._rate.is_slowed or now_s - self._last_s < _LEAST_S:
            self._look_later()
        else:
            self._is_on = False
            self._on_end()
