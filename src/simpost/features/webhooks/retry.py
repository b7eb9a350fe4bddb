"""When a webhook is tried again: growing pauses with jitter, over three days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simpost.net.retry_after import retry_after_s

PAUSES_S: Final = (
    *(5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800),
    *(43_200, 43_200, 43_200, 43_200, 28_800),
)
"""Pause after each attempt of a delivery, 72 hours in all. One attempt more is the last."""
MAX_ATTEMPTS: Final = len(PAUSES_S) + 1
BREAK_AFTER: Final = 5
"""Failures in a row after which an endpoint gets one request at a time, with growing pauses."""
DISABLE_AFTER_MS: Final = 3 * 86_400_000
"""An endpoint that accepts nothing for this long is disabled."""
MAX_RETRY_AFTER_S: Final = 86_400
_JITTER: Final = 0.2


def pause_ms(attempts: int, random: Callable[[], float]) -> int:
    """Milliseconds after this many attempts; up to 10 % shorter or longer."""
    pause_s = PAUSES_S[min(attempts, len(PAUSES_S)) - 1]
    return int(1000 * pause_s * (1 + _JITTER * (random() - 0.5)))


def retry_after_ms(header: str | None, now_ms: int) -> int:
    """Milliseconds of a Retry-After header (RFC 9110 10.2.3), at most a day; 0 without one."""
    wait_s = retry_after_s(header or "", now_ms) or 0
    return int(1000 * min(wait_s, MAX_RETRY_AFTER_S))
