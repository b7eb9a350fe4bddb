"""Bulk jobs: the row of a job is locked before its items change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from simpost.domain.bulk_jobs import (
    MAX_UNFINISHED,
    BulkItemState,
    BulkJob,
    BulkReason,
    BulkResult,
    BulkSelection,
    BulkStatus,
    BulkVerb,
)
from simpost.ports.store.bulk_jobs import NotedItems
from simpost.store.records.ids import AFTER_ALL_IDS
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

DELETE_STEP: Final = 500
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BulkSelection).decode

SQL: Final = {
    "of_request": "SELECT * FROM bulk_jobs WHERE account_id = $1 AND request_id = $2",
    "unfinished": """
        SELECT count(*) AS jobs FROM bulk_jobs WHERE account_id = $1 AND ended_ms IS NULL
    """,
    "insert": """
        INSERT INTO bulk_jobs (
          account_id, id, verb, selection, status, begun_by, ended_by, created_ms, due_ms, look_ms,
          place, is_noted, is_cut, total, done, skipped, failed, request_id, fingerprint
        ) VALUES ($1, $2, $3, $4, 'waiting', $5, '', $6, $7, $6, '', 0, 0, 0, 0, 0, 0, $8, $9)
        ON CONFLICT (account_id, request_id) WHERE request_id IS NOT NULL DO NOTHING
        RETURNING *
    """,
    "find": "SELECT * FROM bulk_jobs WHERE account_id = $1 AND id = $2",
    # Holds the job until the commit.
    "hold": """
        UPDATE bulk_jobs SET status = status WHERE account_id = $1 AND id = $2 RETURNING *
    """,
    "list": """
        SELECT * FROM bulk_jobs WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
    """,
    # A job that another node claims at the same time fails the first condition then.
    "claim": """
        UPDATE bulk_jobs SET look_ms = $2
        WHERE look_ms <= $1 AND (account_id, id) IN (
          SELECT account_id, id FROM bulk_jobs WHERE look_ms <= $1 ORDER BY look_ms LIMIT 1)
        RETURNING *
    """,
    "note_item": """
        INSERT INTO bulk_job_items (account_id, job_id, item, state, reason, detail)
        VALUES ($1, $2, $3, 'waiting', '', '')
        ON CONFLICT (account_id, job_id, item) DO NOTHING
        RETURNING item
    """,
    "note": """
        UPDATE bulk_jobs SET total = total + $3, place = $4, is_noted = $5, is_cut = $6,
          look_ms = $7, progress_ms = $8
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "begin": """
        UPDATE bulk_jobs SET status = 'working' WHERE account_id = $1 AND id = $2
    """,
    "waiting": """
        SELECT item FROM bulk_job_items
        WHERE account_id = $1 AND job_id = $2 AND state = 'waiting' ORDER BY item LIMIT $3
    """,
    "record_item": """
        UPDATE bulk_job_items SET state = $4, reason = $5, detail = $6
        WHERE account_id = $1 AND job_id = $2 AND item = $3 AND state = 'waiting'
        RETURNING item
    """,
    "count": """
        UPDATE bulk_jobs SET done = done + $3, skipped = skipped + $4, failed = failed + $5,
          progress_ms = coalesce($6, progress_ms)
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "set_status": """
        UPDATE bulk_jobs SET status = $3, ended_by = $4, ended_ms = $5, look_ms = $6
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "items": """
        SELECT item, state, reason, detail FROM bulk_job_items
        WHERE account_id = $1 AND job_id = $2 AND item > $3 ORDER BY item LIMIT $4
    """,
    "items_in": """
        SELECT item, state, reason, detail FROM bulk_job_items
        WHERE account_id = $1 AND job_id = $2 AND item > $3 AND state = $5 ORDER BY item LIMIT $4
    """,
    "old": """
        SELECT account_id, id FROM bulk_jobs WHERE ended_ms IS NOT NULL AND ended_ms < $1
        ORDER BY ended_ms LIMIT 1
    """,
    "delete_items": """
        DELETE FROM bulk_job_items WHERE account_id = $1 AND job_id = $2 AND item IN (
          SELECT item FROM bulk_job_items WHERE account_id = $1 AND job_id = $2
          ORDER BY item LIMIT $3)
        RETURNING item
    """,
    "delete": "DELETE FROM bulk_jobs WHERE account_id = $1 AND id = $2",
}


