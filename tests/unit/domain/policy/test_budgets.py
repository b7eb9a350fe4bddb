"""Budgets. Dates and thresholds were worked out by hand."""

from datetime import UTC, datetime

import pytest

from simpost.domain.policy.budgets import Budget, budget_name, budget_quotas
from simpost.domain.policy.quotas import alarms_of
from simpost.domain.reasons import Reason


def ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def quotas(*budgets, msisdn="66812345678", parts=1, at="2026-02-28T23:59:59"):
    return budget_quotas(budgets, msisdn, parts, ms(at), lambda: 450 * parts)


def test_a_budget_counts_parts_by_day_and_month_in_utc():
    day, month = quotas(Budget(day=10, month=100), parts=3)
    assert (day.counter, day.period, day.amount, day.limit) == ("budget:day:", "2026-02-28", 3, 10)
    assert (month.counter, month.period, month.limit) == ("budget:month:", "2026-02", 100)
    assert {day.reason, month.reason} == {Reason.BUDGET_REACHED}
    assert day.expires_ms == ms("2026-03-02T00:00:00")
    assert month.expires_ms == ms("2026-03-02T00:00:00")
    day, month = quotas(Budget(day=10, month=100), at="2026-12-01T00:00:00")
    assert (day.period, month.period) == ("2026-12-01", "2026-12")
    assert month.expires_ms == ms("2027-01-02T00:00:00")


def test_only_the_given_periods_are_counted():
    assert [each.counter for each in quotas(Budget(day=1))] == ["budget:day:"]
    assert [each.counter for each in quotas(Budget(month=1))] == ["budget:month:"]


@pytest.mark.parametrize(("msisdn", "counters"), [
    ("66812345678", ["day", "day:66", "day:668"]),
    ("66712345678", ["day", "day:66"]),
    ("447700900001", ["day"]),
    ("", ["day"]),
])  # fmt: skip
def test_every_budget_whose_prefix_fits_is_counted(msisdn, counters):
    budgets = [Budget(prefix, day=5) for prefix in ("", "66", "668", "49")]
    assert [budget_name(each.counter) for each in quotas(*budgets, msisdn=msisdn)] == counters


@pytest.mark.parametrize(
    ("limit", "amount", "used", "percents"),
    [
        (10, 1, 4, []),
        (10, 1, 5, [50]),
        (10, 1, 6, []),
        (10, 1, 8, [80]),
        (10, 1, 10, [100]),
        (10, 10, 10, [50, 80, 100]),
        (10, 4, 9, [80]),
        (10, 5, 9, [50, 80]),
        (1, 1, 1, [50, 80, 100]),
        (3, 1, 2, [50]),
        (3, 1, 3, [80, 100]),
        (7, 1, 6, [80]),
    ],
)
def test_an_alarm_is_of_the_use_that_reaches_it(limit, amount, used, percents):
    [quota] = quotas(Budget(day=limit), parts=amount)
    assert [alarm.percent for alarm in alarms_of(quota, used)] == percents
