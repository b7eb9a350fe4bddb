"""When routing should prefer another carrier (field.md 3, row 27: "failover only when the socket
is down", jasmin#467, #813, #1219, #561)."""

import pytest

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.messaging.health import Health

NOW = 1_800_000_000_000
PATIENCE_MS = 10_000
ACCEPTED = Outcome(OutcomeKind.ACCEPTED, carrier_message_id="1")
REFUSED = Outcome(OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED)
THROTTLED = Outcome(OutcomeKind.THROTTLED, reason=Reason.THROTTLED)
BUSY = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_BUSY)
SILENT = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
BIND = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.BIND_REFUSED)
RETURNED = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.REQUEUED)


@pytest.fixture
def health():
    return Health(PATIENCE_MS)


def answers(health, outcome, seconds):
    for second in seconds:
        health.answered(outcome, NOW + 1000 * second)


def test_an_open_carrier_that_was_not_tried_is_neither_sick_nor_lost(health):
    assert not health.is_unhealthy(NOW)
    assert not health.is_lost(NOW, is_open=True)


def test_a_closed_carrier_is_lost_after_the_patience_and_not_before(health):
    assert not health.is_lost(NOW, is_open=False)
    assert not health.is_lost(NOW + PATIENCE_MS - 1, is_open=False)
    assert health.is_lost(NOW + PATIENCE_MS, is_open=False)


def test_a_link_that_comes_back_begins_the_patience_anew(health):
    health.is_lost(NOW, is_open=False)
    assert not health.is_lost(NOW + 9_000, is_open=True)
    assert not health.is_lost(NOW + 12_000, is_open=False)


@pytest.mark.parametrize("outcome", [THROTTLED, BUSY, SILENT], ids=["throttled", "busy", "silent"])
def test_a_carrier_that_takes_nothing_for_as_long_as_the_patience_is_sick(health, outcome):
    answers(health, outcome, range(10))
    assert not health.is_unhealthy(NOW + 9_000)
    answers(health, outcome, [10])
    assert health.is_unhealthy(NOW + 10_000)
    assert health.is_lost(NOW + 10_000, is_open=True)


def test_one_accepted_part_in_many_throttled_keeps_a_carrier_well(health):
    for second in range(60):
        answers(health, ACCEPTED if second % 9 == 0 else THROTTLED, [second])
        assert not health.is_unhealthy(NOW + 1000 * second)


def test_two_throttles_long_apart_make_no_carrier_sick(health):
    answers(health, THROTTLED, [0, 3600])
    assert not health.is_unhealthy(NOW + 3_600_000)


def test_a_carrier_that_will_not_have_our_bind_is_sick_at_once(health):
    answers(health, BIND, [0])
    assert health.is_unhealthy(NOW)


@pytest.mark.parametrize("outcome", [ACCEPTED, REFUSED], ids=["accepted", "refused"])
def test_what_is_taken_or_refused_for_its_own_sake_heals(health, outcome):
    answers(health, BIND, [0])
    answers(health, outcome, [1])
    assert not health.is_unhealthy(NOW + 1_000)


def test_a_sick_carrier_is_tried_again_after_the_patience(health):
    answers(health, BIND, [0])
    assert not health.is_unhealthy(NOW + PATIENCE_MS)


def test_what_we_took_back_ourselves_says_nothing_of_the_carrier(health):
    answers(health, RETURNED, range(60))
    assert not health.is_unhealthy(NOW + 59_000)
