"""Bulk jobs: noted, leased, worked on in slices, and their items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from simpost.domain.bulk_jobs import BulkItemState, BulkJob, BulkResult


class NotedItems(msgspec.Struct, frozen=True):
    """Some of the items of a job.

    Attributes:
        place: where noting goes on; `None` after the last item.
        is_cut: more items match than one job takes.
    """

    items: Sequence[str]
    place: str | None
    is_cut: bool = False


class BulkJobStore(Protocol):
    """Keeps bulk jobs and what became of each item.

    A lease is the time until which `claim` returns a job to no other caller. It saves double work;
    what keeps an item from being counted twice is that it is recorded once.
    """

    async def add(self, job: BulkJob) -> BulkJob | None:
        """Add a job, or return the one with its request id. `None`: too many are not over."""
        ...

    async def find(self, account_id: int, job_id: bytes) -> BulkJob | None:
        """The job; `None` when there is none."""
        ...

    async def list_jobs(
        self, account_id: int, *, before: bytes | None, limit: int
    ) -> list[BulkJob]:
        """Jobs of an account, newest first."""
        ...

    async def claim(self, *, now_ms: int, lease_ms: int) -> BulkJob | None:
        """Lease the job that has waited longest for its turn; `None` when none is due."""
        ...

    async def note(self, job: BulkJob, noted: NotedItems, *, now_ms: int) -> BulkJob:
        """Add items that are new, and give the lease up; the job as it is then.

        Nothing is added to a job that is over, or whose `place` is not that of `job` any more.
        """
        ...

    async def take(self, job: BulkJob, *, limit: int) -> list[str]:
        """The next items without a result; the job works from now on. Empty if it is over."""
        ...

    async def record(self, job: BulkJob, results: Sequence[BulkResult], *, now_ms: int) -> BulkJob:
        """Write results of items that have none, and give the lease up; the job as it is then.

        It is finished if it works and each item has a result.
        """
        ...

    async def end(
        self, account_id: int, job_id: bytes, *, actor: str, now_ms: int
    ) -> BulkJob | None:
        """Undo or stop a job that is not over; the job as it is then. `None` when there is none."""
        ...

    async def list_items(
        self,
        account_id: int,
        job_id: bytes,
        *,
        after: str,
        limit: int,
        state: BulkItemState | None = None,
    ) -> list[BulkResult]:
        """Items in their order, after one of them."""
        ...

    async def delete_old(self, *, before_ms: int) -> int:
        """Delete the oldest job that ended before, some items at a time; returns how many rows."""
        ...
