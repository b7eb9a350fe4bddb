"""Bulk jobs: begun and ended by people, worked on by the leader in slices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, NamedTuple

from simpost.config import Settings
from simpost.domain.accounts import Account
from simpost.domain.bulk_jobs import (
    MAX_ITEMS,
    MAX_UNFINISHED,
    OF_INSTALLATION,
    BulkItemState,
    BulkJob,
    BulkReason,
    BulkResult,
    BulkSelection,
    BulkStatus,
    BulkVerb,
)
from simpost.domain.messages import format_id
from simpost.errors import InvalidRequest, StoreError, UnknownBulkJob
from simpost.features.bulk_jobs.delivery_items import DeliveryItems
from simpost.features.bulk_jobs.message_items import MessageItems
from simpost.features.bulk_jobs.receipt_items import ReceiptItems
from simpost.messaging.accounts import Accounts
from simpost.messaging.intake import Intake
from simpost.observe import get_logger
from simpost.ports.store import Store
from simpost.ports.store.bulk_jobs import NotedItems
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

MOST_COUNTED: Final = 1_000
"""Items that a count before a job begins looks for."""
KEEP_MS: Final = 30 * 86_400_000
"""How long a job that is over is kept, with what became of each item."""
LEASE_MS: Final = 30_000
"""After this time another node, or this one after a restart, goes on with a job."""
_SLICE: Final = 50
"""Items acted on and recorded together."""
_TURNS: Final = 10
"""Slices before others have their turn on the event loop."""
_INTERVAL_S: Final = 0.25
_IDLE_S: Final = 1.0
_DELETE_INTERVAL_S: Final = 60.0

INSTALLATION: Final = Account(OF_INSTALLATION, "", "")
"""Whose the jobs of the administrator are."""

log = get_logger(__name__)


class TooManyBulkJobs(InvalidRequest):
    """The account has as many bulk jobs that are not over as it may have."""

    def __init__(self) -> None:
        super().__init__(f"The account has {MAX_UNFINISHED} bulk jobs that are not over.")


class BulkRequestReused(InvalidRequest):
    """The request id was used for a bulk job with other contents."""


class BulkCount(NamedTuple):
    """How many items match now; `is_more`: at least as many."""

    items: int
    is_more: bool


class BulkJobs(Component):
    """The bulk jobs of all accounts."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        intake: Intake,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        undo_s: int = 30,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self._store = store.bulk_jobs
        self._accounts = accounts
        self._messages = MessageItems(store, intake, clock_ms)
        self._deliveries = DeliveryItems(store.webhooks)
        self._receipts = ReceiptItems(store.receipts, clock_ms)
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._undo_s = undo_s
        self._is_leader = is_leader
        self._begun = asyncio.Event()

    async def run(self) -> None:
        """Work on jobs on the leader, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            work = run_periodically(
                self.work_some,
                _INTERVAL_S,
                idle_s=_IDLE_S,
                name="bulk_jobs",
                when=self._is_leader,
                sleep=self._pause,
            )
            old = run_periodically(
                self.delete_old, _DELETE_INTERVAL_S, name="old_bulk_jobs", when=self._is_leader
            )
            tasks.create_task(work)
            tasks.create_task(old)

    async def reconfigure(self, settings: Settings) -> None:
        """The time to undo new jobs."""
        self._undo_s = settings.messages.bulk_undo_s

    async def _pause(self, seconds: float) -> None:
        """Wait; less when a job is begun here."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._begun.wait()

    async def count(self, account: Account, verb: BulkVerb, wanted: BulkSelection) -> BulkCount:
        """How many items match now, of MOST_COUNTED at most. Raises StoreError."""
        now_ms, place = self._clock_ms(), ""
        found: set[str] = set()  # pages may overlap
        while len(found) < MOST_COUNTED:
            page = await self._page(account, verb, wanted, now_ms, place)
            found.update(page.items)
            if page.place is None:
                return BulkCount(len(found), is_more=False)
            place = page.place
        return BulkCount(len(found), is_more=True)

    async def begin(
        self,
        account: Account,
        verb: BulkVerb,
        selection: BulkSelection,
        *,
        actor: str,
        undo_s: int | None = None,
        request_id: str | None = None,
        fingerprint: bytes = b"",
    ) -> BulkJob:
        """Begin a job, which does nothing until it can no longer be undone.

        A repeated request returns the first job. Raises TooManyBulkJobs, BulkRequestReused or
        StoreError.
        """
        now_ms = self._clock_ms()
        wanted = BulkJob(
            account_id=account.id,
            id=self._new_id(),
            verb=verb,
            selection=selection,
            created_ms=now_ms,
            due_ms=now_ms + 1000 * (self._undo_s if undo_s is None else undo_s),
            begun_by=actor,
            request_id=request_id,
            fingerprint=fingerprint,
        )
        added = await self._store.add(wanted)
        if added is None:
            raise TooManyBulkJobs
        if added.id != wanted.id and added.fingerprint != fingerprint:
            raise BulkRequestReused
        self._begun.set()
        self._begun.clear()
        return added

    async def find(self, account: Account, job_id: bytes) -> BulkJob:
        """Raises UnknownBulkJob or StoreError."""
        return _known(await self._store.find(account.id, job_id))

    async def end(self, account: Account, job_id: bytes, *, actor: str) -> BulkJob:
        """Undo a job, or stop one that works; it as it is then. Raises UnknownBulkJob."""
        now_ms = self._clock_ms()
        return _known(await self._store.end(account.id, job_id, actor=actor, now_ms=now_ms))

    async def work_some(self) -> bool:
        """Take the jobs that are due some slices further; whether there was any."""
        for turn in range(_TURNS):
            now_ms = self._clock_ms()
            job = await self._store.claim(now_ms=now_ms, lease_ms=now_ms + LEASE_MS)
            if job is None:
                return turn > 0
            await self._work(job, now_ms)
        return True

    async def delete_old(self) -> None:
        """Delete jobs that were over long ago, some rows at a time."""
        before_ms = self._clock_ms() - KEEP_MS
        while await self._store.delete_old(before_ms=before_ms):
            pass

    async def _work(self, job: BulkJob, now_ms: int) -> None:
        """Note some items, or act on some, or end a job that is too late. Raises StoreError."""
        is_own = job.account_id != OF_INSTALLATION
        account = self._accounts.by_id(job.account_id) if is_own else INSTALLATION
        if account is None:
            return  # added on another node a moment ago: the lease ends
        if job.is_late(now_ms):
            await self._store.end(job.account_id, job.id, actor="", now_ms=now_ms)
        elif not job.is_noted:
            found = await self._page(account, job.verb, job.selection, job.created_ms, job.place)
            await self._store.note(job, _cut(found, job.total), now_ms=now_ms)
        elif now_ms >= job.due_ms:
            await self._act_on_some(account, job)

    async def _act_on_some(self, account: Account, job: BulkJob) -> None:
        items = await self._store.take(job, limit=_SLICE)
        act = self._items(job.verb).act
        found = await asyncio.gather(
            *(act(account, job, item) for item in items), return_exceptions=True
        )
        results, errors = [], []
        for item, each in zip(items, found, strict=True):
            if isinstance(each, BulkResult):
                results.append(each)
            elif isinstance(each, StoreError) or not isinstance(each, Exception):
                errors.append(each)
            else:
                log.error("bulk_item_failed", job_id=format_id(job.id), error=type(each).__name__)
                results.append(BulkResult(item, BulkItemState.FAILED, BulkReason.FAULT))
        after = await self._store.record(job, results, now_ms=self._clock_ms())
        if after.status is BulkStatus.FINISHED:
            _report(after)
        if errors:
            raise errors[0]

    async def _page(
        self, account: Account, verb: BulkVerb, wanted: BulkSelection, to_ms: int, place: str
    ) -> NotedItems:
        return await self._items(verb).page(account, wanted, to_ms, place)

    def _items(self, verb: BulkVerb) -> MessageItems | DeliveryItems | ReceiptItems:
        if verb is BulkVerb.DISMISS:
            return self._receipts
        return self._messages if verb.is_of_messages else self._deliveries


def _cut(found: NotedItems, total: int) -> NotedItems:
    """The items that a job still takes."""
    room = MAX_ITEMS - total
    if len(found.items) < room or (len(found.items) == room and found.place is None):
        return found
    is_cut = len(found.items) > room or found.place is not None
    return NotedItems(found.items[:room], None, is_cut)


def _known(job: BulkJob | None) -> BulkJob:
    if job is None:
        raise UnknownBulkJob
    return job


def _report(job: BulkJob) -> None:
    log.info(
        "bulk_job_finished",
        job_id=format_id(job.id),
        verb=job.verb,
        done=job.done,
        skipped=job.skipped,
        failed=job.failed,
    )
