import pytest

from simpost.cluster.bind_allocation import NOT_YIELDING, BindRank
from simpost.cluster.reachability import Reachability
from simpost.ports.carrier import ConnectionState, ConnectionStatus
from simpost.ports.cluster import CarrierReport

PATIENCE_S = 30.0
ONE = "one"


def bind(link):
    return ConnectionStatus(1, "transceiver", link, "", "", 10, 0, 0.0, 0.0, None)


LOST, BOUND = [bind(ConnectionState.LOST)], [bind(ConnectionState.READY)]


def says(binds=(), turn=0):
    return CarrierReport(
        is_available=False, should_fail_over=True, leased=0, connections=list(binds), turn=turn
    )


class Time:
    now_s = 1_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def time_s():
    return Time()


@pytest.fixture
def reach(time_s):
    return Reachability("a", PATIENCE_S, time_s)


def test_a_bind_that_never_succeeds_is_yielded_to_other_nodes(reach):
    reach.update(ONE, LOST, PATIENCE_S - 1, [says()])
    assert reach.rank(ONE) == NOT_YIELDING
    reach.update(ONE, LOST, PATIENCE_S, [says()])
    assert reach.rank(ONE) == BindRank(1, 1)


def test_a_node_that_is_alone_keeps_trying(reach):
    reach.update(ONE, LOST, 1000 * PATIENCE_S, [])
    assert reach.rank(ONE) == NOT_YIELDING


def test_each_failure_doubles_the_wait_up_to_eight_times(reach):
    tried = []
    for failed in range(6):
        tries_s = next(
            seconds for seconds in range(1, 10_000) if fails(reach, float(seconds), failed)
        )
        tried.append(tries_s / PATIENCE_S)
    assert tried == [1, 2, 4, 8, 8, 8]


def fails(reach, seconds, failed):
    reach.update(ONE, LOST, seconds, [says(turn=3)])
    return reach.rank(ONE).failed > failed


def test_a_yielding_node_queues_behind_earlier_ones(reach):
    reach.update(ONE, LOST, PATIENCE_S, [says(turn=4), says(), says(turn=9)])
    assert reach.rank(ONE).turn == 10


def test_one_successful_bind_resets_the_failures(reach):
    reach.update(ONE, LOST, PATIENCE_S, [says()])
    reach.update(ONE, BOUND, 0.0, [says()])
    assert reach.rank(ONE) == NOT_YIELDING


def test_a_node_shares_again_once_another_is_bound(reach):
    reach.update(ONE, LOST, PATIENCE_S, [says(LOST)])
    reach.update(ONE, [], 0.0, [says(LOST)])
    assert reach.rank(ONE).turn
    reach.update(ONE, [], 0.0, [says(BOUND)])
    assert reach.rank(ONE) == BindRank(1, 0)


def test_a_node_that_alone_is_cut_off_asks_for_its_share_after_a_long_wait(reach, time_s):
    reach.update(ONE, LOST, PATIENCE_S, [says(BOUND)])
    rest_s = 20 * 2 * PATIENCE_S
    time_s.now_s += rest_s - 1
    reach.update(ONE, [], 0.0, [says(BOUND)])
    assert reach.rank(ONE).turn
    time_s.now_s += 2
    reach.update(ONE, [], 0.0, [says(BOUND)])
    assert reach.rank(ONE) == BindRank(1, 0)


def test_a_carrier_that_was_changed_is_tried_like_a_new_one(reach):
    reach.update(ONE, LOST, PATIENCE_S, [says(BOUND)])
    reach.forget("another")
    reach.forget(ONE)
    assert reach.rank(ONE) == NOT_YIELDING
