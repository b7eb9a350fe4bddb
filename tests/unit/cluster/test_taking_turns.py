"""Nodes, a message centre and cut wires, second by second: owners and moves of the binds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.cluster.bind_allocation import BindRank, allocate_binds
from simpost.cluster.reachability import Reachability
from simpost.ports.carrier import ConnectionState, ConnectionStatus
from simpost.ports.cluster import CarrierReport

PATIENCE_S = 30
LONGEST_S = 8 * PATIENCE_S
ONE = "one"
HOUR_S = 3600


class Site:
    """Nodes that beat each second, one after another, on the leases as they are then."""

    def __init__(self, nodes, binds):
        self.now_s = 0
        self.is_down = False
        self.cut = set()
        self.leases = {}
        self.moves = 0
        self.nodes = [Node(f"n{number}", self) for number in range(nodes)]
        self.numbers = tuple(range(1, binds + 1))

    def passes(self, seconds):
        for _ in range(seconds):
            self.now_s += 1
            for node in self.nodes:
                node.beat()

    def bound(self):
        return {thing: name for thing, name in self.leases.items() if self.reaches(name)}

    def reaches(self, name):
        return not self.is_down and name not in self.cut


class Node:
    """The behaviour of `Binds`, with binds that take no time."""

    def __init__(self, name, site):
        self.name = name
        self.report = report([], False)
        self._site = site
        self._reach = Reachability(name, PATIENCE_S, lambda: site.now_s)
        self._unbound_since_s = None

    def beat(self):
        site = self._site
        mine = [thing for thing, name in site.leases.items() if name == self.name]
        is_bound = bool(mine) and site.reaches(self.name)
        if is_bound or not mine:
            self._unbound_since_s = None
        elif self._unbound_since_s is None:
            self._unbound_since_s = site.now_s
        unreachable_for_s = (
            site.now_s - self._unbound_since_s if self._unbound_since_s is not None else 0.0
        )
        others = {node.name: node.report for node in site.nodes if node is not self}
        said = report(mine, is_bound)
        self._reach.update(ONE, said.connections, unreachable_for_s, list(others.values()))
        places = {name: BindRank(each.failed, each.turn) for name, each in others.items()}
        places[self.name] = self._reach.rank(ONE)
        share = allocate_binds(self.name, {ONE: site.numbers}, {ONE: places}, site.leases)
        for thing in share.release:
            assert site.leases.pop(thing) == self.name
        for thing in share.acquire:
            assert thing not in site.leases
            site.leases[thing] = self.name
        site.moves += bool(share.acquire)
        self.report = report(mine, is_bound, *self._reach.rank(ONE))


def report(mine, is_bound, failed=0, turn=0):
    link = ConnectionState.READY if is_bound else ConnectionState.LOST
    binds = [ConnectionStatus(1, "transceiver", link, "", "", 10, 0, 0.0, 0.0, None) for _ in mine]
    return CarrierReport(is_bound, not is_bound, 0, binds, failed, turn)


@pytest.mark.parametrize("nodes", [2, 3, 6])
@pytest.mark.parametrize("binds", [1, 4])
def test_binds_move_at_most_15_times_an_hour_while_the_network_is_down(nodes, binds):
    site = Site(nodes, binds)
    site.passes(60)
    site.is_down = True
    before = site.moves
    site.passes(7 * PATIENCE_S * nodes)
    assert site.moves - before <= 3 * nodes + 1
    before = site.moves
    site.passes(HOUR_S)
    assert site.moves - before <= HOUR_S // LONGEST_S


def test_the_bind_of_a_node_that_is_cut_off_moves_soon_after_the_yield_time():
    site = Site(2, 1)
    site.passes(60)
    (owner,) = site.leases.values()
    site.cut = {owner}
    site.passes(PATIENCE_S + 3)
    assert len(site.bound()) == 1
    assert owner not in site.bound().values()
    before = site.moves
    site.passes(HOUR_S)
    assert site.moves == before


def test_after_a_full_outage_every_node_has_its_share_again():
    site = Site(3, 6)
    site.passes(60)
    site.is_down = True
    site.passes(HOUR_S)
    site.is_down = False
    site.passes(LONGEST_S)
    shares = [list(site.bound().values()).count(node.name) for node in site.nodes]
    assert shares == [2, 2, 2]


def test_with_several_binds_those_of_a_cut_off_node_are_away_a_twentieth_at_most():
    site = Site(2, 4)
    site.passes(60)
    site.cut = {"n0"}
    site.passes(PATIENCE_S + 3)
    missing = 0
    for _ in range(2 * HOUR_S):
        site.passes(1)
        missing += 4 - len(site.bound())
    assert missing / 2 / HOUR_S <= 2 / 20


@given(st.data())
def test_every_reachable_bind_is_bound_after_any_cuts(data):
    nodes = data.draw(st.integers(1, 4))
    site = Site(nodes, data.draw(st.integers(1, 6)))
    for _ in range(data.draw(st.integers(1, 8))):
        site.is_down = data.draw(st.booleans())
        site.cut = set(data.draw(st.lists(st.sampled_from([n.name for n in site.nodes]))))
        site.passes(data.draw(st.integers(1, 400)))
    site.is_down = False
    site.cut -= {data.draw(st.sampled_from([node.name for node in site.nodes]))}
    assert any(is_bound_a_second_later(site) for _ in range(2 * nodes * LONGEST_S))


def is_bound_a_second_later(site):
    site.passes(1)
    return len(site.bound()) == len(site.numbers)
