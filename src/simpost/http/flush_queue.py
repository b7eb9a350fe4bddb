"""One write for what a turn of the event loop answers on a connection, at the end of the turn.

Head and body come apart from the application, each a system call otherwise. And a caller that is
woken by the first answer of a turn has less to wait for than one woken in the middle of it.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Flushable(Protocol):
    def flush(self) -> None:
        """Write what is there. Must not raise: others wait behind."""


class FlushQueue:
    """The connections of a server that have something to write when the turn ends."""

    def __init__(self) -> None:
        self._waiting: list[Flushable] = []

    def add(self, each: Flushable) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(each)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.flush()
