"""Events of quotas: the same in both stores."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from simpost.domain.policy.budgets import budget_name
from simpost.domain.policy.quotas import alarms_of
from simpost.ports.store import NewMessage

_encode = msgspec.json.Encoder().encode


def event_rows(
    message: NewMessage, used: tuple[int, ...]
) -> Iterator[tuple[int, str, str, int, str]]:
    """The row of `added_events` for each threshold that a committed message crossed."""
    for alarm in alarms_of(message.quotas, used):
        quota = alarm.quota
        data = {
            "period": quota.period,
            "percent": alarm.percent,
            "used": alarm.used,
            "limit": quota.limit,
        }
        yield (
            message.account_id,
            "budget.reached",
            budget_name(quota.counter),
            message.created_ms,
            _encode(data).decode(),
        )
