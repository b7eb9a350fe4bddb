"""A node that does not reach the database gives up its binds before another takes them."""

import pytest

from bench.processes import HOST
from tests.integration.cluster.cluster import Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY
from tests.integration.cluster.wire import Wire


@pytest.fixture
def wire(postgres):
    wire = Wire(str(postgres.root / ".s.PGSQL.5432"))
    yield wire
    wire.close()


def test_a_node_that_is_cut_off_unbinds_before_another_binds(tmp_path, postgres, url, wire):
    database = url.partition("@/")[2].partition("?")[0]
    centre = Centre(tmp_path, most_binds=1)
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    try:
        cut = cluster.start("cut", url=f"postgresql://postgres@{HOST}:{wire.port}/{database}")
        until(cut.bound)
        other = cluster.start("other")
        (esim,) = cluster.fill(other)
        wire.cut()
        until(other.bound)
        assert "binds_released" in cut.log.read_text()
        _, taken = other.send(esim, "by the other")
        until(lambda: other.state_of(taken["id"]) == "delivered")
        stats = centre.ask("stats")
        assert (stats["binds"], stats["bindsRefused"]) == (2, 0)

        wire.restore()
        _, taken = until(lambda: (answer := cut.send(esim, "again"))[0] == 202 and answer)
        until(lambda: other.state_of(taken["id"]) == "delivered")
        until(lambda: len(other.operate("GET", "nodes")["nodes"]) == 2)
        assert centre.ask("stats")["bindsRefused"] == 0
    finally:
        cluster.close()
        centre.kill()


def test_while_the_database_is_away_no_node_is_evicted(tmp_path, url, wire):
    database = url.partition("@/")[2].partition("?")[0]
    centre = Centre(tmp_path, most_binds=1)
    cluster = Cluster(
        tmp_path, f"postgresql://postgres@{HOST}:{wire.port}/{database}", SEAL_KEY, centre.port
    )
    try:
        first, second = cluster.start("first"), cluster.start("second")
        until(lambda: first.bound() + second.bound() == 1)
        wire.cut()
        until(lambda: centre.ask("stats")["bound"] == 0)
        wire.restore()
        until(lambda: first.bound() + second.bound() == 1)
        for node in (first, second):
            assert "node_lost" not in node.log.read_text()
            assert "evicted_while_alive" not in node.log.read_text()
    finally:
        cluster.close()
        centre.kill()
