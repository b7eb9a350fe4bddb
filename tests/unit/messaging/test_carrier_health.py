"""When routing should prefer another carrier (field.md 3, row 27: "failover only when the socket
is down", jasmin#467, #813, #1219, #561)."""

import pytest

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.messaging.carrier_health import CarrierHealth

NOW = 1_800_000_000_000
FAILOVER_AFTER_MS = 10_000
ACCEPTED = Outcome(OutcomeKind.ACCEPTED, carrier_message_id="1")
REFUSED = Outcome(OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED)
THROTTLED = Outcome(OutcomeKind.THROTTLED, reason=Reason.THROTTLED)
BUSY = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_BUSY)
SILENT = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
BIND = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.BIND_REFUSED)
RETURNED = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.REQUEUED)


@pytest.fixture
def health():
    return CarrierHealth(FAILOVER_AFTER_MS)


def answers(health, outcome, seconds):
    for second in seconds:
        health.record(outcome, NOW + 1000 * second)


def test_an_open_carrier_without_attempts_is_healthy(health):
    assert not health.is_unhealthy(NOW)
    assert not health.should_fail_over(NOW, is_open=True)


def test_a_closed_carrier_is_lost_after_the_failover_time_and_not_before(health):
    assert not health.should_fail_over(NOW, is_open=False)
    assert not health.should_fail_over(NOW + FAILOVER_AFTER_MS - 1, is_open=False)
    assert health.should_fail_over(NOW + FAILOVER_AFTER_MS, is_open=False)


def test_a_link_that_comes_back_restarts_the_failover_time(health):
    health.should_fail_over(NOW, is_open=False)
    assert not health.should_fail_over(NOW + 9_000, is_open=True)
    assert not health.should_fail_over(NOW + 12_000, is_open=False)


@pytest.mark.parametrize("outcome", [THROTTLED, BUSY, SILENT], ids=["throttled", "busy", "silent"])
def test_a_carrier_that_accepts_nothing_for_the_failover_time_is_unhealthy(health, outcome):
    answers(health, outcome, range(10))
    assert not health.is_unhealthy(NOW + 9_000)
    answers(health, outcome, [10])
    assert health.is_unhealthy(NOW + 10_000)
    assert health.should_fail_over(NOW + 10_000, is_open=True)


def test_one_accepted_part_among_many_throttled_keeps_a_carrier_healthy(health):
    for second in range(60):
        answers(health, ACCEPTED if second % 9 == 0 else THROTTLED, [second])
        assert not health.is_unhealthy(NOW + 1000 * second)


def test_two_throttled_parts_long_apart_leave_a_carrier_healthy(health):
    answers(health, THROTTLED, [0, 3600])
    assert not health.is_unhealthy(NOW + 3_600_000)


def test_a_carrier_that_refuses_our_bind_is_unhealthy_at_once(health):
    answers(health, BIND, [0])
    assert health.is_unhealthy(NOW)


@pytest.mark.parametrize("outcome", [ACCEPTED, REFUSED], ids=["accepted", "refused"])
def test_an_accepted_or_refused_part_makes_a_carrier_healthy(health, outcome):
    answers(health, BIND, [0])
    answers(health, outcome, [1])
    assert not health.is_unhealthy(NOW + 1_000)


def test_an_unhealthy_carrier_is_tried_again_after_the_failover_time(health):
    answers(health, BIND, [0])
    assert not health.is_unhealthy(NOW + FAILOVER_AFTER_MS)


def test_parts_we_requeued_do_not_count_against_the_carrier(health):
    answers(health, RETURNED, range(60))
    assert not health.is_unhealthy(NOW + 59_000)
