"""Whether an API can be reached, and when the next request may be sent."""

from __future__ import annotations

import time
from typing import Final

from simpost.observe import get_logger

_MIN_PAUSE_S: Final = 0.5
MAX_PAUSE_S: Final = 5.0
"""Pauses after failed connections. The longest is shorter than `messages.failover_after_s`, because
failover measures for how long requests keep failing."""

log = get_logger(__name__)


class Reach:
    """The state after the last request: reached or failing, and the pauses that follow.

    Attributes:
        failing_since_s: since when nothing was reached; `None` if the API can be reached.
        not_before_s: when the next request may be sent.
        problem: a sentence; empty if the API can be reached.
    """

    def __init__(self, carrier: str) -> None:
        self.failing_since_s: float | None = None
        self.not_before_s = 0.0
        self.problem = ""
        self._carrier = carrier
        self._pause_s = _MIN_PAUSE_S
        self._closed_until_s = 0.0

    @property
    def is_closed(self) -> bool:
        """Whether no request is sent for minutes, so that no part should wait."""
        return time.monotonic() < self._closed_until_s

    @property
    def failing_for_s(self) -> float:
        """Seconds; 0 also while it is closed, because another node would be refused as well."""
        if self.failing_since_s is None or self.is_closed:
            return 0.0
        return time.monotonic() - self.failing_since_s

    def fail(self, problem: str) -> None:
        """Note that nothing was reached: pause, each time for longer."""
        now_s = time.monotonic()
        if self.failing_since_s is None:
            self.failing_since_s = now_s
            log.warning("carrier_unreachable", carrier=self._carrier, problem=problem)
        self.problem = problem
        self.wait(self._pause_s)
        self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)

    def close(self, wait_s: float) -> None:
        """Let no part wait here for this long."""
        self._closed_until_s = time.monotonic() + wait_s

    def wait(self, wait_s: float) -> None:
        """Send no request for this long."""
        self.not_before_s = max(self.not_before_s, time.monotonic() + wait_s)

    def succeed(self) -> None:
        """Note that the API responded."""
        if self.failing_since_s is not None:
            log.info("carrier_reachable", carrier=self._carrier)
        self.failing_since_s = None
        self._pause_s = _MIN_PAUSE_S
        self._closed_until_s = 0.0
        self.problem = ""
