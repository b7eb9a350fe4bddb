"""A node that does not reach the database gives up its binds before another takes them."""

import contextlib
import socket
import threading

import pytest

from bench.processes import HOST
from tests.integration.nodes.cluster import Centre, Cluster, until
from tests.integration.nodes.conftest import SEAL_KEY


class Wire:
    """A port that leads to the server's socket; cut, it takes what is said and tells nobody."""

    def __init__(self, to):
        self._to = to
        self._sockets = []
        self._is_cut = threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        self._is_cut.set()

    def mend(self):
        """Those that were cut stay so; whoever comes anew is served."""
        self._is_cut.clear()

    def close(self):
        for each in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._sockets.append(near)
                if self._is_cut.is_set():
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._to)
                self._sockets.append(far)
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        with contextlib.suppress(OSError):
            while octets := source.recv(65_536):
                if self._is_cut.is_set():
                    return
                sink.sendall(octets)
            sink.close()


@pytest.fixture
def wire(postgres):
    wire = Wire(str(postgres.root / ".s.PGSQL.5432"))
    yield wire
    wire.close()


def test_a_node_that_is_cut_off_unbinds_and_never_are_there_two_binds(
    tmp_path, postgres, url, wire
):
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
        assert "binds_given_up" in cut.log.read_text()
        _, taken = other.send(esim, "by the other")
        until(lambda: other.state_of(taken["id"]) == "delivered")
        stats = centre.ask("stats")
        assert (stats["binds"], stats["bindsRefused"]) == (2, 0)

        wire.mend()
        _, taken = until(lambda: (answer := cut.send(esim, "again"))[0] == 202 and answer)
        until(lambda: other.state_of(taken["id"]) == "delivered")
        until(lambda: len(other.operate("GET", "nodes")["nodes"]) == 2)
        assert centre.ask("stats")["bindsRefused"] == 0
    finally:
        cluster.close()
        centre.kill()


def test_while_the_database_is_away_nobody_is_taken_for_dead(tmp_path, url, wire):
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
        wire.mend()
        until(lambda: first.bound() + second.bound() == 1)
        for node in (first, second):
            assert "node_lost" not in node.log.read_text()
            assert "buried_alive" not in node.log.read_text()
    finally:
        cluster.close()
        centre.kill()
