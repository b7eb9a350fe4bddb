"""Refusals as rows, and how many of a day are listed: the same in both stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simpost.domain.reasons import Reason
from simpost.ports.store.refusals import (
    AccountDay,
    Refusal,
    RefusalBatch,
    RefusalFilter,
    UnlistedDay,
)
from simpost.store.records.messages import LAST_MS
from simpost.store.records.row import Row

_BEYOND = b"\xff" * 17
Columns = tuple[Any, ...]


def by_day(batches: Sequence[RefusalBatch]) -> dict[AccountDay, tuple[list[Refusal], int]]:
    """What to list and the count of the rest, in the order of account and day."""
    listed: dict[AccountDay, list[Refusal]] = {}
    rest: dict[AccountDay, int] = {}
    for batch in batches:
        for refusal in batch.refusals:
            listed.setdefault(refusal.day, []).append(refusal)
        for day, count in batch.not_listed.items():
            rest[day] = rest.get(day, 0) + count
    days = sorted(listed.keys() | rest.keys())
    return {day: (listed.get(day, []), rest.get(day, 0)) for day in days}


def row_of(refusal: Refusal) -> Columns:
    return (
        refusal.account_id,
        refusal.id,
        refusal.esim_tran_no,
        refusal.iccid,
        refusal.reason,
        refusal.request_id,
        refusal.created_ms,
    )


def refusal_of(row: Row) -> Refusal:
    return Refusal(
        account_id=row["account_id"],
        id=row["id"],
        esim_tran_no=row["esim_tran_no"],
        iccid=row["iccid"],
        reason=Reason(row["reason"]),
        request_id=row["request_id"],
        created_ms=row["created_ms"],
    )


def unlisted_day_of(row: Row) -> UnlistedDay:
    return UnlistedDay(day=row["day"], count=row["not_listed"])


def facts_of(account_id: int, which: RefusalFilter) -> Columns:
    """In the order of the statement `list_refusals`."""
    return (
        account_id,
        which.before or _BEYOND,
        which.from_ms or 0,
        LAST_MS if which.to_ms is None else which.to_ms,
        which.esim_tran_no,
        which.iccid,
        which.reason,
        which.limit,
    )
