import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.carriers.smpp.bind import counts_as_healthy
from simpost.carriers.smpp.close_reasons import CLOSE_REASON_TEXT
from simpost.carriers.smpp.reconnect import Backoff
from simpost.smpp import CloseReason


class Most(random.Random):
    """No jitter."""

    def uniform(self, a, b):
        return b


def test_each_wait_is_twice_the_one_before_up_to_the_cap():
    backoff = Backoff(1, 10, Most())
    assert [backoff.next_delay_s() for _ in range(6)] == [1, 2, 4, 8, 10, 10]


def test_after_a_healthy_link_only_the_first_reconnect_is_immediate():
    backoff = Backoff(1, 10, Most())
    backoff.next_delay_s()
    backoff.next_delay_s()
    backoff.succeeded()
    assert [backoff.next_delay_s() for _ in range(4)] == [0.05, 1, 2, 4]


def test_an_immediate_reconnect_is_never_later_than_the_first_wait():
    backoff = Backoff(0.01, 10, Most())
    backoff.succeeded()
    assert backoff.next_delay_s() == 0.01


@pytest.mark.parametrize(
    ("heard", "lasted", "of_use"),
    [(0, False, False), (0, True, False), (1, False, False), (1, True, True), (100, False, True)],
)
def test_a_link_that_takes_one_part_and_closes_is_not_healthy(heard, lasted, of_use):
    """vumi#624, gosmpp#31: progress by single parts is a storm of reconnects all the same."""
    assert counts_as_healthy(heard, lasted=lasted) is of_use


@given(st.integers(), st.floats(0.1, 600), st.floats(1, 10))
def test_waits_are_randomised_between_half_and_all(seed, least_s, factor):
    backoff = Backoff(least_s, least_s * factor, random.Random(seed))
    wanted = least_s
    for _ in range(8):
        assert wanted / 2 <= backoff.next_delay_s() <= wanted
        wanted = min(2 * wanted, least_s * factor)


def test_links_lost_together_do_not_reconnect_together():
    waits = {Backoff(1, 60, random.Random(seed)).next_delay_s() for seed in range(20)}
    assert len(waits) == 20


def test_every_close_reason_has_a_sentence():
    assert all(CLOSE_REASON_TEXT[reason].endswith(".") for reason in CloseReason)
