import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.rates import TokenBucket


def test_a_burst_passes_and_then_the_rate_holds():
    bucket = TokenBucket(8, burst=8, now_s=0.0)
    assert [bucket.take(0.0) for _ in range(8)] == [0.0] * 8
    assert bucket.take(0.0) == pytest.approx(1 / 8)
    assert bucket.take(0.125) == 0.0
    assert bucket.take(0.125) > 0


def test_a_refused_take_costs_nothing():
    bucket = TokenBucket(1, burst=1, now_s=0.0)
    bucket.take(0.0)
    for _ in range(100):
        assert bucket.take(0.5) == pytest.approx(0.5)
    assert bucket.take(1.0) == 0.0


def test_no_rate_is_no_limit():
    bucket = TokenBucket(0, burst=1, now_s=0.0)
    assert all(bucket.take(0.0) == 0.0 for _ in range(1000))


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing():
    bucket = TokenBucket(1, burst=1, now_s=100.0)
    assert bucket.take(100.0) == 0.0
    assert bucket.take(50.0) > 0
    assert bucket.take(51.5) == 0.0


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_never_more_than_burst_and_rate_allow(pauses):
    bucket = TokenBucket(10, burst=5, now_s=0.0)
    now = 0.0
    passed = 0
    for pause in pauses:
        now += pause
        passed += bucket.take(now) == 0.0
    assert passed <= 5 + 10 * now + 1e-6
