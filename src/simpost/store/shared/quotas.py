"""Counts of quotas, read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.domain.policy.quotas import QuotaKey
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    "used": """
        SELECT used FROM quota_uses WHERE account_id = $1 AND counter = $2 AND period = $3
    """,
}


class StoredQuotas:
    """Implements `simpost.ports.store.QuotaStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def find_used(self, keys: Sequence[QuotaKey]) -> list[int]:
        return await self._database.query(_find_used, keys)


def _find_used(keys: Sequence[QuotaKey]) -> Steps[list[int]]:
    used: list[int] = []
    for key in keys:
        rows = yield SQL["used"], tuple(key)
        used.append(rows[0]["used"] if rows else 0)
    return used
