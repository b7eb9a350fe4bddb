"""The store as whoever watches it sees it: a part of `PostgresStore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from simpost.ports.store_metrics import Queue, StoreCounts
from simpost.store.postgres import lanes
from simpost.store.postgres.link import Session

R = TypeVar("R")


class WatchVerbs:
    """Implements `simpost.ports.store_metrics.WatchedStore`."""

    _chores: lanes.Queue
    _counts: StoreCounts

    async def _read(self, query: Callable[..., Awaitable[R]], *facts: Any) -> R:
        raise NotImplementedError

    async def queues(self) -> list[Queue]:
        """Counts what is parked, too: no node by itself can know that."""
        found, self._counts.parked = await self._read(_queues)
        return found

    async def probe(self, *, now_ms: int) -> None:
        await self._chores.submit(_probe, now_ms)


async def _queues(session: Session) -> tuple[list[Queue], int]:
    found = [
        Queue(carrier, parts, int.from_bytes(first[:6], "big"))
        for carrier, parts, first in await session.ask("queues")
    ]
    return found, await session.value("count_parked")


async def _probe(session: Session, times_ms: Sequence[int]) -> list[None]:
    await session.ask("probe", str(max(times_ms)))
    return [None] * len(times_ms)
