"""The clock of the engine: passed to whoever needs it, so that tests can set it."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since 1970-01-01 UTC."""


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000
