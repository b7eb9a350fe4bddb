"""Calls to the URLs of clients: states of their messages, repeated until they are acknowledged."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import partial
from typing import Final, NamedTuple

from simpost.net.address_guard import RefusedUrl
from simpost.net.http_client import HttpClient, NoResponse, NotSent
from simpost.net.resolver import NameResolver
from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.deliver_queue import MAX_ATTEMPTS
from simpost.smsc.pending_deliver import DeliverCounts
from simpost.smsc.scheduler import Scheduler
from simpost.smsc.upstreams.shape import CallbackRequest, UpstreamMessage, UpstreamShape

MAX_PENDING: Final = 10_000
MAX_CALLS: Final = 20
"""Callbacks that are pending, and those of them that an API makes at the same time."""
_CONNECT_S: Final = 5.0


class _Pending(NamedTuple):
    """A call of an API that is not acknowledged yet. `first` gets the status of the first one."""

    name: str
    call: CallbackRequest
    first: asyncio.Future[int | None] | None = None

    def note_first(self, status: int | None) -> None:
        if self.first is not None and not self.first.done():
            self.first.set_result(status)


class Callbacks:
    """Callbacks of all APIs.

    Attributes:
        pending: callbacks that are not acknowledged yet.
    """

    def __init__(
        self,
        counts: DeliverCounts,
        scheduler: Scheduler,
        *,
        retry_s: float,
        response_timeout_s: float,
    ) -> None:
        self.pending = 0
        self._counts = counts
        self._scheduler = scheduler
        self._retry_s = retry_s
        self._response_timeout_s = response_timeout_s
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(MAX_CALLS)
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: HttpClient | None = None

    def report_sent(self, shape: UpstreamShape, message: UpstreamMessage) -> None:
        """Report that a text was sent, if the API does."""
        request = shape.callback(message, None)
        if request:
            self._add(_Pending(shape.name, request), 0.0)

    def report(
        self, shape: UpstreamShape, message: UpstreamMessage, submit: AcceptedSubmit, delay_s: float
    ) -> None:
        """Report a state, if the API does."""
        request = shape.callback(message, submit)
        if request:
            self._add(_Pending(shape.name, request), delay_s)

    async def pass_on(self, name: str, request: CallbackRequest) -> int | None:
        """Pass a text of a handset on; the status of the first call, `None` without a response."""
        first: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._add(_Pending(name, request, first), 0.0)
        return await first

    async def stop(self) -> None:
        """Make no more calls."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._client:
            await self._client.close()

    def _add(self, request: _Pending, delay_s: float) -> None:
        if self.pending >= MAX_PENDING:
            self._counts.abandoned += 1
            request.note_first(None)
            return
        self.pending += 1
        self._start_after(delay_s, request, 1)

    def _start_after(self, delay_s: float, request: _Pending, attempt: int) -> None:
        start = partial(self._start, request, attempt)
        if delay_s <= 0:
            start()
        elif not self._scheduler.after(delay_s, start):
            self._abandon()

    def _start(self, request: _Pending, attempt: int) -> None:
        task = asyncio.create_task(self._call(request, attempt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, request: _Pending, attempt: int) -> None:
        # Each API has its own: a receiver that does not answer must not delay those of others.
        async with self._slots[request.name]:
            status = await self._status_of(request.call)
        request.note_first(status)
        if status is not None and 200 <= status < 300:
            self.pending -= 1
            self._counts.acknowledged += 1
        elif attempt < MAX_ATTEMPTS:
            self._counts.repeated += 1
            self._start_after(self._retry_s, request, attempt + 1)
        else:
            self._abandon()

    async def _status_of(self, request: CallbackRequest) -> int | None:
        self._counts.sent += 1
        if self._client is None:
            self._client = HttpClient(
                "smsc",
                NameResolver(),
                allow_private=True,
                connect_timeout_s=_CONNECT_S,
                response_timeout_s=self._response_timeout_s,
            )
        try:
            response = await self._client.request(
                request.method, request.url, request.body, request.headers
            )
        except (NotSent, NoResponse, RefusedUrl, ValueError):
            return None
        return response.status

    def _abandon(self) -> None:
        self.pending -= 1
        self._counts.abandoned += 1
