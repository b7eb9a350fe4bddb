"""Nodes with different roles make one service."""

import json
import urllib.request

import pytest

from tests.integration.cluster.cluster import Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY


def test_a_message_accepted_by_an_api_node_is_sent_by_a_carrier_node(cluster, centre):
    api = cluster.start("api", "--role=api")
    (esim,) = cluster.fill(api)
    status, waits = api.send(esim, "before there is a carrier")
    assert status == 202
    cluster.start("dispatcher", "--role=dispatch")
    sender = cluster.start("sender", "--role=carrier")
    until(lambda: api.state_of(waits["id"]) == "delivered")
    _, taken = api.send(esim, "with one")
    until(lambda: api.state_of(taken["id"]) == "delivered")
    assert centre.texts() == ["before there is a carrier", "with one"]
    assert not api.bound()
    assert sender.bound() == 1


def test_each_node_shows_the_binds_of_all(cluster):
    api = cluster.start("api", "--role=api")
    sender = cluster.start("sender", "--role=carrier,dispatch")
    until(sender.bound)

    def seen():
        (carrier,) = api.operate("GET", "carriers")["carriers"]
        return carrier["available"] and carrier["connections"]

    (bind,) = until(seen)
    assert (bind["node"], bind["state"]) == ("sender", "ready")
    assert api.operate("GET", "carriers")["carriers"][0]["state"] == "ready"
    with urllib.request.urlopen(f"{api.url}/readyz") as answer:
        assert json.load(answer)["status"] == "ok"


def test_a_node_without_the_role_takes_no_requests_but_answers_its_admin(cluster):
    api = cluster.start("api", "--role=api")
    (esim,) = cluster.fill(api)
    sender = cluster.start("sender", "--role=carrier,dispatch")
    assert sender.send(esim, "here?")[0] == 404
    assert sender.operate("GET", "carriers")["carriers"]
    with urllib.request.urlopen(f"{sender.url}/healthz") as answer:
        assert answer.status == 200


def test_the_name_of_a_running_node_is_refused(cluster):
    first = cluster.start("same")
    with pytest.raises(SystemExit, match="another process is the node 'same' already"):
        cluster.start("same")
    assert first.operate("GET", "carriers")


def test_a_killed_node_comes_back_under_its_name(cluster, centre):
    first = cluster.start("same")
    until(first.bound)
    (esim,) = cluster.fill(first)
    first.process.kill()
    again = cluster.start("same")
    _, taken = again.send(esim, "again")
    until(lambda: again.state_of(taken["id"]) == "delivered")
    assert centre.texts() == ["again"]
    assert [node["name"] for node in again.operate("GET", "nodes")["nodes"]] == ["same"]


def test_the_embedded_store_has_one_node_with_every_role(tmp_path, centre):
    cluster = Cluster(tmp_path, f"sqlite:///{tmp_path}/simpost.db", SEAL_KEY, centre.port)
    try:
        with pytest.raises(SystemExit, match="the embedded store has one process"):
            cluster.start("first", "--role=api")
        first = cluster.start("first")
        with pytest.raises(SystemExit, match=r"process \d+ owns the store .*; stop it first"):
            cluster.start("second")
        assert first.operate("GET", "carriers")
    finally:
        cluster.close()
