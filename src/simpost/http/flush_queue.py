"""Writes the responses of one iteration of the event loop at its end, once per connection.

The application sends head and body separately; each would be a system call. Writing at the end also
wakes local clients only when no response is left to compute.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Flushable(Protocol):
    """A connection with collected octets."""

    def flush(self) -> None:
        """Write the collected octets. Must not raise: that would skip the other connections."""


class FlushQueue:
    """Connections with octets to write at the end of this iteration of the event loop."""

    def __init__(self) -> None:
        self._pending: list[Flushable] = []

    def add(self, each: Flushable) -> None:
        """Flush this connection at the end of the iteration. Call once until it is flushed."""
        if not self._pending:
            asyncio.get_running_loop().call_soon(self._flush)
        self._pending.append(each)

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        for each in pending:
            each.flush()
