import random

from hypothesis import given
from hypothesis import strategies as st

from simpost.cluster.bind_allocation import NOT_YIELDING, BindRank, allocate_binds
from simpost.cluster.lease_names import DISPATCH, bind_lease, parse_bind_lease

A, B, C = "a", "b", "c"


def binds(*numbers):
    return [bind_lease("one", number) for number in numbers]


def sharing(*names, **places):
    return {"one": dict.fromkeys(names, NOT_YIELDING) | places}


def test_a_node_alone_takes_all():
    share = allocate_binds(A, {"one": (1, 2, 3)}, sharing(A), {})
    assert share.acquire == binds(1, 2, 3)


def test_binds_of_other_nodes_are_not_taken():
    share = allocate_binds(A, {"one": (1, 2)}, sharing(A), dict.fromkeys(binds(1, 2), B))
    assert share == ([], [])


def test_binds_above_a_fair_share_are_returned_one_at_a_time():
    share = allocate_binds(
        A, {"one": (1, 2, 3, 4)}, sharing(A, B), dict.fromkeys(binds(1, 2, 3, 4), A)
    )
    assert share == ([], binds(3))


def test_a_single_bind_stays_where_it_is():
    share = allocate_binds(A, {"one": (1,)}, sharing(*"abcde"), dict.fromkeys(binds(1), A))
    assert share == ([], [])


def test_a_yielding_node_returns_all_binds_and_takes_none():
    places = sharing(B, a=BindRank(1, 1))
    assert allocate_binds(A, {"one": (1, 2)}, places, dict.fromkeys(binds(1), A)) == ([], binds(1))
    assert allocate_binds(B, {"one": (1, 2)}, places, {}) == (binds(1, 2), [])


def test_when_all_nodes_yield_the_first_to_yield_is_next():
    places = sharing(a=BindRank(2, 7), b=BindRank(3, 6), c=BindRank(1, 8))
    shares = {name: allocate_binds(name, {"one": (1, 2)}, places, {}) for name in (A, B, C)}
    assert [shares[name].acquire for name in (A, B, C)] == [[], binds(1, 2), []]


def test_of_sharing_nodes_the_one_with_fewer_failures_goes_first():
    places = sharing(B, a=BindRank(1, 0))
    wanted = {"one": (1, 2)}
    assert allocate_binds(A, wanted, places, {}).acquire == binds(2)
    assert allocate_binds(A, wanted, places, dict.fromkeys(binds(1), B)).acquire == binds(2)
    assert allocate_binds(A, {"one": (1,)}, places, {}).acquire == []
    assert allocate_binds(B, {"one": (1,)}, places, {}).acquire == binds(1)


def test_the_name_of_a_lease_says_whose_bind_it_is():
    assert parse_bind_lease(bind_lease("carrier-one", 12)) == ("carrier-one", 12)
    assert parse_bind_lease(DISPATCH) is None


@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_repeated_sharing_ends_with_every_bind_owned(count, places, chance):
    names = [f"n{number}" for number in range(len(places))]
    stand = {"one": {name: BindRank(*place) for name, place in zip(names, places, strict=True)}}
    wanted = {"one": tuple(range(1, count + 1))}
    leases = {thing: chance.choice(names) for thing in binds(*wanted["one"]) if random_bit(chance)}
    for _ in range(3 * count + 2):
        before = dict(leases)
        for name in names:
            share = allocate_binds(name, wanted, stand, leases)
            for thing in share.release:
                assert leases.pop(thing) == name
            for thing in share.acquire:
                assert thing not in leases
                leases[thing] = name
    assert before == leases
    assert len(leases) == count
    owned = {name: list(leases.values()).count(name) for name in names}
    sharers = [name for name, place in zip(names, places, strict=True) if not place[1]]
    assert max(owned.values()) <= -(-count // max(1, len(sharers)))
    assert all(name in sharers for name in names if sharers and owned[name])


def random_bit(chance: random.Random) -> bool:
    return chance.random() < 0.5
