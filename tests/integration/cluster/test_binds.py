"""A bind has one owner at a time: real processes, a real database, a message centre that counts."""

import pytest

from tests.integration.cluster.cluster import Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY


@pytest.fixture
def cluster_of(tmp_path, url):
    """Nodes that are bound to a centre with a limit of binds."""
    started = []

    def one(most_binds):
        centre = Centre(tmp_path, most_binds)
        cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
        started.extend([cluster, centre])
        return cluster, centre

    yield one
    for each in started:
        each.close() if isinstance(each, Cluster) else each.kill()


def test_two_nodes_never_exceed_a_limit_of_one_bind(cluster_of):
    cluster, centre = cluster_of(1)
    first, second = cluster.start("first"), cluster.start("second")
    until(lambda: first.bound() + second.bound() == 1)
    owner, other = (first, second) if first.bound() else (second, first)
    (esim,) = cluster.fill(other)
    status, taken = other.send(esim, "by the other's bind")
    assert status == 202
    until(lambda: owner.state_of(taken["id"]) == "delivered")

    owner.process.kill()
    status, taken = other.send(esim, "while nobody has it")
    assert status == 202
    until(other.bound)
    until(lambda: other.state_of(taken["id"]) == "delivered")

    assert centre.texts() == ["by the other's bind", "while nobody has it"]
    stats = centre.ask("stats")
    assert (stats["binds"], stats["bindsRefused"]) == (2, 0)


def test_a_node_that_stops_hands_its_bind_over_at_once(cluster_of):
    cluster, centre = cluster_of(1)
    first = cluster.start("first")
    until(first.bound)
    second = cluster.start("second")
    first.process.stop()
    until(second.bound)
    stats = centre.ask("stats")
    assert (stats["binds"], stats["bindsRefused"]) == (2, 0)
    assert "node_lost" not in second.log.read_text()


def test_a_node_that_comes_later_gets_its_share_of_the_binds(cluster_of):
    cluster, centre = cluster_of(4)
    first = cluster.start("first", binds=4)
    until(lambda: first.bound() == 4)
    second = cluster.start("second", binds=4)
    until(lambda: (first.bound(), second.bound()) == (2, 2))
    assert centre.ask("stats")["bindsRefused"] == 0

    second.process.kill()
    until(lambda: first.bound() == 4)
    assert centre.ask("stats")["bindsRefused"] == 0
