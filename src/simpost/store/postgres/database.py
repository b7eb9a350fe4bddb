"""The connections of one process, by what they are for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

from simpost.errors import StoreError, StoreTimeout
from simpost.ports.store.health import StoreCounts
from simpost.store.postgres.address import Address
from simpost.store.postgres.failures import translating
from simpost.store.postgres.lanes import Queue
from simpost.store.postgres.link import Link, Session
from simpost.store.postgres.listening import Crier, Listener
from simpost.store.seal import Seal

R = TypeVar("R")

READERS: Final = 3
READ_S: Final = 12.0
"""Longest that a read takes, its wait for a connection and all its statements included."""
_MOST_READS: Final = 1_000


class Database:
    """At most nine connections of its own, and READERS.

    Attributes:
        accepting, outcomes, claims, chores, lookups: queues with a connection each, for accepted
            messages, what carriers say, claims, all other writes, and eSIMs.
        crier, listener: say and hear that parts are queued; the listener is `None` behind a pooler
            without a URL around it.
    """

    def __init__(self, address: Address, *, seal: Seal, node: str) -> None:
        self.seal = seal
        self._counts = StoreCounts()

        def link() -> Link:
            return Link(address, node=node, counts=self._counts, keeps_plans=True)

        self.accepting = Queue(link(), counts=self._counts)
        self.outcomes = Queue(link(), counts=self._counts)
        self.claims = Queue(link(), counts=self._counts)
        self.chores = Queue(link(), counts=self._counts)
        self.lookups = Queue(link())
        self.crier = Crier(link(), node)
        self.listener = Listener(address.listen_url, node) if address.listen_url else None
        self.readers = [Link(address, node=node) for _ in range(READERS)]
        self._free = asyncio.LifoQueue[Link]()
        for reader in self.readers:
            self._free.put_nowait(reader)
        self._reads = 0
        self._closed = False

    def counts(self) -> StoreCounts:
        queues = (self.accepting, self.outcomes, self.claims, self.chores)
        self._counts.waiting = sum(queue.waiting for queue in queues)
        return self._counts

    async def read(self, query: Callable[..., Awaitable[R]], *facts: Any) -> R:
        """Run a query on a reader that is free, so that a long one holds up no other verb."""
        try:
            async with asyncio.timeout(READ_S), self.borrowed() as session:
                return await query(session, *facts)
        except TimeoutError:
            raise StoreTimeout from None

    @contextlib.asynccontextmanager
    async def borrowed(self) -> AsyncIterator[Session]:
        """A session of a reader that is free."""
        if self._closed:
            raise StoreError("the store is closed")
        if self._reads >= _MOST_READS:
            raise StoreError(f"the store is busy: {_MOST_READS} reads wait")
        self._reads += 1
        try:
            with translating():
                reader = await self._free.get()
                try:
                    async with reader.use() as session:
                        yield session
                finally:
                    self._free.put_nowait(reader)
        finally:
            self._reads -= 1

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for queue in (self.accepting, self.outcomes, self.claims, self.chores, self.lookups):
            await queue.close()
        await self.crier.close()
        if self.listener is not None:
            await self.listener.close()
        for reader in self.readers:
            await reader.close()
