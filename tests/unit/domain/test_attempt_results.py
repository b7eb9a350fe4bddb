"""The changes by a late attempt result, and the parts cancelled by a failed part."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simpost.domain.attempt_results import (
    AttemptResult,
    PartStatus,
    SiblingPart,
    apply_late_result,
    parts_to_cancel,
)
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State

NOW = 1_800_000_000_000
STATES = st.sampled_from(State)


def stored(**changes):
    facts = {
        "state": State.SENDING,
        "reason": Reason.THROTTLED,
        "owner": "node",
        "due_ms": NOW + 60_000,
        "attempt": 2,
        "carrier_message_id": None,
        "carrier_code": None,
        "final_ms": None,
    }
    return PartStatus(**{**facts, **changes})


def late(**changes):
    facts = {
        "account_id": 1,
        "message_id": b"m",
        "number": 1,
        "total": 1,
        "attempt": 1,
        "repeat": False,
        "carrier": "c",
        "state": State.SENT,
        "reason": None,
        "outcome": OutcomeKind.ACCEPTED,
        "carrier_message_id": "late",
        "carrier_code": "0",
        "started_ms": NOW,
        "ended_ms": NOW + 10,
        "due_ms": None,
    }
    return AttemptResult(**{**facts, **changes})


PARTS = st.builds(
    stored,
    state=STATES,
    owner=st.sampled_from([None, "node"]),
    attempt=st.integers(1, 3),
    carrier_message_id=st.sampled_from([None, "first"]),
)
LATE = st.builds(late, state=STATES, attempt=st.integers(1, 3))


@given(PARTS, LATE)
def test_a_state_is_replaced_only_by_one_that_outranks_it(part, settlement):
    after = apply_late_result(part, settlement)
    assert after.state is (
        settlement.state if settlement.state.outranks(part.state) else part.state
    )


@given(PARTS, LATE)
def test_a_settlement_applied_twice_changes_no_more_than_once(part, settlement):
    once = apply_late_result(part, settlement)
    assert apply_late_result(once, settlement) == once


@given(PARTS, LATE)
def test_the_first_id_of_a_carrier_stays(part, settlement):
    after = apply_late_result(part, settlement)
    assert after.carrier_message_id == (part.carrier_message_id or settlement.carrier_message_id)


@given(PARTS, LATE)
def test_what_was_sent_or_has_ended_is_due_no_more_unless_an_attempt_runs(part, settlement):
    after = apply_late_result(part, settlement)
    assume(after.state.rank >= State.SENT.rank and after.owner is None)
    assert after.due_ms is None


def test_an_earlier_attempt_leaves_the_lease_of_a_later_one():
    after = apply_late_result(stored(attempt=2), late(attempt=1))
    assert (after.state, after.owner, after.due_ms) == (State.SENT, "node", NOW + 60_000)


def test_the_last_attempt_ends_its_lease_whatever_it_says():
    part = stored(state=State.IN_DOUBT, attempt=2)
    after = apply_late_result(part, late(attempt=2, state=State.SENDING, due_ms=NOW + 1))
    assert (after.state, after.owner, after.due_ms) == (State.IN_DOUBT, None, NOW + 1)


def test_a_refusal_after_the_end_changes_neither_reason_nor_time():
    part = stored(state=State.DELIVERED, reason=None, carrier_code="ok", final_ms=NOW)
    refusal = late(attempt=2, state=State.REJECTED, reason=Reason.CARRIER_REFUSED)
    after = apply_late_result(part, refusal)
    assert (after.state, after.reason, after.carrier_code) == (State.DELIVERED, None, "ok")
    assert (after.final_ms, after.owner) == (NOW, None)


def parts(*states, leased=()):
    return [SiblingPart(n, state, n in leased) for n, state in enumerate(states, 1)]


@pytest.mark.parametrize("end", [State.FAILED, State.EXPIRED, State.REJECTED, State.CANCELLED])
def test_a_part_that_ended_undelivered_cancels_those_that_were_not_sent(end):
    states = (end, State.ACCEPTED, State.SENDING, State.IN_DOUBT, State.SENT, State.DELIVERED)
    assert parts_to_cancel(parts(*states)) == [2, 3]


def test_a_leased_part_is_left_to_the_result_of_its_attempt():
    assert parts_to_cancel(parts(State.FAILED, State.ACCEPTED, leased=(2,))) == []


def test_nothing_is_cancelled_while_no_part_has_failed():
    assert parts_to_cancel(parts(State.DELIVERED, State.SENT, State.ACCEPTED)) == []
