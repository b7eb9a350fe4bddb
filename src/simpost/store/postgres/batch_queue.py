"""Batches: verbs called at the same time share a transaction and a round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, Final, TypeVar

from simpost.errors import InvalidRequest, StoreError
from simpost.ports.store.health import StoreCounts
from simpost.store.limits import MOST_WAITING
from simpost.store.postgres.connection import ManagedConnection, PostgresSession
from simpost.store.postgres.failures import is_lost, is_retryable, translate

P = TypeVar("P")
R = TypeVar("R")

Verb = Callable[[PostgresSession, Sequence[P]], Awaitable[Sequence[R]]]
"""What a job does, for all jobs of a group at once: payloads in, one result each out.

It runs again after an error that may not recur.
"""

_LARGEST_GROUP: Final = 500
_TRIES: Final = 4


class _Job:
    __slots__ = ("future", "payload", "verb")

    def __init__(self, verb: Verb[Any, Any], payload: Any, future: asyncio.Future[Any]) -> None:
        self.verb = verb
        self.payload = payload
        self.future = future


class BatchQueue:
    """Runs jobs on one connection, a group at a time. Later jobs are in the next group."""

    def __init__(
        self,
        link: ManagedConnection,
        counts: StoreCounts | None = None,
    ) -> None:
        self._link = link
        self._counts = counts or StoreCounts()
        self._waiting: list[_Job] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Jobs that wait for the group that runs."""
        return len(self._waiting)

    def submit(self, verb: Verb[P, R], payload: P) -> asyncio.Future[R]:
        """The result after the commit. Raises StoreError when too many wait already."""
        if self._closed:
            raise StoreError("the store is closed")
        if len(self._waiting) >= MOST_WAITING:
            raise StoreError(f"the store is busy: {MOST_WAITING} commits wait")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._waiting.append(_Job(verb, payload, future))
        if self._task is None:
            self._task = loop.create_task(self._work())
        return future

    async def close(self) -> None:
        """Commit the jobs that wait, then close the connection."""
        self._closed = True
        if self._task is not None:
            await self._task
        await self._link.close()

    async def _work(self) -> None:
        try:
            while self._waiting:
                jobs = self._waiting[:_LARGEST_GROUP]
                del self._waiting[:_LARGEST_GROUP]
                groups: dict[Verb[Any, Any], list[_Job]] = {}
                for job in jobs:
                    groups.setdefault(job.verb, []).append(job)
                for verb, group in groups.items():
                    await self._do(verb, group)
        finally:
            self._task = None

    async def _do(self, verb: Verb[Any, Any], group: list[_Job]) -> None:
        """Run all jobs together; if that fails, run each alone, so that only the bad one fails."""
        error = await self._do_together(verb, group)
        if error is None:
            return
        if len(group) == 1:
            self._refuse(group, error)
            return
        for place, job in enumerate(group):
            if is_lost(error):
                self._refuse(group[place:], error)
                return
            if own := await self._do_together(verb, [job]):
                self._refuse([job], own)
                error = own

    async def _do_together(self, verb: Verb[Any, Any], group: list[_Job]) -> Exception | None:
        """`None` when all is committed and every job has its result; else the error."""
        begun_s = perf_counter()
        try:
            results = await self._try(verb, group)
        except Exception as error:  # noqa: BLE001  whatever it was, every job gets its own answer
            return error
        self._counts.commit_s.add(perf_counter() - begun_s)
        self._counts.commit_jobs.add(len(group))
        for job, result in zip(group, results, strict=True):
            if not job.future.done():
                job.future.set_result(result)
        return None

    def _refuse(self, jobs: list[_Job], error: Exception) -> None:
        self._counts.refused += len(jobs)
        for job in jobs:
            _refuse(job, error)

    async def _try(self, verb: Verb[Any, Any], group: list[_Job]) -> Sequence[Any]:
        for tries_left in reversed(range(_TRIES)):
            try:
                async with self._link.use() as session:
                    return await verb(session, [job.payload for job in group])
            except Exception as error:
                if not tries_left or not is_retryable(error):
                    raise
        raise AssertionError


def _refuse(job: _Job, error: Exception) -> None:
    if job.future.done():
        return
    if isinstance(error, InvalidRequest):
        job.future.set_exception(error)
        return
    meaning = translate(error)
    if meaning is not error:
        meaning.__cause__ = error
    elif len(meaning.args):
        meaning = type(error)(str(error))  # each caller has one of its own
    job.future.set_exception(meaning)
