"""The store as whoever watches it sees it: a part of `PostgresStore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from simpost.ports.watching import Queue, StoreCounts
from simpost.store.postgres import lanes
from simpost.store.postgres.link import Session

R = TypeVar("R")


class WatchVerbs:
    """Implements `simpost.ports.watching.WatchedStore`."""

    _chores: lanes.Queue
    _counts: StoreCounts

    async def _read(self, query: Callable[..., Awaitable[R]], *facts: Any) -> R:
        raise NotImplementedError

    def counts(self) -> StoreCounts:
        return self._counts

    async def queues(self) -> list[Queue]:
        return await self._read(_queues)

    async def probe(self, *, now_ms: int) -> None:
        await self._chores.submit(_probe, now_ms)


async def _queues(session: Session) -> list[Queue]:
    rows = await session.ask("queues")
    return [
        Queue(carrier, parts, int.from_bytes(first[:6], "big")) for carrier, parts, first in rows
    ]


async def _probe(session: Session, times_ms: Sequence[int]) -> list[None]:
    await session.ask("probe", str(max(times_ms)))
    return [None] * len(times_ms)
