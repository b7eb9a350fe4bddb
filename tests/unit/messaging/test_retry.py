import pytest

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.messaging.retry import RetryPolicy, apply_outcome
from simpost.ports.carrier import OutboundPart

NOW = 1_800_000_000_000
PATIENCE = RetryPolicy(repeats=RepeatPolicy(frozenset({"service"})))


def part(attempt=1, category="service", expires_in_ms=3_600_000, priority=1, unclear=0):
    return OutboundPart(
        account_id=1,
        message_id=b"\x01" * 16,
        number=1,
        total=1,
        text="hello",
        encoding="gsm7",
        reference=0,
        destination="447700900001",
        sender="",
        category=category,
        priority=priority,
        created_ms=NOW,
        expires_ms=NOW + expires_in_ms,
        attempt=attempt,
        repeat=False,
        unclear=unclear,
    )


def settled(outcome, **about):
    return apply_outcome(
        part(**about), outcome, carrier="c", started_ms=NOW, ended_ms=NOW, retry_policy=PATIENCE
    )


def test_an_accepted_part_is_not_due_again():
    done = settled(Outcome(OutcomeKind.ACCEPTED, carrier_message_id="a1"))
    assert (done.state, done.due_ms, done.carrier_message_id) == (State.SENT, None, "a1")


def test_a_refused_part_is_final():
    done = settled(Outcome(OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED, carrier_code="0x0B"))
    assert (done.state, done.due_ms, done.reason) == (State.REJECTED, None, Reason.CARRIER_REFUSED)


def test_a_part_in_doubt_is_repeated_only_if_its_category_allows_it():
    doubt = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
    assert settled(doubt, category="service").due_ms == NOW + 60_000
    code = settled(doubt, category="code")
    assert (code.state, code.due_ms) == (State.IN_DOUBT, NOW + 3_600_000)


def test_a_carrier_that_cannot_tell_a_repeat_gets_no_part_in_doubt_again():
    unsafe = RepeatPolicy(frozenset({"service"}), unsafe_carriers=frozenset({"c"}))
    doubt = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
    for unclear in (0, 3):
        done = apply_outcome(
            part(unclear=unclear),
            doubt,
            carrier="c",
            started_ms=NOW,
            ended_ms=NOW,
            retry_policy=RetryPolicy(repeats=unsafe),
        )
        assert (done.state, done.due_ms) == (State.IN_DOUBT, NOW + 3_600_000)
        assert done.reason is Reason.NO_RESPONSE
    assert unsafe.due_after_lease_ms("c", "service", 0, NOW, NOW + 9) == NOW + 9
    assert unsafe.due_after_lease_ms("other", "service", 0, NOW, NOW + 9) == NOW


@pytest.mark.parametrize(("unclear", "pause_s"), [(0, 60), (1, 120), (2, 240)])
def test_a_part_in_doubt_is_repeated_after_a_longer_pause_each_time(unclear, pause_s):
    done = settled(Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE), unclear=unclear)
    assert (done.due_ms, done.reason) == (NOW + 1000 * pause_s, Reason.NO_RESPONSE)


def test_a_part_in_doubt_too_often_waits_for_its_expiry_with_a_reason():
    done = settled(Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE), unclear=3)
    assert (done.state, done.due_ms) == (State.IN_DOUBT, NOW + 3_600_000)
    assert done.reason is Reason.REPEATS_EXHAUSTED


@pytest.mark.parametrize("category", ["service", "code"])
def test_an_unclear_response_is_retried_a_few_times_then_refused(category):
    unclear = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.UNCLEAR_RESPONSE, carrier_code="0xFF")
    for tries in range(3):
        done = settled(unclear, unclear=tries, attempt=tries + 1, category=category)
        assert (done.state, done.reason) == (State.SENDING, Reason.UNCLEAR_RESPONSE)
    done = settled(unclear, unclear=3, category=category)
    assert (done.state, done.due_ms, done.outcome) == (State.REJECTED, None, OutcomeKind.REFUSED)
    assert (done.reason, done.carrier_code) == (Reason.CARRIER_REFUSED, "0xFF")


@pytest.mark.parametrize(("attempt", "pause_s"), [(1, 1), (2, 2), (3, 4), (6, 30), (500, 30)])
def test_throttling_waits_longer_each_time_up_to_a_bound(attempt, pause_s):
    done = settled(Outcome(OutcomeKind.THROTTLED, reason=Reason.THROTTLED), attempt=attempt)
    assert (done.state, done.due_ms) == (State.SENDING, NOW + 1000 * pause_s)


@pytest.mark.parametrize(("attempt", "pause_ms"), [(1, 250), (2, 500), (6, 5_000), (500, 5_000)])
def test_a_code_is_retried_sooner(attempt, pause_ms):
    for verdict in (OutcomeKind.THROTTLED, OutcomeKind.UNREACHABLE):
        outcome = Outcome(verdict, reason=Reason.CARRIER_BUSY)
        done = settled(outcome, attempt=attempt, priority=0)
        assert done.due_ms == NOW + pause_ms


@pytest.mark.parametrize(
    "reason", [Reason.CARRIER_UNREACHABLE, Reason.CARRIER_PAUSED, Reason.REQUEUED]
)
def test_a_part_that_was_not_sent_keeps_the_same_delay(reason):
    outcome = Outcome(OutcomeKind.UNREACHABLE, reason=reason)
    assert settled(outcome, attempt=9).due_ms == NOW + 1_000


def test_the_delay_the_carrier_asks_for_is_kept():
    outcome = Outcome(OutcomeKind.THROTTLED, reason=Reason.THROTTLED, retry_after_s=7.5)
    assert settled(outcome).due_ms == NOW + 7_500


@pytest.mark.parametrize(
    "verdict", [OutcomeKind.THROTTLED, OutcomeKind.UNREACHABLE, OutcomeKind.IN_DOUBT]
)
def test_nothing_is_due_after_its_expiry(verdict):
    done = settled(Outcome(verdict, reason=Reason.CARRIER_BUSY), attempt=9, expires_in_ms=500)
    assert done.due_ms == NOW + 500
