"""Refusals, and how many of each account and day are listed."""

from __future__ import annotations

from typing import Final

from simpost.domain.reasons import Reason
from simpost.ports.store.refusals import (
    DAY_MS,
    MOST_A_DAY,
    AccountDay,
    RefusalBatch,
    RefusalFilter,
    RefusalRecord,
    UnlistedDay,
)
from simpost.store.records.ids import AFTER_ALL_IDS, LAST_MS
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    # Holds the day until the commit: of several nodes one at a time counts it.
    "listed": """
        INSERT INTO refusal_days AS d (account_id, day, listed, not_listed) VALUES ($1, $2, 0, 0)
        ON CONFLICT (account_id, day) DO UPDATE SET listed = d.listed
        RETURNING listed
    """,
    "count": """
        UPDATE refusal_days SET listed = listed + $3, not_listed = not_listed + $4
        WHERE account_id = $1 AND day = $2
    """,
    "add": """
        INSERT INTO refusals (
          account_id, id, esim_tran_no, iccid, reason, request_id, created_ms, caller_reference,
          decision
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """,
    "list": """
        SELECT account_id, id, esim_tran_no, iccid, reason, request_id, created_ms,
          caller_reference, decision
        FROM refusals
        WHERE account_id = $1 AND id < $2 AND created_ms >= $3 AND created_ms <= $4
          AND (CAST($5 AS text) IS NULL OR esim_tran_no = $5)
          AND (CAST($6 AS text) IS NULL OR iccid = $6)
          AND (CAST($7 AS text) IS NULL OR reason = $7)
        ORDER BY id DESC LIMIT $8
    """,
    "unlisted": """
        SELECT day, not_listed FROM refusal_days WHERE account_id = $1 AND not_listed > 0
        ORDER BY day DESC LIMIT 100
    """,
    "delete": """
        DELETE FROM refusals WHERE (account_id, id) IN (
          SELECT account_id, id FROM refusals WHERE created_ms < $1 ORDER BY created_ms LIMIT $2
        ) RETURNING id
    """,
    "delete_days": "DELETE FROM refusal_days WHERE day < $1",
}


class StoredRefusals:
    """Implements `simpost.ports.store.RefusalStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def add_refusals(self, batch: RefusalBatch) -> None:
        await self._database.transact(_add, batch)

    async def list_refusals(self, account_id: int, which: RefusalFilter) -> list[RefusalRecord]:
        return await self._database.query(_list, account_id, which)

    async def unlisted_refusals(self, account_id: int) -> list[UnlistedDay]:
        return await self._database.query(_unlisted, account_id)


def delete_refusals(before_ms: int, limit: int) -> Steps[int]:
    """Returns how many were deleted."""
    deleted = yield SQL["delete"], (before_ms, limit)
    yield SQL["delete_days"], (before_ms // DAY_MS,)
    return len(deleted)


def _add(batch: RefusalBatch) -> Steps[None]:
    for day, (refusals, rest) in _by_day(batch).items():
        [found] = yield SQL["listed"], day
        kept = refusals[: max(0, MOST_A_DAY - found["listed"])]
        for one in kept:
            yield (
                SQL["add"],
                (
                    one.account_id,
                    one.id,
                    one.esim_tran_no,
                    one.iccid,
                    one.reason,
                    one.request_id,
                    one.created_ms,
                    one.caller_reference,
                    one.decision,
                ),
            )
        yield SQL["count"], (*day, len(kept), rest + len(refusals) - len(kept))


def _by_day(batch: RefusalBatch) -> dict[AccountDay, tuple[list[RefusalRecord], int]]:
    """What to list and the count of the rest, in the order of account and day."""
    listed: dict[AccountDay, list[RefusalRecord]] = {}
    for refusal in batch.refusals:
        listed.setdefault(refusal.day, []).append(refusal)
    days = sorted(listed.keys() | batch.not_listed.keys())
    return {day: (listed.get(day, []), batch.not_listed.get(day, 0)) for day in days}


def _list(account_id: int, which: RefusalFilter) -> Steps[list[RefusalRecord]]:
    if any(text and "\0" in text for text in (which.esim_tran_no, which.iccid)):
        return []
    rows = yield (
        SQL["list"],
        (
            account_id,
            which.before or AFTER_ALL_IDS,
            which.from_ms or 0,
            LAST_MS if which.to_ms is None else which.to_ms,
            which.esim_tran_no,
            which.iccid,
            which.reason,
            which.limit,
        ),
    )
    return [_refusal(row) for row in rows]


def _refusal(row: NamedRow) -> RefusalRecord:
    return RefusalRecord(
        account_id=row["account_id"],
        id=row["id"],
        esim_tran_no=row["esim_tran_no"],
        iccid=row["iccid"],
        reason=Reason(row["reason"]),
        request_id=row["request_id"],
        created_ms=row["created_ms"],
        caller_reference=row["caller_reference"],
        decision=row["decision"],
    )


def _unlisted(account_id: int) -> Steps[list[UnlistedDay]]:
    rows = yield SQL["unlisted"], (account_id,)
    return [UnlistedDay(day=row["day"], count=row["not_listed"]) for row in rows]
