import random

from hypothesis import given
from hypothesis import strategies as st

from simpost.engine.nodes.shares import share_of
from simpost.engine.nodes.things import DISPATCH, bind_of, parse_bind

A, B = "a", "b"


def binds(*numbers):
    return [bind_of("one", number) for number in numbers]


def test_a_node_alone_takes_all():
    share = share_of(A, {"one": (1, 2, 3)}, {"one": 1}, {})
    assert share.takes == binds(1, 2, 3)


def test_of_what_others_have_nothing_is_taken():
    share = share_of(A, {"one": (1, 2)}, {"one": 1}, dict.fromkeys(binds(1, 2), B))
    assert share == ([], [])


def test_what_is_above_a_fair_share_is_returned_one_at_a_time():
    share = share_of(A, {"one": (1, 2, 3, 4)}, {"one": 2}, dict.fromkeys(binds(1, 2, 3, 4), A))
    assert share == ([], binds(3))


def test_one_bind_stays_where_it_is_however_many_want_it():
    share = share_of(A, {"one": (1,)}, {"one": 5}, dict.fromkeys(binds(1), A))
    assert share == ([], [])


def test_the_name_of_a_lease_says_whose_bind_it_is():
    assert parse_bind(bind_of("operator-one", 12)) == ("operator-one", 12)
    assert parse_bind(DISPATCH) is None


@given(st.integers(1, 12), st.integers(1, 5), st.randoms(use_true_random=False))
def test_nodes_that_share_again_and_again_come_to_rest_with_every_bind_owned(count, nodes, chance):
    names = [f"n{number}" for number in range(nodes)]
    wanted = {"one": tuple(range(1, count + 1))}
    leases = {thing: chance.choice(names) for thing in binds(*wanted["one"]) if random_bit(chance)}
    for _ in range(3 * count + 2):
        before = dict(leases)
        for name in names:
            share = share_of(name, wanted, {"one": nodes}, leases)
            for thing in share.gives:
                assert leases.pop(thing) == name
            for thing in share.takes:
                assert thing not in leases
                leases[thing] = name
    assert before == leases
    assert len(leases) == count
    owned = [list(leases.values()).count(name) for name in names]
    assert max(owned) <= -(-count // nodes)


def random_bit(chance: random.Random) -> bool:
    return chance.random() < 0.5
