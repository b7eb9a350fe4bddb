"""Accounts that have something that does not get better by itself."""

from __future__ import annotations

from typing import Final

from simpost.domain.states import State
from simpost.domain.stuck_jobs import StuckJob, StuckKind
from simpost.ports.store.needs import AccountNeed
from simpost.store.records.columns import CODE
from simpost.store.shared import stuck_jobs
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    "in_doubt": """
        SELECT a.id FROM accounts AS a WHERE EXISTS (
          SELECT 1 FROM parts AS p WHERE p.account_id = a.id AND p.message_state = $2)
        ORDER BY a.id LIMIT $1
    """,
    "held": """
        SELECT a.id FROM accounts AS a WHERE EXISTS (
          SELECT 1 FROM held_messages AS h WHERE h.account_id = a.id AND h.state = $2)
        ORDER BY a.id LIMIT $1
    """,
    "stopped_webhook": """
        SELECT a.id FROM accounts AS a WHERE EXISTS (
          SELECT 1 FROM webhook_endpoints AS e
          WHERE e.account_id = a.id AND e.state IN ('disabled', 'gone'))
        ORDER BY a.id LIMIT $1
    """,
    "given_up": """
        SELECT a.id FROM accounts AS a WHERE EXISTS (
          SELECT 1 FROM webhook_deliveries AS d
          WHERE d.account_id = a.id AND d.state = 'exhausted')
        ORDER BY a.id LIMIT $1
    """,
}
_STATES: Final = {AccountNeed.IN_DOUBT: CODE[State.IN_DOUBT], AccountNeed.HELD: CODE[State.HELD]}


class StoredNeeds:
    """Implements `simpost.ports.store.NeedStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def find_accounts(self, need: AccountNeed, *, limit: int) -> list[int]:
        return await self._database.query(_find, need, limit)

    async def list_stuck(
        self, kind: StuckKind, account_id: int | None, *, now_ms: int, limit: int
    ) -> list[StuckJob]:
        return await self._database.query(stuck_jobs.list_stuck, kind, account_id, now_ms, limit)

    async def try_again(
        self, kind: StuckKind, account_id: int, job_id: bytes, *, now_ms: int
    ) -> bool:
        return await self._database.transact(stuck_jobs.try_again, kind, account_id, job_id, now_ms)


def _find(need: AccountNeed, limit: int) -> Steps[list[int]]:
    state = _STATES.get(need)
    rows = yield SQL[need], (limit,) if state is None else (limit, state)
    return [row["id"] for row in rows]
