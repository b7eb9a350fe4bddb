"""Quotas: how much of something may be sent in a period, such as two promotions to an eSIM a day.

A quota is enforced by the commit of the message that uses it. A look before the commit could not:
many requests at once would all see the same count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from simpost.domain.reasons import Reason


class Quota(msgspec.Struct, frozen=True, gc=False):
    """One use of a limited amount.

    Attributes:
        counter: what is counted within the account, such as `notice:26010100000001`.
        period: the period that the counter belongs to, such as `2026-11-29`.
        amount: what this message uses.
        limit: the most that may be used in the period.
        reason: of the refusal when the limit is reached.
        expires_ms: when the count of the period may be deleted.
        alarms: percents of the limit; the commit that reaches one is reported.
    """

    counter: str
    period: str
    amount: int
    limit: int
    reason: Reason
    expires_ms: int
    alarms: tuple[int, ...] = ()


class QuotaReached(msgspec.Struct, frozen=True, gc=False):
    """Nothing was committed: this much of the quota was used before."""

    quota: Quota
    used: int

    @property
    def detail(self) -> str:
        """The numbers, for the explanation of the reason."""
        quota = self.quota
        return f"{self.used} of {quota.limit} used, {quota.amount} wanted, period {quota.period}."


class QuotaAlarm(msgspec.Struct, frozen=True, gc=False):
    """The use that made the count, `used`, reach a percentage of the limit."""

    quota: Quota
    percent: int
    used: int


def alarms_of(quotas: Iterable[Quota], used: Iterable[int]) -> Iterator[QuotaAlarm]:
    """The alarms of a committed use: `used` is the new count of each quota."""
    for quota, count in zip(quotas, used, strict=True):
        for percent in quota.alarms:
            if 100 * (count - quota.amount) < percent * quota.limit <= 100 * count:
                yield QuotaAlarm(quota, percent, count)


class QuotaKey(NamedTuple):
    """Identifies one count."""

    account_id: int
    counter: str
    period: str


class QuotaCounts:
    """The counts that a transaction works on.

    `used` has the count of each key at the start of the transaction; absent keys are zero.
    """

    def __init__(self, used: dict[QuotaKey, int]) -> None:
        self._used = used

    def find_reached(self, account_id: int, quotas: Iterable[Quota]) -> QuotaReached | None:
        """The first quota that has not enough left; `None` when all have."""
        for quota in quotas:
            used = self._used.get(key_of(account_id, quota), 0)
            if used + quota.amount > quota.limit:
                return QuotaReached(quota, used)
        return None

    def add(self, account_id: int, quotas: Iterable[Quota]) -> tuple[int, ...]:
        """Count a message, and return the new count of each of its quotas."""
        return tuple(self._change(key_of(account_id, quota), quota.amount) for quota in quotas)

    def get(self, key: QuotaKey) -> int:
        """The count of a key now."""
        return self._used.get(key, 0)

    def _change(self, key: QuotaKey, amount: int) -> int:
        count = self._used[key] = self._used.get(key, 0) + amount
        return count


def key_of(account_id: int, quota: Quota) -> QuotaKey:
    """The key of the count that a quota uses."""
    return QuotaKey(account_id, quota.counter, quota.period)


def quota_keys(all_of: Iterable[tuple[int, Sequence[Quota]]]) -> list[QuotaKey]:
    """The keys of several messages, sorted: transactions lock them in this order."""
    return sorted({key_of(account_id, quota) for account_id, quotas in all_of for quota in quotas})
