"""Automations, and their runs: a unique index makes a second run of one occurrence impossible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import msgspec

from simpost.domain.automations import (
    MAX_AUTOMATIONS,
    Automation,
    Run,
    RunState,
    due_times,
)
from simpost.domain.lifecycle import Transition
from simpost.domain.messages import Category
from simpost.ports.store.automations import AUTOMATION_STEP, DUE_SHARE
from simpost.store.records.row import NamedRow
from simpost.store.shared.automation_sql import RUNS_INSERTED, SQL
from simpost.store.shared.steps import SharedDatabase, Steps

_BEYOND: Final = b"\xff" * 17
_ID: Final = itemgetter("id")
_BEFORE_ALL: Final = -1
"""Less than the id of any account."""

_decode_values = msgspec.json.Decoder(dict[str, str]).decode


class StoredAutomations:
    """Implements `simpost.ports.store.AutomationStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def save(self, automation: Automation) -> bool:
        return await self._database.transact(_save, automation)

    async def find(self, account_id: int, name: str) -> Automation | None:
        return await self._database.query(_find, account_id, name)

    async def list_automations(self, account_id: int) -> list[Automation]:
        return await self._database.query(_list, account_id)

    async def delete(self, account_id: int, name: str) -> bool:
        return await self._database.transact(_delete, account_id, name)

    async def count_runs(self, account_id: int, name: str) -> Mapping[RunState, int]:
        return await self._database.query(_count_runs, account_id, name)

    async def list_runs(
        self, account_id: int, name: str, *, before: bytes | None, limit: int
    ) -> list[Run]:
        return await self._database.query(_list_runs, account_id, name, before, limit)

    async def has_new_transitions(self) -> bool:
        return await self._database.query(_has_new_transitions)

    async def start_runs(self, *, new_id: Callable[[], bytes], now_ms: int) -> int:
        return await self._database.transact(_start_runs, new_id, now_ms)

    async def list_due(self, *, now_ms: int, after_account: int) -> tuple[list[Run], int]:
        return await self._database.query(_list_due, now_ms, after_account)

    async def end_runs(self, runs: Sequence[Run]) -> None:
        await self._database.transact(_end_runs, runs)

    async def delete_old(self, *, before_ms: int) -> int:
        return await self._database.transact(_delete_old, before_ms)


def _save(automation: Automation) -> Steps[bool]:
    key = automation.account_id, automation.name
    [count] = yield SQL["count_others"], key
    if count["others"] >= MAX_AUTOMATIONS:
        return False
    row = (
        *key,
        automation.trigger,
        automation.template,
        automation.category,
        msgspec.json.encode(automation.values).decode(),
        automation.delay_s,
        automation.not_after_s,
        int(automation.enabled),
        automation.changed_ms,
    )
    yield SQL["save"], row
    return True


def _find(account_id: int, name: str) -> Steps[Automation | None]:
    rows = yield SQL["find"], (account_id, name)
    return _automation(rows[0]) if rows else None


def _list(account_id: int) -> Steps[list[Automation]]:
    rows = yield SQL["list"], (account_id,)
    return [_automation(row) for row in rows]


def _delete(account_id: int, name: str) -> Steps[bool]:
    rows = yield SQL["delete"], (account_id, name)
    return bool(rows)


def _count_runs(account_id: int, name: str) -> Steps[Mapping[RunState, int]]:
    rows = yield SQL["count_runs"], (account_id, name)
    return {RunState(row["state"]): row["runs"] for row in rows}


def _list_runs(account_id: int, name: str, before: bytes | None, limit: int) -> Steps[list[Run]]:
    rows = yield SQL["list_runs"], (account_id, name, before or _BEYOND, limit)
    return [_run(row) for row in rows]


def _has_new_transitions() -> Steps[bool]:
    rows = yield SQL["open_transitions"], (b"", 1)
    return bool(rows)


def _start_runs(new_id: Callable[[], bytes], now_ms: int) -> Steps[int]:
    rows = yield SQL["mark_handled"], (now_ms, b"", AUTOMATION_STEP)
    automations: dict[tuple[int, str], list[Automation]] = {}
    runs: list[tuple[Any, ...]] = []
    for row in sorted(rows, key=_ID):
        kind = row["account_id"], row["transition"]
        if kind not in automations:
            started = yield SQL["started_by"], kind
            automations[kind] = [_automation(each) for each in started]
        runs += [_new_run(automation, row, new_id()) for automation in automations[kind]]
    whole = len(runs) - len(runs) % RUNS_INSERTED
    for first in range(0, whole, RUNS_INSERTED):
        yield SQL["insert_runs"], tuple(chain(*runs[first : first + RUNS_INSERTED]))
    for run in runs[whole:]:
        yield SQL["insert_run"], run
    return len(rows)


def _new_run(automation: Automation, transition: NamedRow, run_id: bytes) -> tuple[Any, ...]:
    at_ms = transition["at_ms"]
    return (
        automation.account_id,
        run_id,
        automation.name,
        transition["esim_tran_no"],
        transition["occurrence"],
        transition["transition"],
        transition["country"],
        at_ms,
        *due_times(automation, at_ms),
    )


def _list_due(now_ms: int, after_account: int) -> Steps[tuple[list[Run], int]]:
    oldest = yield SQL["due"], (now_ms, AUTOMATION_STEP)
    if len(oldest) < AUTOMATION_STEP:
        return [_run(row) for row in oldest], after_account
    shares, place = yield from _shares(now_ms, after_account)
    found = {row["id"]: row for row in (*shares, *oldest)}
    return [_run(row) for row in found.values()][:AUTOMATION_STEP], place


def _shares(now_ms: int, after_account: int) -> Steps[tuple[list[NamedRow], int]]:
    """Some due runs of each account after a place, around to it, and the place that it came to."""
    rows: list[NamedRow] = []
    place, is_around = after_account, False
    for _ in range(AUTOMATION_STEP):
        accounts = yield SQL["next_account"], (place,)
        if not accounts and not is_around:
            place, is_around = _BEFORE_ALL, True
            continue
        if not accounts or (is_around and accounts[0]["account_id"] > after_account):
            break
        place = accounts[0]["account_id"]
        rows += yield SQL["due_of_account"], (place, now_ms, DUE_SHARE)
        if len(rows) >= AUTOMATION_STEP:
            break
    return rows, place


def _end_runs(runs: Sequence[Run]) -> Steps[None]:
    for run in sorted(runs, key=lambda run: (run.account_id, run.id)):
        row = (run.account_id, run.id, run.state, run.message_id, run.reason, run.ended_ms)
        yield SQL["end_run"], row


def _delete_old(before_ms: int) -> Steps[int]:
    rows = yield SQL["delete_old"], (before_ms, AUTOMATION_STEP)
    return len(rows)


def _automation(row: NamedRow) -> Automation:
    return Automation(
        account_id=row["account_id"],
        name=row["name"],
        trigger=Transition(row["started_by"]),
        template=row["template"],
        category=Category(row["category"]),
        values=_decode_values(row["template_values"]),
        delay_s=row["delay_s"],
        not_after_s=row["not_after_s"],
        enabled=bool(row["enabled"]),
        changed_ms=row["changed_ms"],
    )


def _run(row: NamedRow) -> Run:
    return Run(
        account_id=row["account_id"],
        automation=row["automation"],
        esim_tran_no=row["esim_tran_no"],
        occurrence=row["occurrence"],
        id=row["id"],
        transition=Transition(row["started_by"]),
        country=row["country"],
        at_ms=row["at_ms"],
        due_ms=row["due_ms"],
        late_ms=row["late_ms"],
        state=RunState(row["state"]),
        message_id=row["message_id"],
        reason=row["reason"],
        ended_ms=row["ended_ms"],
    )
