"""Collect what happens while a commit runs, and commit it together next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from simpost.errors import StoreError
from simpost.observe import get_logger

Item = TypeVar("Item")

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0

log = get_logger(__name__)


class Collector(Generic[Item]):
    """One commit at a time; whatever was added meanwhile goes into the next.

    A commit the store refuses is tried again until it succeeds: the items are facts that
    happened. Whoever adds bounds how many are open, by waiting for `committed`.
    """

    def __init__(
        self,
        commit: Callable[[list[Item]], Awaitable[None]],
        committed: Callable[[list[Item]], None],
    ) -> None:
        self._commit = commit
        self._committed = committed
        self._items: list[Item] = []
        self._some = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, item: Item) -> None:
        if not self._items:
            self._some.set()
            self._idle.clear()
        self._items.append(item)

    async def run(self) -> None:
        """Commit until cancelled."""
        pause_s = _FIRST_PAUSE_S
        while True:
            await self._some.wait()
            self._some.clear()
            items, self._items = self._items, []
            while True:
                try:
                    await self._commit(items)
                except StoreError as error:
                    log.error("commit_refused", waiting=len(items), error=str(error))
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                else:
                    break
            pause_s = _FIRST_PAUSE_S
            self._committed(items)
            if not self._items:
                self._idle.set()

    async def drained(self) -> None:
        """Wait until everything added so far is committed."""
        await self._idle.wait()
