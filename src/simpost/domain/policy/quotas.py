"""Quotas: how much of something may be sent in a period, such as two promotions to an eSIM a day.

A quota is enforced by the commit of the message that uses it. A look before the commit could not:
many requests at once would all see the same count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from simpost.domain.prices import format_cost
from simpost.domain.reasons import Reason

COST_COUNTER: Final = "budget:cost:"
"""What counters begin with that count cost, in 1/10,000 cost unit."""
_OF_COST: Final = (COST_COUNTER, "cost:")


class Quota(msgspec.Struct, frozen=True, gc=False):
    """One use of a limited amount.

    Attributes:
        counter: what is counted within the account, such as `notice:26010100000001`.
        period: the period that the counter belongs to, such as `2026-11-29`.
        amount: what this message uses.
        limit: the most that may be used in the period.
        reason: of the refusal when the limit is reached.
        expires_ms: when the count of the period may be deleted.
        alarms: percents of the limit, ascending. The commit that reaches one is reported, and so is
            the first refusal of a period: then nothing useful is left.
        is_shared: all accounts share the count.
    """

    counter: str
    period: str
    amount: int
    limit: int
    reason: Reason
    expires_ms: int
    alarms: tuple[int, ...] = ()
    is_shared: bool = False


class QuotaAlarm(msgspec.Struct, frozen=True, gc=False):
    """A percentage of the limit that the count, `used`, reached; 100 also for a refusal."""

    quota: Quota
    percent: int
    used: int


class QuotaReached(msgspec.Struct, frozen=True, gc=False):
    """Nothing was committed: this much of the quota was used before.

    Attributes:
        alarms: the one of this refusal, if it is the first of the period.
    """

    quota: Quota
    used: int
    alarms: tuple[QuotaAlarm, ...] = ()

    @property
    def detail(self) -> str:
        """The numbers, for the explanation of the reason."""
        quota = self.quota
        used, limit, amount = (
            show_amount(quota.counter, each) for each in (self.used, quota.limit, quota.amount)
        )
        return f"{used} of {limit} used, {amount} wanted, period {quota.period}."


class QuotaKey(NamedTuple):
    """Identifies one count."""

    account_id: int
    counter: str
    period: str


def show_amount(name: str, amount: int) -> int | str:
    """An amount of a counter or budget with this name: cost is in cost units, as `0.0450`."""
    return format_cost(amount) if name.startswith(_OF_COST) else amount


def alarms_of(quota: Quota, used: int) -> Iterator[QuotaAlarm]:
    """The alarms of a committed use that made the count `used`."""
    for percent in quota.alarms:
        if 100 * (used - quota.amount) < percent * quota.limit <= 100 * used:
            yield QuotaAlarm(quota, percent, used)


class QuotaCounts:
    """The counts that a transaction works on.

    `used` has the count of each key at the start of the transaction.
    """

    def __init__(self, used: dict[QuotaKey, int]) -> None:
        self._used = used

    def find_reached(self, account_id: int, quotas: Iterable[Quota]) -> QuotaReached | None:
        """The first quota that has not enough left; `None` when all have."""
        for quota in quotas:
            used = self._used[key_of(account_id, quota)]
            if used + quota.amount > quota.limit:
                return QuotaReached(quota, used)
        return None

    def add(self, account_id: int, quotas: Iterable[Quota]) -> list[QuotaAlarm]:
        """Count a message, and return the alarms that it reaches."""
        alarms: list[QuotaAlarm] = []
        for quota in quotas:
            key = key_of(account_id, quota)
            count = self._used[key] = self._used[key] + quota.amount
            if quota.alarms:
                alarms += alarms_of(quota, count)
        return alarms


def key_of(account_id: int, quota: Quota) -> QuotaKey:
    """The key of the count that a quota uses."""
    return QuotaKey(0 if quota.is_shared else account_id, quota.counter, quota.period)


def full_key_of(account_id: int, quota: Quota) -> QuotaKey:
    """The key under which the limit is stored once its alarm of 100 percent was raised."""
    return QuotaKey(account_id, f"full:{quota.counter}", quota.period)


def quota_keys(all_of: Iterable[tuple[int, Sequence[Quota]]]) -> list[QuotaKey]:
    """The keys of several messages, sorted: transactions lock them in this order."""
    return sorted({key_of(account_id, quota) for account_id, quotas in all_of for quota in quotas})
