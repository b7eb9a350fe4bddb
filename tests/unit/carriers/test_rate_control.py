"""Rate control against message centres that are functions of time; no clock runs."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.carriers.rate_control import AdaptiveRate
from simpost.domain.rates import TokenBucket

ROUND_TRIP_S = 0.01


class Drive:
    """Offers submits at a steady rate and reports the result of `takes` for each."""

    def __init__(self, rate):
        self.rate = rate
        self.now_s = 0.0
        self.taken = self.throttled = 0
        self._answers = deque()

    def run(self, seconds, offered_per_s, takes, *, congested=False):
        """Taken a second."""
        before = self.taken
        for _ in range(int(seconds * offered_per_s)):
            self.now_s += 1 / offered_per_s
            while self._answers and self._answers[0][0] <= self.now_s:
                _, throttled = self._answers.popleft()
                self.rate.on_response(self.now_s, throttled=throttled, congested=congested)
            if self.rate.wait_s(self.now_s) == 0:
                self.rate.take(self.now_s)
                is_taken = takes(self.now_s)
                self.taken += is_taken
                self.throttled += not is_taken
                self._answers.append((self.now_s + ROUND_TRIP_S, not is_taken))
            if self.rate.is_slowed:
                self.rate.evaluate(self.now_s)
        return (self.taken - before) / seconds


def everything(_):
    return True


def nothing(_):
    return False


def all_but_one_in(count):
    seen = iter(range(10**9))
    return lambda _: next(seen) % count != count - 1


def at_most(per_s):
    bucket = TokenBucket(per_s, max(1.0, per_s / 10), 0.0)
    return lambda now_s: bucket.take(now_s) == 0.0


@pytest.mark.parametrize("offered_per_s", [5, 50, 200, 1000, 5000])
def test_one_throttled_response_in_200_hardly_lowers_the_rate(offered_per_s):
    drive = Drive(AdaptiveRate(0, 0.0))
    assert drive.run(20, offered_per_s, all_but_one_in(200)) >= 0.95 * offered_per_s


@pytest.mark.parametrize("offered", [1.2, 2, 10])
@pytest.mark.parametrize("limit_per_s", [50, 500, 2000])
def test_an_unknown_limit_is_found_and_kept(limit_per_s, offered):
    drive = Drive(AdaptiveRate(0, 0.0))
    taken_per_s = drive.run(20, offered * limit_per_s, at_most(limit_per_s))
    assert taken_per_s >= 0.6 * limit_per_s
    assert drive.throttled <= 0.1 * (drive.taken + drive.throttled)


def test_the_configured_rate_holds_and_comes_back_after_a_throttled_time():
    pace = AdaptiveRate(100, 0.0)
    drive = Drive(pace)
    assert drive.run(5, 1000, everything) == pytest.approx(102, abs=2)
    drive.run(3, 1000, nothing)
    assert pace.is_slowed
    assert pace.allowed_per_s < 10
    drive.run(20, 1000, everything)
    assert not pace.is_slowed
    assert pace.allowed_per_s == 100


def test_a_centre_that_throttles_everything_gets_one_submit_a_second():
    drive = Drive(AdaptiveRate(0, 0.0))
    drive.run(30, 1000, nothing)
    assert drive.rate.allowed_per_s < 1.2
    before = drive.throttled
    drive.run(10, 1000, nothing)
    assert drive.throttled - before <= 15


def test_a_bind_without_a_configured_rate_becomes_unlimited_again():
    drive = Drive(AdaptiveRate(0, 0.0))
    drive.run(30, 1000, nothing)
    drive.run(30, 1000, everything)
    assert (drive.rate.is_slowed, drive.rate.allowed_per_s) == (False, 0)


def test_the_rate_recovers_without_traffic():
    pace = AdaptiveRate(100, 0.0)
    for _ in range(50):
        pace.take(0.5)
        pace.on_response(0.6, throttled=True)
    pace.evaluate(1.0)
    assert pace.is_slowed
    for tick in range(40):
        pace.evaluate(2.0 + tick)
    assert (pace.is_slowed, pace.allowed_per_s) == (False, 100)


def test_a_single_throttled_answer_may_be_chance():
    pace = AdaptiveRate(0, 0.0)
    pace.take(1.0)
    pace.on_response(1.0, throttled=True)
    pace.evaluate(10.0)
    assert not pace.is_slowed


def test_a_few_messages_a_second_are_slowed_too_when_most_are_throttled():
    drive = Drive(AdaptiveRate(0, 0.0))
    drive.run(5, 5, nothing)
    assert drive.rate.is_slowed


def test_responses_to_submits_before_a_cut_do_not_cut_again():
    pace = AdaptiveRate(0, 0.0)
    for _ in range(100):
        pace.take(0.0)
    for _ in range(50):
        pace.on_response(0.05, throttled=True)
    pace.on_response(0.2, throttled=True)
    cut_to = pace.allowed_per_s
    assert cut_to
    for _ in range(49):
        pace.on_response(0.35, throttled=True)
    pace.evaluate(0.4)
    assert pace.allowed_per_s == cut_to


def test_congestion_lowers_the_rate_before_anything_is_throttled():
    """SMPP 5.0 4.8.4.18."""
    drive = Drive(AdaptiveRate(1000, 0.0))
    drive.run(3, 1000, everything, congested=True)
    assert drive.rate.is_slowed
    assert 100 < drive.rate.allowed_per_s < 600
    drive.run(15, 1000, everything)
    assert drive.rate.allowed_per_s == 1000


def test_the_measured_rate_is_a_recent_one():
    drive = Drive(AdaptiveRate(0, 0.0))
    drive.run(3, 200, everything)
    assert drive.rate.measured_per_s(drive.now_s) == pytest.approx(200, rel=0.1)
    assert drive.rate.measured_per_s(drive.now_s + 3600) < 1


@given(
    limit_per_s=st.sampled_from([0.0, 0.5, 10.0, 1000.0]),
    answers=st.lists(
        st.tuples(st.floats(0, 3), st.integers(1, 150), st.floats(0, 1), st.booleans()),
        max_size=40,
    ),
)
def test_the_rate_stays_between_its_floor_and_the_configured_rate(limit_per_s, answers):
    pace = AdaptiveRate(limit_per_s, 0.0)
    now_s = 0.0
    for pause_s, count, share, congested in answers:
        now_s += pause_s
        for index in range(count):
            pace.take(now_s)
            pace.on_response(now_s, throttled=index < share * count, congested=congested)
        pace.evaluate(now_s)
        assert pace.in_flight == 0
        if pace.is_slowed:
            floor = min(1.0, limit_per_s or 1.0)
            assert floor <= pace.allowed_per_s <= (limit_per_s or 100_000)
        else:
            assert pace.allowed_per_s == limit_per_s
    for tick in range(60):
        pace.evaluate(now_s + 1 + tick)
    assert pace.allowed_per_s == limit_per_s
