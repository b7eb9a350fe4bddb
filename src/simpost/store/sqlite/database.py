"""The file and the ways to it: the writer, a reader in a thread, and look-ups on the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import apsw

from simpost.errors import StoreDamaged, StoreError, StoreTimeout
from simpost.observe import get_logger
from simpost.store.shared.steps import Steps
from simpost.store.sqlite import deletion, shared_verbs
from simpost.store.sqlite.connection import translate
from simpost.store.sqlite.deadline import LOOKUP_S, READ_S, Deadline
from simpost.store.sqlite.lock import OwnerLock
from simpost.store.sqlite.session import SqliteSession
from simpost.store.sqlite.soundness import check_sound
from simpost.store.sqlite.writer import Writer

P = ParamSpec("P")
R = TypeVar("R")

_MOST_SHRINKING = 500
"""Steps at a time in which the file is made smaller; the next hour goes on."""

_logger = get_logger(__name__)


class SqliteDatabase:
    """One open file.

    Attributes:
        write: runs a verb in the writer's next transaction; the result after its commit.
    """

    def __init__(
        self,
        path: Path,
        lock: OwnerLock,
        session: SqliteSession,
        others: tuple[apsw.Connection, apsw.Connection, apsw.Connection],
    ) -> None:
        """`others` are the connections of checkpoints, look-ups and reads."""
        self.path = path
        self.session = session
        self.texts = session.texts
        self.checkpointer, self.lookup, self.listing = others
        self._loop = asyncio.get_running_loop()
        self.writer = Writer(session, self.checkpointer, self._loop)
        self.writer.suspect = self._suspect
        self.write = self.writer.submit
        self._lock = lock
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._read_deadline = Deadline(self.listing, READ_S)
        self._lookup_deadline = Deadline(self.lookup, LOOKUP_S)
        self._checking: asyncio.Task[None] | None = None
        self._closed = False
        self._has_snapshot = False

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._checking is not None:
            await self._checking
        await self.writer.close()
        await asyncio.to_thread(self._reader.shutdown)
        for connection in (self.checkpointer, self.lookup, self.listing, self.session.connection):
            connection.close()
        self._lock.release()

    async def read(self, query: Callable[..., R], *parameters: Any) -> R:
        """Run a query in the reader's thread, so that a long one never holds up the loop."""
        if self._closed:
            raise StoreError("the store is closed")
        self.writer.refuse_if_damaged()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(READ_S):
                return await loop.run_in_executor(self._reader, self._ask, query, *parameters)
        except TimeoutError:
            raise self._suspect(StoreTimeout()) from None
        except apsw.Error as error:
            raise self._suspect(translate(error)) from error

    def look_up(self, query: Callable[..., R], *parameters: Any) -> R:
        """Run a query on the loop itself: a point look-up costs less than a thread's hand-over.

        Look-ups of one turn of the loop share a snapshot of the file; `end_snapshot` ends it
        earlier.
        """
        self._lookup_deadline.begin()
        try:
            if not self._has_snapshot:
                self.lookup.execute("BEGIN")
                self._has_snapshot = True
                self._loop.call_soon(self.end_snapshot)
            return query(self.lookup, *parameters)
        except apsw.Error as error:
            raise self._suspect(translate(error)) from error

    def end_snapshot(self) -> None:
        """Let the next look-up see everything that is committed by then."""
        self._has_snapshot = False
        if not self._closed and self.lookup.in_transaction:
            self.lookup.execute("COMMIT")

    async def transact(self, verb: Callable[P, Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a shared verb in the writer's next transaction; the result after its commit."""
        result: R = await self.write(shared_verbs.write, partial(verb, *args, **kwargs))
        return result

    async def query(self, verb: Callable[P, Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a shared verb that only reads, in the reader's thread."""
        return await self.read(shared_verbs.read, partial(verb, *args, **kwargs))

    async def shrink(self) -> None:
        """Return the pages of deleted rows, and empty the journal, which still has the rows."""
        for _ in range(_MOST_SHRINKING):
            self.writer.empty_journal()
            if not await self.write(deletion.shrink, None):
                return

    def _ask(self, query: Callable[..., R], *parameters: Any) -> R:
        self._read_deadline.begin()
        return query(self.listing, *parameters)

    def _suspect(self, meaning: StoreError) -> StoreError:
        """Refuse everything when the file is damaged; when it is slow, check whether it is."""
        if isinstance(meaning, StoreDamaged):
            self.writer.refuse(meaning)
        elif isinstance(meaning, StoreTimeout) and not self._closed and not self._checking:
            self._checking = asyncio.get_running_loop().create_task(self._check())
        return meaning

    async def _check(self) -> None:
        """Once: a store that is slow again and again is not read as a whole each time."""
        try:
            await asyncio.to_thread(check_sound, self.path)
        except StoreDamaged as damage:
            self.writer.refuse(damage)
        except StoreError as error:
            _logger.error("store_not_checked", error=str(error))
