"""Counts of quotas, read one by one, and the alarms of commits that use them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from simpost.domain.policy.budgets import budget_name
from simpost.domain.policy.quotas import (
    QuotaAlarm,
    QuotaKey,
    QuotaReached,
    full_key_of,
    show_amount,
)
from simpost.ports.store import NewMessage
from simpost.ports.store.quotas import CountedUse
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    "used": """
        SELECT used FROM quota_uses WHERE account_id = $1 AND counter = $2 AND period = $3
    """,
    "add": """
        INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (account_id, counter, period) DO UPDATE SET used = q.used + excluded.used
    """,
    # Returns a row only if the alarm was not raised for this limit or a higher one.
    "note_full": """
        INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (account_id, counter, period) DO UPDATE SET used = excluded.used
        WHERE q.used < excluded.used
        RETURNING used
    """,
    "add_event": """
        INSERT INTO added_events (account_id, type, subject, at_ms, data)
        VALUES ($1, 'budget.reached', $2, $3, $4)
    """,
}

_encode = msgspec.json.Encoder().encode


class StoredQuotas:
    """Implements `simpost.ports.store.QuotaStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def find_used(self, keys: Sequence[QuotaKey]) -> list[int]:
        return await self._database.query(_find_used, keys)

    async def add(self, uses: Sequence[CountedUse]) -> None:
        # In one order on all nodes, so that none waits for another that waits for it.
        await self._database.transact(_add, sorted(uses))


def raise_alarms(
    message: NewMessage, alarms: Sequence[QuotaAlarm]
) -> Steps[tuple[QuotaAlarm, ...]]:
    """Add the events of alarms; returns those that were not raised before in their period.

    Only the alarm of 100 percent can come twice: of a refusal, and of a use of all that is left.
    """
    raised: list[QuotaAlarm] = []
    for alarm in alarms:
        quota = alarm.quota
        if alarm.percent == 100:
            key = full_key_of(message.account_id, quota)
            if not (yield SQL["note_full"], (*key, quota.limit, quota.expires_ms)):
                continue
        raised.append(alarm)
        budget = budget_name(quota.counter)
        data = {
            "period": quota.period,
            "percent": alarm.percent,
            "used": show_amount(budget, alarm.used),
            "limit": show_amount(budget, quota.limit),
        }
        event = (message.account_id, budget, message.created_ms)
        yield SQL["add_event"], (*event, _encode(data).decode())
    return tuple(raised)


def raise_refusal(message: NewMessage, reached: QuotaReached) -> Steps[QuotaReached]:
    """The refusal of a message, with its alarm if that is the first of the period."""
    quota = reached.quota
    if not quota.alarms:
        return reached
    alarms = yield from raise_alarms(message, (QuotaAlarm(quota, 100, reached.used),))
    return msgspec.structs.replace(reached, alarms=alarms)


def _find_used(keys: Sequence[QuotaKey]) -> Steps[list[int]]:
    used: list[int] = []
    for key in keys:
        rows = yield SQL["used"], tuple(key)
        used.append(rows[0]["used"] if rows else 0)
    return used


def _add(uses: Sequence[CountedUse]) -> Steps[None]:
    for use in uses:
        yield SQL["add"], (*use.key, use.amount, use.expires_ms)
