"""A bind moves to a node that reaches the message centre: real processes, cut wires."""

import time

import pytest

from tests.integration.cluster.cluster import Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY
from tests.integration.cluster.wire import Wire

SOON = {
    "node": "yield_binds_after_s = 4",
    "carrier": "bind_timeout_s = 1",
    "more": "[policy]\nquiet_hours = false\n",  # a notice is sent at once, whatever the time
}


@pytest.fixture
def site(tmp_path, url):
    """Starts a centre with a limit of binds, a wire to it, and nodes."""
    started = []

    def one(most_binds):
        centre = Centre(tmp_path, most_binds)
        started.append(centre.kill)
        wire = Wire(centre.port)
        started.append(wire.close)
        cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
        started.append(cluster.close)
        return centre, wire, cluster

    yield one
    for end in reversed(started):
        end()


def times_left(node):
    """How often the node yielded its binds to others."""
    return node.log.read_text().count("binds_yielded")


def owned(node):
    return {each["name"]: each["leases"] for each in node.operate("GET", "nodes")["nodes"]}


def test_a_bind_moves_to_a_node_that_reaches_the_network(site):
    centre, wire, cluster = site(1)
    cut = cluster.start("cut", centre_port=wire.port, **SOON)
    until(cut.bound)
    other = cluster.start("other", **SOON)
    (esim,) = cluster.fill(cut)
    _, first = cut.send(esim, "by the first")
    until(lambda: cut.state_of(first["id"]) == "delivered")

    wire.hang_up()
    _, taken = cut.send(esim, "by the one that reaches it", category="notice")
    until(other.bound)
    until(lambda: cut.state_of(taken["id"]) == "delivered")
    assert set(centre.texts()) == {"by the first", "by the one that reaches it"}
    assert "binds_yielded" in cut.log.read_text()
    until(lambda: "bind simulator 1" in owned(cut)["other"])
    stats = centre.ask("stats")
    assert (stats["binds"], stats["bindsRefused"]) == (2, 0)


def test_a_node_that_alone_is_cut_off_gets_no_bind_until_it_waited(site):
    centre, wire, cluster = site(4)
    cut = cluster.start("cut", centre_port=wire.port, binds=4, **SOON)
    other = cluster.start("other", binds=4, **SOON)
    until(lambda: (cut.bound(), other.bound()) == (2, 2))
    wire.hang_up()
    until(lambda: other.bound() == 4)
    (shown,) = [node for node in other.operate("GET", "nodes")["nodes"] if node["name"] == "cut"]
    assert shown["yieldedCarriers"] == ["simulator"]
    assert centre.ask("stats")["bindsRefused"] == 0


def test_binds_move_ever_more_slowly_while_no_node_reaches_the_network(site):
    centre, wire, cluster = site(2)
    patience_s = 1
    settings = {**SOON, "node": f"yield_binds_after_s = {patience_s}", "binds": 2}
    nodes = [cluster.start(name, centre_port=wire.port, **settings) for name in ("first", "second")]
    until(lambda: [node.bound() for node in nodes] == [1, 1])
    before = [times_left(node) for node in nodes]
    wire.hang_up()
    began_s = time.monotonic()
    until(lambda: sum(times_left(node) for node in nodes) - sum(before) >= 5)
    took_s = time.monotonic() - began_s
    left = [times_left(node) - times for node, times in zip(nodes, before, strict=True)]
    assert abs(left[0] - left[1]) <= 2  # they take turns
    tries_s = [patience_s * 2**times for count in left for times in range(1, count)]
    assert took_s >= sum(tries_s)  # one after the other, each time twice as long

    wire.restore()
    until(lambda: [node.bound() for node in nodes] == [1, 1])
    assert centre.ask("stats")["bindsRefused"] == 0
