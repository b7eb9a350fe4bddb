"""One connection to the database: opened when it is needed, and again after it was lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any, Final

import asyncpg

from simpost.errors import StoreError
from simpost.ports.store.health import PendingCounts, StoreCounts
from simpost.store.postgres.connector import SETTINGS, connect
from simpost.store.postgres.dsn import DatabaseUrl
from simpost.store.postgres.failures import DatabaseUnreachable, is_lost
from simpost.store.postgres.queries import SQL
from simpost.store.text_seal import TextSeal

_MOST_PAUSE_S: Final = 1.0
_BEGIN_POOLED: Final = "; ".join(
    ["BEGIN", *(f"SET LOCAL {name} = {value}" for name, value in SETTINGS.items())]
)


class PostgresSession:
    """A connection that one verb uses at a time.

    Attributes:
        node: owner of the leases of parts that a lane takes straight from memory.
        pending: counts since the last commit, not in the metrics yet.
    """

    def __init__(
        self,
        connection: asyncpg.Connection[Any],
        *,
        is_pooled: bool,
        node: str,
        counts: StoreCounts,
        texts: TextSeal | None = None,
    ) -> None:
        self.connection = connection
        self.node = node
        self.pending = PendingCounts()
        self._texts = texts
        self._counts = counts
        self._is_pooled = is_pooled
        self._inside = False

    @property
    def texts(self) -> TextSeal:
        """Seals and opens texts; only sessions of the store have it."""
        assert self._texts is not None
        return self._texts

    async def execute(self, name: str, *parameters: Any) -> list[Any]:
        """The rows of a named statement; outside of a transaction it is one by itself."""
        return await self.fetch(SQL[name], *parameters)

    async def fetch(self, statement: str, *parameters: Any) -> list[Any]:
        """The rows of any statement; outside of a transaction it is one by itself."""
        if self._is_pooled and not self._inside:
            async with self.transaction():
                return await self.fetch(statement, *parameters)
        rows: list[Any] = await self.connection.fetch(statement, *parameters)
        return rows

    async def scalar(self, name: str, *parameters: Any) -> Any:
        """The first column of the first row of a named statement; `None` without a row."""
        rows = await self.execute(name, *parameters)
        return rows[0][0] if rows else None

    def count(self) -> None:
        """Add the pending counts to the metrics: what they count is committed."""
        self._counts.take(self.pending)

    async def run_script(self, script: str) -> None:
        """Run statements without parameters, in a transaction."""
        assert self._inside
        await self.connection.execute(script)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Commit the statements inside together. Within a transaction it is a part of that."""
        if self._inside:
            yield
            return
        self.count()
        await self.connection.execute(_BEGIN_POOLED if self._is_pooled else "BEGIN")
        self._inside = True
        try:
            yield
        except BaseException as error:
            self._inside = False
            self.pending.clear()
            if not is_lost(error):
                await self.connection.execute("ROLLBACK")
            raise
        self._inside = False
        try:
            await self.connection.execute("COMMIT")
        except BaseException:
            self.pending.clear()
            raise
        self.count()


class ManagedConnection:
    """At most one open connection, which one caller uses at a time.

    `keeps_plans`: plan each statement once, for connections whose statements have a plan that is
    good for all parameters.
    """

    def __init__(
        self,
        address: DatabaseUrl,
        *,
        node: str,
        counts: StoreCounts | None = None,
        keeps_plans: bool = False,
        texts: TextSeal | None = None,
    ) -> None:
        self._address = address
        self._keeps_plans = keeps_plans
        self._texts = texts
        self._node = node
        self._counts = counts or StoreCounts()
        self._session: PostgresSession | None = None
        self._lock = asyncio.Lock()
        self._closed = False
        self._again_s = 0.0

    @contextlib.asynccontextmanager
    async def use(self) -> AsyncIterator[PostgresSession]:
        """Lend the connection. It is closed after an error that may have broken it.

        Raises DatabaseUnreachable when there is no connection and none can be opened.
        """
        async with self._lock:
            session = self._session
            if session is None or session.connection.is_closed():
                session = await self._connect()
            try:
                yield session
            except BaseException as error:
                if is_lost(error):
                    self._drop()
                raise
            finally:
                session.count()

    async def close(self) -> None:
        async with self._lock:
            self._closed = True
            if self._session is not None:
                with contextlib.suppress(Exception):
                    await self._session.connection.close(timeout=2)
                self._drop()

    async def _connect(self) -> PostgresSession:
        if self._closed:
            raise StoreError("the store is closed")
        self._session = None
        address = self._address
        begun_s = monotonic()
        if begun_s < self._again_s:
            raise DatabaseUnreachable
        try:
            connection = await connect(
                address.url, is_pooled=address.is_pooled, keeps_plans=self._keeps_plans
            )
        except DatabaseUnreachable:
            # Callers that waited for this attempt must not wait for one each.
            now_s = monotonic()
            self._again_s = now_s + min(_MOST_PAUSE_S, now_s - begun_s)
            raise
        self._session = PostgresSession(
            connection,
            is_pooled=address.is_pooled,
            node=self._node,
            counts=self._counts,
            texts=self._texts,
        )
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.connection.terminate()
            self._session = None
