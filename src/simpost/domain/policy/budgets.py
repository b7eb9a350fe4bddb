"""Budgets: most parts, or cost units, of an account per day and month, in all or to a prefix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from simpost.domain.policy.quotas import COST_COUNTER, Quota
from simpost.domain.reasons import Reason

ALARM_PERCENTS: Final = (50, 80, 100)
_COUNTER: Final = "budget:"
_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000


class Budget(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Limits of parts and of cost; `None`: no limit.

    Attributes:
        prefix: first digits of the MSISDNs that it is for; empty: all eSIMs.
        day, month: parts in a day and in a month, both in UTC.
        day_cost, month_cost: cost of the parts, in 1/10,000 cost unit.
    """

    prefix: str = ""
    day: int | None = None
    month: int | None = None
    day_cost: int | None = None
    month_cost: int | None = None


class Periods(msgspec.Struct, frozen=True, gc=False):
    """The day and month of a time, and when their counts may be deleted."""

    day: str
    day_expires_ms: int
    month: str
    month_expires_ms: int


def budget_quotas(
    budgets: tuple[Budget, ...],
    msisdn: str,
    parts: int,
    now_ms: int,
    cost_of: Callable[[], int],
) -> tuple[Quota, ...]:
    """The quotas that a message to the MSISDN uses; `cost_of` is called if one limits its cost."""
    day_number = now_ms // _DAY_MS
    quotas: tuple[Quota, ...] = ()
    for budget in budgets:
        if msisdn.startswith(budget.prefix):
            quotas += _quotas_of_parts(budget, parts, day_number)
            if budget.day_cost is not None or budget.month_cost is not None:
                quotas += _quotas_of_cost(budget, cost_of(), day_number)
    return quotas


@lru_cache(maxsize=1_024)
def _quotas_of_parts(budget: Budget, parts: int, day_number: int) -> tuple[Quota, ...]:
    """Many messages of a day use the same."""
    periods = periods_of(day_number)
    quotas: list[Quota] = []
    if budget.day is not None:
        key = day_counter(budget), periods.day
        quotas.append(_quota(*key, parts, budget.day, periods.day_expires_ms))
    if budget.month is not None:
        key = month_counter(budget), periods.month
        quotas.append(_quota(*key, parts, budget.month, periods.month_expires_ms))
    return tuple(quotas)


@lru_cache(maxsize=1_024)
def _quotas_of_cost(budget: Budget, cost: int, day_number: int) -> tuple[Quota, ...]:
    periods = periods_of(day_number)
    quotas: list[Quota] = []
    if budget.day_cost is not None:
        key = day_cost_counter(budget), periods.day
        quotas.append(_quota(*key, cost, budget.day_cost, periods.day_expires_ms))
    if budget.month_cost is not None:
        key = month_cost_counter(budget), periods.month
        quotas.append(_quota(*key, cost, budget.month_cost, periods.month_expires_ms))
    return tuple(quotas)


def day_counter(budget: Budget) -> str:
    """The counter of the parts per day."""
    return f"{_COUNTER}day:{budget.prefix}"


def month_counter(budget: Budget) -> str:
    """The counter of the parts per month."""
    return f"{_COUNTER}month:{budget.prefix}"


def day_cost_counter(budget: Budget) -> str:
    """The counter of the cost per day."""
    return f"{COST_COUNTER}day:{budget.prefix}"


def month_cost_counter(budget: Budget) -> str:
    """The counter of the cost per month."""
    return f"{COST_COUNTER}month:{budget.prefix}"


def is_budget(counter: str) -> bool:
    """Whether it is the counter of a budget."""
    return counter.startswith(_COUNTER)


def budget_name(counter: str) -> str:
    """The name of the budget with this counter: `day`, `day:66` for a prefix, or `cost:day`."""
    return counter.removeprefix(_COUNTER).removesuffix(":")


@lru_cache(maxsize=8)
def periods_of(day_number: int) -> Periods:
    """The periods of a day, by its number since 1970."""
    day = datetime.fromtimestamp(day_number * 86_400, UTC)
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return Periods(
        day=f"{day:%Y-%m-%d}",
        day_expires_ms=(day_number + 2) * _DAY_MS,
        month=f"{day:%Y-%m}",
        month_expires_ms=int(next_month.timestamp()) * 1000 + _DAY_MS,
    )


@lru_cache(maxsize=8)
def hour_of(hour_number: int) -> tuple[str, int]:
    """The hour with this number since 1970, and when its counts may be deleted."""
    hour = datetime.fromtimestamp(hour_number * 3_600, UTC)
    return f"{hour:%Y-%m-%dT%H}", (hour_number + 2) * _HOUR_MS


@lru_cache(maxsize=64)
def period_end_ms(period: str) -> int:
    """When a period of a budget ends: an hour, a day or a month, all in UTC."""
    if len(period) == len("2026-11"):
        start = datetime.strptime(period, "%Y-%m").replace(tzinfo=UTC)
        end = (start + timedelta(days=32)).replace(day=1)
    elif "T" in period:
        end = datetime.strptime(period, "%Y-%m-%dT%H").replace(tzinfo=UTC) + timedelta(hours=1)
    else:
        end = datetime.strptime(period, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    return int(end.timestamp()) * 1000


def _quota(counter: str, period: str, amount: int, limit: int, expires_ms: int) -> Quota:
    return Quota(counter, period, amount, limit, Reason.BUDGET_REACHED, expires_ms, ALARM_PERCENTS)
