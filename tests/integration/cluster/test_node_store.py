"""What nodes share, on a real PostgreSQL."""

import asyncio

import pytest

from simpost.domain.accounts import Account
from simpost.ports.carrier import ConnectionState, ConnectionStatus
from simpost.ports.cluster import (
    CarrierOrder,
    CarrierReport,
    ConfigReadResult,
    Heartbeat,
    NewNode,
    Report,
    TokenRequest,
)
from simpost.store.postgres import PostgresStore
from tests.integration.cluster.conftest import SEAL_KEY, run_sql

ROLES = ("api", "dispatch", "carrier")
BIND = ConnectionStatus(
    1, "transceiver", ConnectionState.READY, "10.0.0.1:2775", "", 10, 3, 0.0, 2.5, None
)
CARRIER = CarrierReport(
    is_available=True, should_fail_over=False, leased=3, connections=[BIND], failed=2, turn=1
)
REPORT = Report(
    {"one": CARRIER}, ConfigReadResult(None, ["s.toml:4: unknown setting"]), applied_reload=3
)


def new(name, run=b"1"):
    return NewNode(name, run * 16, ROLES, "0.1", 15.0)


def beat(name, run=b"1", **fields):
    return Heartbeat(name, run * 16, fields.pop("report", Report()), **fields)


@pytest.fixture
async def two(open_nodes):
    """Two registered nodes."""
    first, second = open_nodes("a"), open_nodes("b")
    assert await first.register(new("a")) is None
    assert await second.register(new("b")) is None
    return first, second


async def test_a_node_is_shown_to_the_others_with_what_it_reports(two):
    first, second = two
    await first.beat(beat("a", report=REPORT))
    view = await second.beat(beat("b"))
    shown = {node.name: node for node in view.nodes}
    assert shown["a"].report == REPORT
    assert shown["a"].roles == ROLES
    assert shown["a"].started_ms <= shown["a"].beat_ms <= view.now_ms


async def test_a_name_that_is_taken_is_not_given_again(two):
    first, _ = two
    found = await first.register(new("a", run=b"2"))
    assert found is not None
    assert found.run == b"1" * 16


async def test_each_beat_raises_the_serial(two):
    first, _ = two
    await first.beat(beat("a"))
    one = await first.beat(beat("a"))
    (serial,) = [node.serial for node in one.nodes if node.name == "a"]
    assert serial == 3


async def test_of_many_that_want_a_lease_one_gets_it(open_nodes):
    stores = {name: open_nodes(name) for name in "abcdef"}
    for name, store in stores.items():
        await store.register(new(name))
    await asyncio.gather(*(stores[name].beat(beat(name, acquire=["x", "y"])) for name in stores))
    view = await stores["a"].beat(beat("a"))
    assert set(view.leases) == {"x", "y"}
    held = {name: (await stores[name].beat(beat(name))).leases["x"] == name for name in stores}
    assert list(held.values()).count(True) == 1


async def test_a_lease_cannot_be_taken_until_its_node_returns_it(two):
    first, second = two
    await first.beat(beat("a", acquire=["x"]))
    assert (await second.beat(beat("b", acquire=["x"]))).leases == {"x": "a"}
    await second.beat(beat("b", release=["x"]))  # it is not its own
    await first.beat(beat("a", release=["x"]))
    assert (await second.beat(beat("b", acquire=["x"]))).leases == {"x": "b"}


async def test_a_node_that_leaves_returns_its_leases(two):
    first, second = two
    await first.beat(beat("a", acquire=["x"]))
    await first.leave("a", b"1" * 16)
    view = await second.beat(beat("b"))
    assert view.leases == {}
    assert [node.name for node in view.nodes] == ["b"]


async def test_a_node_with_a_newer_heartbeat_is_not_evicted(two):
    first, second = two
    await first.beat(beat("a", acquire=["x"]))
    seen = next(node for node in (await second.beat(beat("b"))).nodes if node.name == "a")
    await first.beat(beat("a"))
    assert not await second.evict(seen)
    assert (await second.beat(beat("b"))).leases == {"x": "a"}


async def test_an_evicted_node_has_no_leases_and_learns_of_it(two):
    first, second = two
    await first.beat(beat("a", acquire=["x"]))
    seen = next(node for node in (await second.beat(beat("b"))).nodes if node.name == "a")
    assert await second.evict(seen)
    assert (await second.beat(beat("b", acquire=["x"]))).leases == {"x": "b"}
    assert await first.beat(beat("a")) is None


async def test_a_new_process_of_the_same_name_is_another_node(two):
    first, second = two
    seen = next(node for node in (await second.beat(beat("b"))).nodes if node.name == "a")
    await second.evict(seen)
    await first.register(new("a", run=b"2"))
    await first.leave("a", b"1" * 16)
    assert await first.beat(beat("a")) is None
    assert await first.beat(beat("a", run=b"2")) is not None


async def test_an_account_that_is_added_or_changed_raises_the_version(two, url):
    first, _ = two
    before = (await first.beat(beat("a"))).accounts_version
    store = await PostgresStore.open(url, seal_key=SEAL_KEY, node="c")
    account = Account(id=0, access_code="acme", secret="s" * 8)
    try:
        await store.accounts.add_account(account)
        added = (await first.beat(beat("a"))).accounts_version
    finally:
        await store.close()
    assert added > before


async def test_a_carrier_order_is_known_to_all_until_it_is_cancelled(two):
    first, second = two
    await first.order("one", unbind=False)
    await first.order("one", unbind=True)
    assert (await second.beat(beat("b"))).orders == [CarrierOrder("one", unbind=True)]
    await second.cancel_order("one")
    assert (await first.beat(beat("a"))).orders == []


async def test_every_reload_has_a_number_that_all_nodes_see(two):
    first, second = two
    assert (await second.beat(beat("b"))).reloads == 0
    assert await first.order_reload() == 1
    assert await second.order_reload() == 2
    assert (await first.beat(beat("a"))).reloads == 2


async def test_all_nodes_together_draw_no_more_than_the_bucket_holds(open_nodes):
    stores = [open_nodes(name) for name in "abc"]
    draw = TokenRequest(1, rate_per_s=0.001, burst=8.0, wanted=1)
    drawn = await asyncio.gather(*(store.draw(draw) for store in stores for _ in range(10)))
    assert sum(one.tokens for one in drawn) == 8
    assert all(one.wait_s > 900 for one in drawn if not one.tokens)


async def test_a_request_gets_the_tokens_left_when_those_are_fewer(open_nodes):
    store = open_nodes("a")
    assert (await store.draw(TokenRequest(1, 0.001, 8.0, wanted=6))).tokens == 6
    assert (await store.draw(TokenRequest(1, 0.001, 8.0, wanted=6))).tokens == 2
    assert (await store.draw(TokenRequest(2, 0.001, 8.0, wanted=6))).tokens == 6


async def test_a_bucket_fills_again_with_time(open_nodes, url):
    """Time is the database's: it passes here by dating the last draw back by 3,000 s."""
    store = open_nodes("a")
    draw = TokenRequest(1, rate_per_s=0.001, burst=8.0, wanted=8)
    assert (await store.draw(draw)).tokens == 8
    assert (await store.draw(draw)).tokens == 0
    await run_sql(url, "UPDATE paces SET stamp_ms = stamp_ms - 3000000")
    assert (await store.draw(draw)).tokens == 3
