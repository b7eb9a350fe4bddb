"""Deadlines: a statement that runs too long is ended, even on a damaged file.

In a damaged index a statement may never end, and every request after it would wait.
"""

from __future__ import annotations

import math
from time import monotonic
from typing import Final

import apsw

READ_S: Final = 10.0
"""Longest that a read runs, and longest that its caller waits, for other reads too."""
LOOKUP_S: Final = 1.0
"""Longest that a read on the event loop runs."""
WRITE_S: Final = 5.0
"""Longest that the statements of one transaction run."""
_STEPS: Final = 100_000
"""Steps of SQLite between two looks at the clock: about a millisecond."""


class Deadline:
    """Of one connection; its statements raise `apsw.InterruptError` when it is over."""

    def __init__(self, connection: apsw.Connection, seconds: float) -> None:
        self._seconds = seconds
        self._ends_s = math.inf
        connection.set_progress_handler(self._is_over, _STEPS)

    def begin(self) -> None:
        """From now on the time runs."""
        self._ends_s = monotonic() + self._seconds

    def _is_over(self) -> bool:
        return monotonic() > self._ends_s
