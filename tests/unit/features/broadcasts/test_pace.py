"""The pace of a broadcast over time, with clocks that step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.features.broadcasts.pace import MAX_QUEUED, MIN_QUEUED, Paces

ID = b"1"
START_MS = 1_767_225_600_000


def begun(per_s, times_ms):
    """How many messages begin at each of these times, all that are allowed."""
    paces, counts = Paces(), []
    for now_ms in times_ms:
        count = paces.allowance(ID, per_s, now_ms)
        paces.use(ID, per_s, count)
        counts.append(count)
    return counts


def ticks(seconds, from_ms=START_MS):
    return range(from_ms, from_ms + int(1000 * seconds), 250)


@pytest.mark.parametrize("per_s", [0.01, 0.5, 1, 3, 10, 1000, 10_000])
def test_it_begins_as_many_as_its_pace(per_s):
    seconds = max(10, 5 / per_s)
    total = sum(begun(per_s, ticks(seconds)))
    assert per_s * seconds - 1 <= total <= per_s * (seconds + 0.5) + 1


@given(
    st.sampled_from([0.01, 0.5, 7, 10_000]),
    st.lists(st.integers(-10_000_000, 10_000_000), max_size=30),
)
def test_steps_of_the_clock_allow_a_second_of_the_pace_at_most(per_s, steps):
    now_ms, times = START_MS, []
    for step in steps:
        now_ms = max(0, now_ms + step)
        times.append(now_ms)
    for count in begun(per_s, times):
        assert 0 <= count <= max(1, per_s)


def test_a_clock_that_goes_back_an_hour_does_not_stop_it():
    paces = Paces()
    paces.use(ID, 10, paces.allowance(ID, 10, START_MS))
    counts = []
    for now_ms in ticks(5, START_MS - 3_600_000):
        count = paces.allowance(ID, 10, now_ms)
        paces.use(ID, 10, count)
        counts.append(count)
    assert 45 <= sum(counts) <= 52


def test_others_are_forgotten():
    paces = Paces()
    paces.use(ID, 10, paces.allowance(ID, 10, START_MS))
    paces.keep([])
    assert paces.allowance(ID, 10, START_MS) == 2


def most_over_time(taken_per_s, per_s=10_000, seconds=10):
    """The most that may be queued at the end, where carriers take this number in a second."""
    paces, queued = Paces(), 0
    for now_ms in ticks(seconds):
        paces.note_queued(ID, queued, now_ms)
        room = paces.most_queued(ID) - queued
        count = max(0, min(room, paces.allowance(ID, per_s, now_ms)))
        paces.use(ID, per_s, count)
        queued = max(0, queued + count - taken_per_s // 4)
    return paces.most_queued(ID)


def test_carriers_have_half_a_second_of_work_at_most():
    assert most_over_time(0) == most_over_time(40) == MIN_QUEUED
    assert 350 <= most_over_time(1_000) <= 600
    assert most_over_time(100_000) == MAX_QUEUED


def test_the_queue_of_another_broadcast_is_its_own():
    paces = Paces()
    paces.note_queued(ID, 0, START_MS)
    assert paces.most_queued(b"2") == MIN_QUEUED


def test_a_burst_of_a_carrier_is_not_its_pace():
    """It takes 200 at once, and then 200 in a second; the queue is looked at every 50 ms."""
    paces, queued, tokens, longest = Paces(), 0, 200, 0
    for step in range(200):
        now_ms = START_MS + 50 * step
        paces.note_queued(ID, queued, now_ms)
        room = paces.most_queued(ID) - queued
        count = max(0, min(room, paces.allowance(ID, 10_000, now_ms)))
        paces.use(ID, 10_000, count)
        taken = min(queued + count, tokens)
        queued, tokens = queued + count - taken, tokens - taken + 10
        longest = max(longest, queued)
    assert longest <= 200
