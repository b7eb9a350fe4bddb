"""Sums of counts, quantiles of delays, and when an hour is counted again."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.message_counts import (
    HOUR_MS,
    HourTally,
    Tally,
    add_up,
    delay_bucket,
    is_due,
)
from simpost.domain.states import State

MINUTE_MS = 60_000
ENDED = Tally({State.DELIVERED: 3, State.FAILED: 1})
OPEN = Tally({State.DELIVERED: 3, State.SENT: 1})


def test_a_sum_has_every_state_and_bucket():
    total = add_up(
        [Tally({State.SENT: 1}, {4: 1.5}), Tally({State.SENT: 2, State.HELD: 1}, {4: 2.0})]
    )
    assert total == Tally({State.SENT: 3, State.HELD: 1}, {4: 3.5})
    assert (total.accepted, total.open) == (4, 4)
    assert ENDED.open == 0


def test_no_deliveries_have_no_quantile():
    assert Tally().quantile_ms(0.5) is None


@given(st.lists(st.integers(1, 7 * 86_400_000), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_a_quantile_is_right_to_ten_percent(delays, share):
    counts = {}
    for each in delays:
        counts[delay_bucket(each)] = counts.get(delay_bucket(each), 0.0) + 1
    exact = sorted(delays)[max(0, -(-int(share * len(delays) * 1e9) // 10**9) - 1)]
    found = Tally({}, counts).quantile_ms(share)
    neighbours = sorted(delays)
    at = neighbours.index(exact)
    low, high = neighbours[max(0, at - 1)], neighbours[min(len(delays) - 1, at + 1)]
    assert low / 1.1 - 1 <= found <= high * 1.1 + 1


def test_quantiles_of_many_delays_are_near_the_exact_ones():
    rnd = random.Random(7)
    delays = sorted(int(rnd.lognormvariate(8, 1)) + 1 for _ in range(10_000))
    counts = {}
    for each in delays:
        counts[delay_bucket(each)] = counts.get(delay_bucket(each), 0.0) + 1
    for share in (0.5, 0.9, 0.99):
        exact = delays[int(share * len(delays))]
        assert Tally({}, counts).quantile_ms(share) == pytest.approx(exact, rel=0.11)


@pytest.mark.parametrize(
    ("tally", "counted_after_ms", "now_after_ms", "expected"),
    [
        (OPEN, -30 * MINUTE_MS, -29 * MINUTE_MS, True),
        (OPEN, -30 * MINUTE_MS, -30 * MINUTE_MS + 59_000, False),
        (ENDED, -1, MINUTE_MS, True),  # counted before the hour was over
        (ENDED, MINUTE_MS, 99 * HOUR_MS, False),
        (OPEN, MINUTE_MS, 2 * MINUTE_MS, True),
        (OPEN, HOUR_MS, HOUR_MS + 50_000, False),
        (OPEN, 10 * HOUR_MS, 10 * HOUR_MS + 9 * MINUTE_MS, False),
        (OPEN, 10 * HOUR_MS, 10 * HOUR_MS + 11 * MINUTE_MS, True),
    ],
)
def test_an_hour_is_counted_again_while_it_may_change(
    tally, counted_after_ms, now_after_ms, expected
):
    hour = 490_000
    end_ms = (hour + 1) * HOUR_MS
    counted = HourTally(hour, end_ms + counted_after_ms, tally)
    assert is_due(counted, end_ms + now_after_ms) is expected
    assert is_due(None, end_ms)