class StoredBulkJobs:
    """Implements `simpost.ports.store.BulkJobStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def add(self, job: BulkJob) -> BulkJob | None:
        return await self._database.transact(_add, job)

    async def find(self, account_id: int, job_id: bytes) -> BulkJob | None:
        return await self._database.query(_find, account_id, job_id)

    async def list_jobs(
        self, account_id: int, *, before: bytes | None, limit: int
    ) -> list[BulkJob]:
        return await self._database.query(_list, account_id, before, limit)

    async def claim(self, *, now_ms: int, lease_ms: int) -> BulkJob | None:
        return await self._database.transact(_claim, now_ms, lease_ms)

    async def note(self, job: BulkJob, noted: NotedItems, *, now_ms: int) -> BulkJob:
        return await self._database.transact(_note, job, noted, now_ms)

    async def take(self, job: BulkJob, *, limit: int) -> list[str]:
        return await self._database.transact(_take, job, limit)

    async def record(self, job: BulkJob, results: Sequence[BulkResult], *, now_ms: int) -> BulkJob:
        return await self._database.transact(_record, job, results, now_ms)

    async def end(
        self, account_id: int, job_id: bytes, *, actor: str, now_ms: int
    ) -> BulkJob | None:
        return await self._database.transact(_end, account_id, job_id, actor, now_ms)

    async def list_items(
        self,
        account_id: int,
        job_id: bytes,
        *,
        after: str,
        limit: int,
        state: BulkItemState | None = None,
    ) -> list[BulkResult]:
        return await self._database.query(_list_items, (account_id, job_id), after, limit, state)

    async def delete_old(self, *, before_ms: int) -> int:
        found = await self._database.query(_find_old, before_ms)
        return await self._database.transact(_delete, *found) if found else 0


def _add(job: BulkJob) -> Steps[BulkJob | None]:
    if job.request_id is not None:
        earlier = yield SQL["of_request"], (job.account_id, job.request_id)
        if earlier:
            return _job_of(earlier[0])
    [unfinished] = yield SQL["unfinished"], (job.account_id,)
    if unfinished["jobs"] >= MAX_UNFINISHED:
        return None
    added = yield (
        SQL["insert"],
        (
            job.account_id,
            job.id,
            job.verb,
            _encode(job.selection).decode(),
            job.begun_by,
            job.created_ms,
            job.due_ms,
            job.request_id,
            job.fingerprint,
        ),
    )
    if not added:  # another node has just added it
        added = yield SQL["of_request"], (job.account_id, job.request_id)
    return _job_of(added[0])


def _find(account_id: int, job_id: bytes) -> Steps[BulkJob | None]:
    rows = yield SQL["find"], (account_id, job_id)
    return _job_of(rows[0]) if rows else None


def _list(account_id: int, before: bytes | None, limit: int) -> Steps[list[BulkJob]]:
    rows = yield SQL["list"], (account_id, before or AFTER_ALL_IDS, limit)
    return [_job_of(row) for row in rows]


def _claim(now_ms: int, lease_ms: int) -> Steps[BulkJob | None]:
    rows = yield SQL["claim"], (now_ms, lease_ms)
    return _job_of(rows[0]) if rows else None


def _note(job: BulkJob, noted: NotedItems, now_ms: int) -> Steps[BulkJob]:
    key = job.account_id, job.id
    [held] = yield SQL["hold"], key
    present = _job_of(held)
    if present.status.is_final or present.is_noted or present.place != job.place:
        return present
    count = 0
    for item in noted.items:
        added = yield SQL["note_item"], (*key, item)
        count += len(added)
    is_noted = noted.place is None
    look_ms = max(now_ms, present.due_ms) if is_noted else now_ms
    facts = (count, noted.place or "", int(is_noted), int(noted.is_cut), look_ms, now_ms)
    [row] = yield SQL["note"], (*key, *facts)
    return _job_of(row)


def _take(job: BulkJob, limit: int) -> Steps[list[str]]:
    key = job.account_id, job.id
    [held] = yield SQL["hold"], key
    if _job_of(held).status.is_final:
        return []
    yield SQL["begin"], key
    rows = yield SQL["waiting"], (*key, limit)
    return [row["item"] for row in rows]


def _record(job: BulkJob, results: Sequence[BulkResult], now_ms: int) -> Steps[BulkJob]:
    key = job.account_id, job.id
    yield SQL["hold"], key
    counts = dict.fromkeys(BulkItemState, 0)
    for each in results:
        facts = (each.item, each.state, each.reason or "", each.detail)
        changed = yield SQL["record_item"], (*key, *facts)
        counts[each.state] += len(changed)
    done = (counts[each] for each in (_DONE, BulkItemState.SKIPPED, BulkItemState.FAILED))
    [row] = yield SQL["count"], (*key, *done, now_ms if results else None)
    after = _job_of(row)
    if after.status.is_final:
        return after
    if after.status is BulkStatus.WORKING and not after.remaining:
        return (yield from _set_status(after, BulkStatus.FINISHED, "", now_ms))
    [row] = yield SQL["set_status"], (*key, after.status, "", None, now_ms)
    return _job_of(row)


def _end(account_id: int, job_id: bytes, actor: str, now_ms: int) -> Steps[BulkJob | None]:
    rows = yield SQL["hold"], (account_id, job_id)
    if not rows:
        return None
    before = _job_of(rows[0])
    if before.status.is_final:
        return before
    is_over = before.status is BulkStatus.WORKING or before.is_late(now_ms)
    status = BulkStatus.STOPPED if is_over else BulkStatus.UNDONE
    return (yield from _set_status(before, status, actor, now_ms))


def _set_status(job: BulkJob, status: BulkStatus, actor: str, now_ms: int) -> Steps[BulkJob]:
    [row] = yield SQL["set_status"], (job.account_id, job.id, status, actor, now_ms, None)
    return _job_of(row)


def _list_items(
    key: tuple[int, bytes], after: str, limit: int, state: BulkItemState | None
) -> Steps[list[BulkResult]]:
    if state is None:
        rows = yield SQL["items"], (*key, after, limit)
    else:
        rows = yield SQL["items_in"], (*key, after, limit, state)
    return [
        BulkResult(
            row["item"],
            BulkItemState(row["state"]),
            BulkReason(row["reason"]) if row["reason"] else None,
            row["detail"],
        )
        for row in rows
    ]


def _find_old(before_ms: int) -> Steps[tuple[int, bytes] | None]:
    rows = yield SQL["old"], (before_ms,)
    return (rows[0]["account_id"], rows[0]["id"]) if rows else None


def _delete(account_id: int, job_id: bytes) -> Steps[int]:
    key = account_id, job_id
    items = yield SQL["delete_items"], (*key, DELETE_STEP)
    if len(items) < DELETE_STEP:
        yield SQL["delete"], key
    return len(items) + 1


def _job_of(row: NamedRow) -> BulkJob:
    fingerprint: Any = row["fingerprint"]
    return BulkJob(
        account_id=row["account_id"],
        id=bytes(row["id"]),
        verb=BulkVerb(row["verb"]),
        selection=_decode(row["selection"]),
        created_ms=row["created_ms"],
        due_ms=row["due_ms"],
        status=BulkStatus(row["status"]),
        begun_by=row["begun_by"],
        ended_by=row["ended_by"],
        ended_ms=row["ended_ms"],
        place=row["place"],
        is_noted=bool(row["is_noted"]),
        is_cut=bool(row["is_cut"]),
        total=row["total"],
        done=row["done"],
        skipped=row["skipped"],
        failed=row["failed"],
        request_id=row["request_id"],
        fingerprint=bytes(fingerprint),
    )


_DONE: Final = BulkItemState.DONE
