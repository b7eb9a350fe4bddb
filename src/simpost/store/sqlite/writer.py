"""The writer: verbs that arrive together share a transaction, and a thread commits it.

Verbs hand in jobs on the event loop. At the end of a loop turn, when no commit is running, all jobs
that wait become one group: one transaction, one flush to disk, one call back into the loop. The
statements run on the loop, since rows are quick and a thread would fight it for the interpreter
lock at every step; the commit, which waits for the disk, runs in the thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import monotonic, perf_counter
from typing import Any, TypeVar

import apsw

from simpost.errors import InvalidRequest, StoreDamaged, StoreError, StoreTimeout
from simpost.observe import get_logger
from simpost.ports.store.health import PendingCounts, StoreCounts
from simpost.store.limits import MOST_WAITING
from simpost.store.sqlite.connection import translate
from simpost.store.sqlite.deadline import WRITE_S, Deadline
from simpost.store.sqlite.session import SqliteSession

P = TypeVar("P")
R = TypeVar("R")

Verb = Callable[[SqliteSession, Sequence[P]], Sequence[R]]
"""What a job does, for all jobs of a group at once: payloads in, one result each out."""

_LARGEST_GROUP = 1_000
_CHECKPOINT_PAGES = 2_000
_ALONE_S = 2 * WRITE_S
"""Longest that the jobs of a group that failed are tried one by one; the rest is refused."""

log = get_logger(__name__)


class Job:
    __slots__ = ("error", "future", "payload", "result", "verb")

    def __init__(self, verb: Verb[Any, Any], payload: Any, future: asyncio.Future[Any]) -> None:
        self.verb = verb
        self.payload = payload
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None


class Writer:
    def __init__(
        self,
        session: SqliteSession,
        checkpointer: apsw.Connection,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """`checkpointer` is the thread's own connection: the other may be at the next group."""
        self._session = session
        self._connection = session.connection
        self._checkpointer = checkpointer
        self._loop = loop
        self._counts = StoreCounts()
        self._pending = PendingCounts()
        self._begun_s = 0.0
        self._waiting: list[Job] = []
        self._scheduled = False
        self._busy = False
        self._closing: asyncio.Future[None] | None = None
        self._journal_pages = 0
        self._empties_journal = False
        self.suspect: Callable[[StoreError], object] = lambda _: None
        """Called for each job that failed: the file may be damaged."""
        self._deadline = Deadline(self._connection, WRITE_S)
        self._damage: StoreDamaged | None = None
        self._connection.set_wal_hook(self._on_commit)
        self._inbox: SimpleQueue[tuple[list[Job], bool] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-commit", daemon=True)
        self._thread.start()

    # On the event loop.

    def submit(self, verb: Verb[P, R], payload: P) -> asyncio.Future[R]:
        """The result after the commit. Raises StoreError when too many wait already."""
        if self._closing:
            raise StoreError("the store is closed")
        if self._damage:
            self.refuse_if_damaged()
        if len(self._waiting) >= MOST_WAITING:
            raise StoreError(f"the store is busy: {MOST_WAITING} commits wait")
        future: asyncio.Future[R] = self._loop.create_future()
        self._waiting.append(Job(verb, payload, future))
        if not self._busy and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._hand_over)
        return future

    def refuse_if_damaged(self) -> None:
        """Raises StoreDamaged."""
        if self._damage:
            raise StoreDamaged(str(self._damage))

    def refuse(self, damage: StoreDamaged) -> None:
        """Accept nothing from now on: what is written to a damaged file may be lost."""
        if self._damage is None:
            self._damage = damage
            log.error("store_damaged", error=str(damage))

    def empty_journal(self) -> None:
        """Empty the journal behind the next commit, before that is answered."""
        self._empties_journal = True

    def counts(self) -> StoreCounts:
        self._counts.waiting = len(self._waiting)
        return self._counts

    async def close(self) -> None:
        """Commit what waits, then stop the thread."""
        if self._closing is None:
            self._closing = self._loop.create_future()
            self._hand_over()
        await asyncio.shield(self._closing)
        self._thread.join()

    def _hand_over(self) -> None:
        self._scheduled = False
        if self._busy:
            return
        if self._waiting:
            jobs = self._waiting[:_LARGEST_GROUP]
            del self._waiting[:_LARGEST_GROUP]
            self._busy = True
            self._begun_s = perf_counter()
            self._inbox.put((jobs, self._write(jobs)))
        elif self._closing and not self._closing.done():
            self._inbox.put(None)
            self._closing.set_result(None)

    def _answer(self, jobs: list[Job]) -> None:
        self._busy = False
        self._counts.commit_s.add(perf_counter() - self._begun_s)
        self._counts.commit_jobs.add(len(jobs))
        self._counts.take(self._pending)
        for job in jobs:
            if isinstance(job.error, StoreError):
                self._counts.refused += 1
                self.suspect(job.error)
            if job.future.done():
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)
        if (self._waiting or self._closing) and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._hand_over)

    def _write(self, jobs: list[Job]) -> bool:
        """Run all statements of a group, short of the commit; whether that went well."""
        try:
            self._begin(jobs)
        except Exception:  # noqa: BLE001  each job is tried alone then, and gets its own answer
            return False
        return True

    # In the thread, while the loop leaves the connection alone.

    def _run(self) -> None:
        while (group := self._inbox.get()) is not None:
            jobs, is_written = group
            if not is_written or not self._try_commit():
                self._retry_individually(jobs)
            if self._empties_journal:
                self._empty_journal()
            try:
                self._loop.call_soon_threadsafe(self._answer, jobs)
            except RuntimeError:  # the loop was closed without closing the store
                return
            if self._journal_pages >= _CHECKPOINT_PAGES:
                self._checkpoint()

    def _try_commit(self) -> bool:
        """Commit what was written; whether that went well."""
        try:
            self._commit()
        except Exception:  # noqa: BLE001  as above
            return False
        return True

    def _retry_individually(self, jobs: list[Job]) -> None:
        """Each job in a transaction of its own, so that none spoils another."""
        ends_s = monotonic() + _ALONE_S
        for job in jobs:
            if self._damage or monotonic() > ends_s:
                job.error = StoreTimeout()
                continue
            try:
                self._begin([job])
                self._commit()
            except Exception as error:  # noqa: BLE001  whatever it was, it is the job's answer
                job.error = self._translated(error)

    # In either.

    def _begin(self, jobs: list[Job]) -> None:
        connection = self._connection
        groups: dict[Verb[Any, Any], list[Job]] = {}
        for job in jobs:
            groups.setdefault(job.verb, []).append(job)
        self._deadline.begin()
        try:
            connection.execute("BEGIN IMMEDIATE")
            for verb, group in groups.items():
                results = verb(self._session, [job.payload for job in group])
                for job, result in zip(group, results, strict=True):
                    job.result = result
        except BaseException:
            self._roll_back()
            raise

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._pending.add(self._session.pending)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except apsw.Error:
                if self._connection.in_transaction:
                    raise
        self._deadline.begin()
        self._session.reload_caches()

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, InvalidRequest):
            return error
        meaning = translate(error, self._connection)
        meaning.__cause__ = error
        return meaning

    def _on_commit(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._journal_pages = pages
        return apsw.SQLITE_OK

    def _empty_journal(self) -> None:
        """Truncate the journal: deleted data stays readable in it until then."""
        # If a reader blocks it, the next commit tries again.
        with contextlib.suppress(apsw.Error):
            self._checkpointer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self._empties_journal = False
            self._journal_pages = 0

    def _checkpoint(self) -> None:
        """Merge the journal into the file, after the responses, so that no caller waits for it."""
        # May fail on a full disk or with a busy reader: committed data is still in the journal.
        with contextlib.suppress(apsw.Error):
            self._checkpointer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self._journal_pages = 0
