"""Stops: one row per scope; 0 or an empty text stands for a field without a value."""

from __future__ import annotations

from typing import Final

from simpost.domain.messages import Category
from simpost.domain.policy.stops import Stop, StopScope
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    "save": """
        INSERT INTO stops (account_id, category, country, codes, reason, since_ms)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id, category, country) DO UPDATE SET codes = excluded.codes,
          reason = excluded.reason, since_ms = excluded.since_ms
    """,
    "delete": """
        DELETE FROM stops WHERE account_id = $1 AND category = $2 AND country = $3
        RETURNING since_ms
    """,
    "list": """
        SELECT account_id, category, country, codes, reason, since_ms FROM stops
        ORDER BY since_ms, account_id, category, country
    """,
}


class StoredStops:
    """Implements `simpost.ports.store.StopStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def save_stop(self, stop: Stop) -> None:
        await self._database.transact(_save, stop)

    async def delete_stop(self, scope: StopScope) -> bool:
        return await self._database.transact(_delete, scope)

    async def list_stops(self) -> list[Stop]:
        return await self._database.query(_list)


def _save(stop: Stop) -> Steps[None]:
    yield SQL["save"], (*_key(stop.scope), stop.codes, stop.reason, stop.since_ms)


def _delete(scope: StopScope) -> Steps[bool]:
    deleted = yield SQL["delete"], _key(scope)
    return bool(deleted)


def _list() -> Steps[list[Stop]]:
    rows = yield SQL["list"], ()
    return [_stop(row) for row in rows]


def _key(scope: StopScope) -> tuple[int, str, str]:
    return scope.account_id or 0, scope.category or "", scope.country or ""


def _stop(row: NamedRow) -> Stop:
    category = row["category"]
    scope = StopScope(
        row["account_id"] or None, Category(category) if category else None, row["country"] or None
    )
    return Stop(scope, bool(row["codes"]), row["reason"], row["since_ms"])
