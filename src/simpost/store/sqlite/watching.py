"""The embedded store as whoever watches it sees it: a part of `SqliteStore`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import apsw

from simpost.ports.store_metrics import Queue, StoreCounts
from simpost.store.sqlite.queries import SQL, ask
from simpost.store.sqlite.session import Session
from simpost.store.sqlite.writer import Writer

R = TypeVar("R")


class WatchVerbs:
    """Implements `simpost.ports.store_metrics.WatchedStore`."""

    _writer: Writer
    _session: Session

    async def _read(self, query: Callable[..., R], *facts: Any) -> R:
        raise NotImplementedError

    def counts(self) -> StoreCounts:
        counts = self._writer.counts()
        counts.parked = self._session.parked
        return counts

    async def queues(self) -> list[Queue]:
        return await self._read(_queues)

    async def probe(self, *, now_ms: int) -> None:
        await self._writer.submit(_probe, now_ms)


def _queues(connection: apsw.Connection) -> list[Queue]:
    rows = ask(connection, "queues")
    return [Queue(carrier, parts, int.from_bytes(time, "big")) for carrier, parts, time in rows]


def _probe(session: Session, times_ms: Sequence[int]) -> list[None]:
    session.execute(SQL["probe"], (str(times_ms[-1]),))
    return [None] * len(times_ms)
