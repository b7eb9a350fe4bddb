import itertools

from simpost.domain.states import State
from simpost.store.records.columns import CODE, FINAL, STATE


def test_every_state_has_a_code_of_its_own():
    assert set(CODE) == set(State)
    assert {code: state for state, code in CODE.items()} == STATE


def test_codes_compare_as_ranks_do():
    for one, other in itertools.product(State, State):
        assert one.outranks(other) == (CODE[one] // 10 > CODE[other] // 10)


def test_final_states_are_those_from_one_hundred_on():
    assert {state for state in State if CODE[state] >= FINAL} == {
        state for state in State if state.is_final
    }


def test_the_codes_written_into_the_statements_are_these():
    named = {"expire_part": State.EXPIRED, "cancel_part": State.CANCELLED}
    assert {CODE[state] for state in named.values()} == {102, 104}
    assert CODE[State.IN_DOUBT] == 40
