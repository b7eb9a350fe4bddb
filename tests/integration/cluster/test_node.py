"""A node, heartbeat by heartbeat, on a real database, with injected time."""

import pytest

from simpost.cluster.clock import SharedClock
from simpost.cluster.node import Node
from simpost.domain.accounts import Account
from simpost.errors import ConfigError
from simpost.messaging.accounts import Accounts
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.retry import RetryPolicy
from simpost.ports.cluster import ConfigReadResult, NewNode, Reloaded
from simpost.runtime.clock import wall_clock_ms
from simpost.store.postgres import PostgresStore
from tests.contract.store_facts import leased
from tests.integration.cluster.conftest import SEAL_KEY

LEASE_S = 15.0
ROLES = ("api", "carrier", "dispatch")


class Time:
    now_s = 1_000.0

    def __call__(self):
        return self.now_s

    def passes(self, seconds):
        self.now_s += seconds


class NothingNew:
    """A configuration that is read again without changes."""

    last = None

    def __init__(self):
        self.runs = 0

    def check(self):
        pass

    async def run(self):
        self.runs += 1
        self.last = ConfigReadResult(Reloaded([], [], [], [], []))
        return self.last.done


@pytest.fixture
async def store(url):
    store = await PostgresStore.open(url, seal_key=SEAL_KEY, node="tests")
    yield store
    await store.close()


@pytest.fixture
def time_s():
    return Time()


@pytest.fixture
def make(open_nodes, store, time_s):
    """Nodes without carriers; each records the nodes whose work it took over."""

    def one(name, run=b"1"):
        taken_over = []

        async def recover_leases_of(lost):
            taken_over.append(lost)

        node = Node(
            NewNode(name, run * 16, ROLES, "0.1", LEASE_S),
            open_nodes(name),
            Dispatch(store, owner=name, retry_policy=RetryPolicy(), clock_ms=wall_clock_ms),
            Accounts(store.accounts).reload,
            SharedClock(),
            recover_leases_of,
            NothingNew(),
            yield_binds_after_s=30.0,
            time_s=time_s,
        )
        node.taken_over = taken_over
        return node

    return one


async def entered(node):
    await node.register()
    await node.beat()  # sees that nobody keeps order
    await node.beat()  # takes it, where nobody did
    return node


async def test_one_node_leads_and_another_when_it_has_left(make):
    first, second = await entered(make("a")), await entered(make("b"))
    assert (first.is_leader, second.is_leader) == (True, False)
    await first.leave()
    await second.beat()
    await second.beat()
    assert second.is_leader


async def test_a_node_without_heartbeats_leads_for_half_a_lease_at_most(make, time_s):
    node = await entered(make("a"))
    time_s.passes(LEASE_S / 2 - 0.1)
    assert node.is_leader
    time_s.passes(0.2)
    assert not node.is_leader


async def test_a_node_silent_for_a_lease_is_evicted_by_one_that_observed_it(make, time_s):
    silent, other = await entered(make("a")), await entered(make("b"))
    for _ in range(5):
        time_s.passes(LEASE_S / 5 - 0.1)
        await other.beat()
    assert silent.name in {node.name for node in other.view.nodes}
    time_s.passes(0.6)
    await other.beat()
    assert other.taken_over == ["a"]
    await other.beat()
    await other.beat()
    assert other.is_leader


async def test_a_node_without_heartbeats_of_its_own_evicts_no_other(make, time_s):
    both = await entered(make("a")), await entered(make("b"))
    time_s.passes(10 * LEASE_S)
    for node in both:
        await node.beat()
    assert [node.taken_over for node in both] == [[], []]


async def test_a_node_evicted_while_alive_puts_its_work_in_doubt_and_registers_again(make, time_s):
    node, other = await entered(make("a")), await entered(make("b"))
    for _ in range(6):
        time_s.passes(LEASE_S / 5)
        await other.beat()
    assert other.taken_over == ["a"]
    await node.beat()
    assert node.taken_over == ["a"]
    assert not node.is_leader
    await node.beat()
    assert {each.name for each in node.view.nodes} == {"a", "b"}


async def test_a_node_whose_name_was_taken_stops(make, time_s):
    node, other = await entered(make("a")), await entered(make("b"))
    for _ in range(6):
        time_s.passes(LEASE_S / 5)
        await other.beat()
    await entered(make("a", run=b"2"))
    with pytest.raises(ConfigError, match="another process is the node 'a' now"):
        await node.beat()
    assert node.taken_over == []


async def test_a_heartbeat_response_older_than_half_a_lease_is_ignored(make, time_s, monkeypatch):
    node = await entered(make("a"))
    time_s.passes(LEASE_S)
    beat = node._store.beat

    async def slowly(one):
        view = await beat(one)
        time_s.passes(LEASE_S / 2)
        return view

    monkeypatch.setattr(node._store, "beat", slowly)
    await node.beat()
    assert not node.is_leader
    monkeypatch.undo()
    await node.beat()
    assert node.is_leader


async def test_abandoned_work_of_an_evicted_node_is_recovered_by_the_leader(make, store, time_s):
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    await store.queue.accept(leased())  # by the node "tests", which is none any more
    node = make("a")
    await node.register()
    await node.beat()
    assert node.taken_over == []
    await node.beat()
    assert (node.is_leader, node.taken_over) == (True, ["tests"])
    time_s.passes(1)
    await node.beat()
    assert node.taken_over == ["tests"]
