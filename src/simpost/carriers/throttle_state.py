"""How long a connection is throttled: from the first such response until the rate recovers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from simpost.carriers.rate_control import AdaptiveRate

_CHECK_INTERVAL_S: Final = 0.25
_MIN_S: Final = 1.0
"""Shortest time between the last throttled response and the end."""


class ThrottleState:
    """Evaluates the rate regularly until it is back at its limit, then calls `on_end`."""

    def __init__(self, rate: AdaptiveRate, on_end: Callable[[], None]) -> None:
        self._rate = rate
        self._on_end = on_end
        self._last_s = 0.0
        self._is_on = False

    def note(self, now_s: float) -> None:
        """Record a response that asked for a slower rate."""
        self._last_s = now_s
        if not self._is_on:
            self._is_on = True
            self._check_later()

    def _check_later(self) -> None:
        asyncio.get_running_loop().call_later(_CHECK_INTERVAL_S, self._check)

    def _check(self) -> None:
        now_s = time.monotonic()
        self._rate.evaluate(now_s)
        if self._rate.is_slowed or now_s - self._last_s < _MIN_S:
            self._check_later()
        else:
            self._is_on = False
            self._on_end()
