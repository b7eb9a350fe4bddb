import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simpost.domain.states import State, fold

states = st.sampled_from(State)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([State.ACCEPTED], State.ACCEPTED),
        ([State.DELIVERED], State.DELIVERED),
        ([State.DELIVERED, State.SENT], State.SENT),
        ([State.DELIVERED, State.ACCEPTED], State.SENDING),
        ([State.SENT, State.IN_DOUBT], State.IN_DOUBT),
        ([State.SENT, State.SENDING], State.SENDING),
        ([State.DELIVERED, State.DELIVERED, State.FAILED], State.FAILED),
        ([State.DELIVERED, State.EXPIRED], State.EXPIRED),
        ([State.REJECTED, State.CANCELLED], State.REJECTED),
        ([State.REJECTED, State.SENT], State.SENT),
        ([State.ACCEPTED, State.ACCEPTED], State.ACCEPTED),
        ([State.HELD, State.HELD], State.HELD),
    ],
)
def test_a_message_is_the_fold_of_its_parts(parts, message):
    assert fold(parts) is message


def test_one_delivered_part_of_three_is_not_delivered():
    assert fold([State.DELIVERED, State.SENT, State.SENT]) is State.SENT


@given(st.lists(states, min_size=1, max_size=6))
def test_a_message_is_final_only_when_every_part_is(parts):
    assert fold(parts).is_final == all(part.is_final for part in parts)


@given(st.lists(states, min_size=1, max_size=6))
def test_delivered_means_every_part_was(parts):
    assert (fold(parts) is State.DELIVERED) == all(part is State.DELIVERED for part in parts)


@given(st.lists(states, min_size=1, max_size=6), st.data())
def test_when_a_part_rises_the_message_never_falls(parts, data):
    index = data.draw(st.integers(0, len(parts) - 1))
    higher = [state for state in State if state.outranks(parts[index])]
    assume(higher)
    climbed = [*parts]
    climbed[index] = data.draw(st.sampled_from(higher))
    assert fold(climbed).rank >= fold(parts).rank


@given(states, states)
def test_a_final_state_is_outranked_by_nothing(first, second):
    assert not (first.is_final and second.outranks(first))
