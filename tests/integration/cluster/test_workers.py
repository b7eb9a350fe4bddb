"""Several worker processes behind one port, supervised by a parent."""

import contextlib
import os
import signal

import httpx2
import psutil
import pytest

from bench.processes import HOST, free_ports, listens
from tests.integration.cluster.cluster import PATIENCE_S, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY


@pytest.fixture
def cluster(cluster):
    """Stops parents in order, so that they stop their workers."""
    yield cluster
    for node in cluster.nodes:
        node.process.stop()


def nodes_of(parent):
    """The workers by their roles, as they show themselves in the database."""
    shown = parent.operate("GET", "nodes")["nodes"]
    return {node["name"]: node["roles"] for node in shown}


def test_workers_share_a_port_and_stop_in_order(cluster, centre):
    """A reload reaches them all, and each has a port of its own as well."""
    first = start_on_three_ports(cluster)
    (parent,) = cluster.nodes
    wanted = [["api"], ["api"], ["carrier", "dispatch"]]
    until(lambda: sorted(nodes_of(parent).values()) == wanted)
    workers = psutil.Process(parent.pid).children()
    assert len(workers) == 3
    (esim,) = cluster.fill(parent)
    _, taken = until(lambda: (answer := parent.send(esim, "hello"))[0] == 202 and answer)
    until(lambda: parent.state_of(taken["id"]) == "delivered")
    assert centre.texts() == ["hello"]
    for port, takes_requests in ((first, False), (first + 1, True), (first + 2, True)):
        answer = httpx2.get(f"http://{HOST}:{port}/healthz")
        assert answer.status_code == 200
        answer = httpx2.get(f"http://{HOST}:{port}/v1/messages")
        assert answer.status_code == (401 if takes_requests else 404)

    parent.config.write_text(f'{parent.config.read_text()}[[numbers]]\nnumber = "66200"\n')
    answer = parent.operate("POST", "reload")
    readings = [answer["sections"], *(each["sections"] for each in answer["nodes"])]
    assert readings == [["numbers"]] * 3
    assert parent.log.read_text().count("configuration_reloaded") == 3

    assert centre.ask("stats")["bound"] == 1
    parent.process._child.terminate()
    assert parent.process._child.wait(timeout=PATIENCE_S) == 0
    assert not [worker for worker in workers if worker.is_running()]
    assert centre.ask("stats")["bound"] == 0
    assert "worker_died" not in parent.log.read_text()


def test_a_worker_that_dies_is_replaced_and_none_outlives_the_parent(cluster):
    """The one with the binds and one of the API; the other one goes on."""
    parent = cluster.start("host", "--workers=2")
    before = {child.pid for child in psutil.Process(parent.pid).children()}
    assert len(before) == 3
    killed = {pid for pid in before if "--role=dispatch,carrier" in psutil.Process(pid).cmdline()}
    assert len(killed) == 1
    killed.add(min(before - killed))
    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    def replaced():
        now = {child.pid for child in psutil.Process(parent.pid).children()}
        return len(now) == 3 and now & before == before - killed

    until(replaced)
    assert parent.log.read_text().count("worker_died") == 2
    until(lambda: answers(parent))
    (esim,) = cluster.fill(parent)
    _, taken = until(lambda: (answer := parent.send(esim, "hello"))[0] == 202 and answer)
    until(lambda: parent.state_of(taken["id"]) == "delivered")

    workers = psutil.Process(parent.pid).children()
    parent.process.kill()
    until(lambda: not any(is_alive(worker) for worker in workers))


def answers(parent):
    try:
        return nodes_of(parent)
    except OSError:  # nobody listens yet
        return None


def is_alive(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_mistake_in_the_file_ends_the_parent_with_its_sentence(cluster, tmp_path, centre):
    with pytest.raises(SystemExit, match="--workers divides the roles itself"):
        cluster.start("host", "--workers=2", "--role=api")
    embedded = Cluster(tmp_path, f"sqlite:///{tmp_path}/s.db", SEAL_KEY, centre.port)
    with pytest.raises(SystemExit, match="--workers needs PostgreSQL"):
        embedded.start("host", "--workers=2")


def start_on_three_ports(cluster):
    """Another process may take one of the ports first: then try three others."""
    for times in range(5):
        first = next(port for (port,) in iter(lambda: free_ports(1), ()) if are_free(port, 3))
        with contextlib.suppress(SystemExit):
            cluster.start(f"host{times}", "--workers=2", f"--worker-port={first}")
            return first
    pytest.fail("no three ports were free")


def are_free(first, count):
    return not any(listens(port) for port in range(first, first + count))
