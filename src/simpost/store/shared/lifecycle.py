"""Lifecycle events: recorded, applied to the facts of their eSIM, and parked until it is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from simpost.domain.esims import EsimStatus, SmdpStatus
from simpost.domain.lifecycle import EsimFacts, LifecycleEvent, Transition
from simpost.ports.store.lifecycle import (
    LIFECYCLE_STEP,
    EventOutcome,
    ImportedEsim,
    NewLifecycleEvent,
    RecordedEvent,
    StoredEvent,
    StoredTransition,
)
from simpost.store.records.row import NamedRow
from simpost.store.shared import lifecycle_application as application
from simpost.store.shared.lifecycle_sql import SQL
from simpost.store.shared.steps import SharedDatabase, Steps

_BEYOND: Final = b"\xff" * 16
_PROFILES: Final = [each.value for each in SmdpStatus]
_STATUSES: Final = [each.value for each in EsimStatus]
_TRIMMED: Final = 100
"""Parked events that end at once when an account has too many."""

_encode = msgspec.json.Encoder().encode
_decode_facts = msgspec.json.Decoder(EsimFacts).decode
_decode_event = msgspec.json.Decoder(LifecycleEvent).decode

NewId = Callable[[], bytes]


class StoredLifecycle:
    """Implements `simpost.ports.store.LifecycleStore`. Calls `on_change` when eSIMs changed."""

    def __init__(
        self, database: SharedDatabase, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._on_change = on_change

    async def record(
        self,
        account_id: int,
        events: Sequence[NewLifecycleEvent],
        *,
        new_id: NewId,
        now_ms: int,
    ) -> list[RecordedEvent]:
        recorded = await self._database.transact(
            application.record, account_id, events, new_id, now_ms
        )
        if any(each.outcome is EventOutcome.APPLIED for each in recorded):
            self._on_change()
        return recorded

    async def apply_parked(
        self,
        account_id: int,
        esims: Sequence[ImportedEsim],
        *,
        new_id: NewId,
        now_ms: int,
    ) -> int:
        count = await self._database.transact(
            application.apply_parked, account_id, esims, new_id, now_ms
        )
        if count:
            self._on_change()
        return count

    async def retry_parked(
        self,
        after: tuple[int, str, bytes],
        *,
        unknown_before_ms: int,
        new_id: NewId,
        now_ms: int,
    ) -> tuple[int, str, bytes] | None:
        place, count = await self._database.transact(
            application.retry_parked, after, unknown_before_ms, new_id, now_ms
        )
        if count:
            self._on_change()
        return place

    async def notice_expiries(self, *, new_id: NewId, now_ms: int) -> int:
        count = await self._database.transact(application.notice_expiries, new_id, now_ms)
        if count:
            self._on_change()
        return count

    async def count_parked(self, account_id: int) -> int:
        return await self._database.query(_count_parked, account_id)

    async def find_facts(self, account_id: int, esim_tran_no: str) -> EsimFacts | None:
        return await self._database.query(_find_facts, account_id, esim_tran_no)

    async def list_events(
        self, account_id: int, esim_tran_no: str, *, before: bytes | None, limit: int
    ) -> list[StoredEvent]:
        return await self._database.query(_list_events, account_id, esim_tran_no, before, limit)

    async def transitions_of_kind(
        self, account_id: int, transition: Transition, *, after: bytes, limit: int
    ) -> list[StoredTransition]:
        return await self._database.query(
            _transitions_of_kind, account_id, transition, after, limit
        )

    async def delete_old(self, *, before_ms: int) -> int:
        return await self._database.transact(_delete_old, before_ms)


def _count_parked(account_id: int) -> Steps[int]:
    [count] = yield SQL["count_parked"], (account_id,)
    return int(count["parked"])


def _find_facts(account_id: int, esim_tran_no: str) -> Steps[EsimFacts | None]:
    rows = yield SQL["find_facts"], (account_id, esim_tran_no)
    return _decode_facts(rows[0]["facts"]) if rows else None


def _list_events(
    account_id: int, esim_tran_no: str, before: bytes | None, limit: int
) -> Steps[list[StoredEvent]]:
    rows = yield SQL["list_events"], (account_id, esim_tran_no, before or _BEYOND, limit)
    return [
        StoredEvent(
            id=row["id"],
            esim_tran_no=row["esim_tran_no"],
            outcome=EventOutcome(row["outcome"]),
            received_ms=row["received_ms"],
            event=_decode_event(row["document"]),
        )
        for row in rows
    ]


def _transitions_of_kind(
    account_id: int, transition: Transition, after: bytes, limit: int
) -> Steps[list[StoredTransition]]:
    rows = yield SQL["transitions_of_kind"], (account_id, transition, after, limit)
    return [_transition(row) for row in rows]


def _delete_old(before_ms: int) -> Steps[int]:
    events = yield SQL["delete_events"], (before_ms, LIFECYCLE_STEP)
    transitions = yield SQL["delete_transitions"], (before_ms, LIFECYCLE_STEP)
    return len(events) + len(transitions)


def _transition(row: NamedRow) -> StoredTransition:
    return StoredTransition(
        account_id=row["account_id"],
        id=row["id"],
        esim_tran_no=row["esim_tran_no"],
        transition=Transition(row["transition"]),
        occurrence=row["occurrence"],
        at_ms=row["at_ms"],
        noted_ms=row["noted_ms"],
        source=row["source"],
        country=row["country"],
        event_id=row["event_id"],
    )
