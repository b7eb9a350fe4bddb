"""Every state of a message has a sentence, and those that need somebody say what to do."""

import pytest

from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.message_sentence import Tone, sentence_of

NEEDS_SOMEBODY = {State.SENT, State.IN_DOUBT}


def message(state, reason=None, waiting_for=None):
    shown = reason and {"explanation": reason.explanation, "remedy": reason.remedy}
    until = "2026-01-01T08:00:00.000Z"
    return {
        "state": state.value,
        "reason": shown,
        "heldUntil": until,
        "waitingFor": waiting_for,
    }


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_sentence(state):
    found = sentence_of(message(state))
    assert found.happened.endswith(".")
    assert bool(found.to_do) == (state in NEEDS_SOMEBODY)


@pytest.mark.parametrize("state", [State.FAILED, State.REJECTED, State.EXPIRED, State.HELD])
def test_a_reason_is_explained_with_its_remedy(state):
    reason = Reason.QUIET_HOURS
    found = sentence_of(message(state, reason))
    assert reason.explanation in found.happened
    assert found.to_do == reason.remedy


def test_a_held_message_says_until_when():
    assert "until 2026-01-01 08:00 UTC" in sentence_of(message(State.HELD)).happened


@pytest.mark.parametrize(
    ("state", "tone"), [("ready", Tone.WAIT), ("paused", Tone.WARN), ("lost", Tone.WARN)]
)
def test_a_message_that_waits_names_its_carrier(state, tone):
    found = sentence_of(message(State.ACCEPTED, None, {"carrier": "one", "state": state}))
    assert "the carrier one" in found.happened
    assert state in found.happened
    assert found.tone is tone
