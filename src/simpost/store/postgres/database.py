"""The connections of one process, by what they are for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from simpost.errors import StoreError, StoreTimeout
from simpost.ports.store.health import StoreCounts
from simpost.store.postgres import shared_verbs
from simpost.store.postgres.batch_queue import BatchQueue
from simpost.store.postgres.connection import ManagedConnection, PostgresSession
from simpost.store.postgres.dsn import DatabaseUrl
from simpost.store.postgres.failures import translating
from simpost.store.postgres.notifications import Listener, Notifier
from simpost.store.secret_box import SecretBox
from simpost.store.shared.steps import Steps
from simpost.store.text_seal import TextSeal

P = ParamSpec("P")
R = TypeVar("R")

READERS: Final = 3
READ_S: Final = 12.0
"""Longest that a read takes, its wait for a connection and all its statements included."""
_MOST_READS: Final = 1_000


class PostgresDatabase:
    """At most nine connections of its own, and READERS.

    Attributes:
        accepting, outcomes, claims, chores, lookups: queues with a connection each, for accepted
            messages, what carriers say, claims, all other writes, and eSIMs.
        notifier, listener: tell and learn that parts are queued; the listener is `None` behind a
            pooler, without a URL around it.
    """

    def __init__(
        self, address: DatabaseUrl, *, seal: SecretBox, texts: TextSeal, node: str
    ) -> None:
        self.seal = seal
        self.texts = texts
        self._counts = StoreCounts()

        def link() -> ManagedConnection:
            return ManagedConnection(
                address, node=node, counts=self._counts, keeps_plans=True, texts=texts
            )

        self.accepting = BatchQueue(link(), counts=self._counts)
        self.outcomes = BatchQueue(link(), counts=self._counts)
        self.claims = BatchQueue(link(), counts=self._counts)
        self.chores = BatchQueue(link(), counts=self._counts)
        self.lookups = BatchQueue(link())
        self.notifier = Notifier(link(), node)
        self.listener = Listener(address.listen_url, node) if address.listen_url else None
        self.readers = [ManagedConnection(address, node=node, texts=texts) for _ in range(READERS)]
        self._free = asyncio.LifoQueue[ManagedConnection]()
        for reader in self.readers:
            self._free.put_nowait(reader)
        self._reads = 0
        self._closed = False

    def counts(self) -> StoreCounts:
        queues = (self.accepting, self.outcomes, self.claims, self.chores)
        self._counts.waiting = sum(queue.waiting for queue in queues)
        return self._counts

    async def read(self, query: Callable[..., Awaitable[R]], *parameters: Any) -> R:
        """Run a query on a reader that is free, so that a long one holds up no other verb."""
        try:
            async with asyncio.timeout(READ_S), self.borrowed() as session:
                return await query(session, *parameters)
        except TimeoutError:
            raise StoreTimeout from None

    async def transact(self, verb: Callable[P, Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a shared verb in a transaction; the result after its commit."""
        result: R = await self.chores.submit(shared_verbs.write, partial(verb, *args, **kwargs))
        return result

    async def query(self, verb: Callable[P, Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a shared verb that only reads, on a reader that is free."""
        return await self.read(shared_verbs.read, partial(verb, *args, **kwargs))

    @contextlib.asynccontextmanager
    async def borrowed(self) -> AsyncIterator[PostgresSession]:
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
        await self.notifier.close()
        if self.listener is not None:
            await self.listener.close()
        for reader in self.readers:
            await reader.close()
