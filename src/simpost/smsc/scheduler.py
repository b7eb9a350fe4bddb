"""Delayed calls in one bounded heap, with one timer of the event loop."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Final, TypeAlias

MAX_ENTRIES: Final = 100_000

_Entry: TypeAlias = tuple[float, int, Callable[[], object]]


class Scheduler:
    """Calls functions after a delay."""

    def __init__(self, *, max_entries: int = MAX_ENTRIES) -> None:
        self._entries: list[_Entry] = []
        self._serial = count()
        self._timer: asyncio.TimerHandle | None = None
        self._max_entries = max_entries

    def __len__(self) -> int:
        return len(self._entries)

    def after(self, delay_s: float, call: Callable[[], object]) -> bool:
        """Call after `delay_s` seconds; False when the heap is full and it will not be called."""
        if len(self._entries) >= self._max_entries:
            return False
        entry = (asyncio.get_running_loop().time() + delay_s, next(self._serial), call)
        heapq.heappush(self._entries, entry)
        if self._entries[0] is entry:
            self._set_timer()
        return True

    def close(self) -> None:
        """Cancel all calls."""
        self._entries.clear()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._entries:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._entries[0][0], self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._entries and self._entries[0][0] <= now:
            heapq.heappop(self._entries)[2]()
        if self._timer is None:
            self._set_timer()
