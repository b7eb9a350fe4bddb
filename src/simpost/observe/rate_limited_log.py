"""Log lines that a peer can trigger: the first few of each event, then a count."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

MAX_LINES: Final = 5
PERIOD_S: Final = 60.0


class RateLimitedLog:
    """Writes the first lines of each event in a period, and at its end the number of the others.

    Events are words of ours, never what a peer sent, so that few are counted.
    """

    def __init__(self, log: FilteringBoundLogger, carrier: str) -> None:
        self._log = log
        self._carrier = carrier
        self._seen: Counter[str] = Counter()

    def warning(self, event: str, **fields: Any) -> None:
        """Must be called within the event loop."""
        if not self._seen:
            asyncio.get_running_loop().call_later(PERIOD_S, self.end_period)
        self._seen[event] += 1
        if self._seen[event] <= MAX_LINES:
            self._log.warning(event, carrier=self._carrier, **fields)

    def end_period(self) -> None:
        """Write the number of lines left out, and reset the counts."""
        seen, self._seen = self._seen, Counter()
        for event, times in seen.items():
            if times > MAX_LINES:
                self._log.warning(
                    "lines_suppressed", carrier=self._carrier, of=event, count=times - MAX_LINES
                )
