"""A reload reaches every node, and each reads its own file: whole processes, a real database."""

import os
import signal
import urllib.error

import pytest

from tests.integration.cluster.cluster import until

NOTHING = {"added": [], "changed": [], "removed": [], "sections": [], "needsRestart": []}
NUMBER = '[[numbers]]\nnumber = "66200"\n'
MISTAKE = f'{NUMBER}hue = "blue"\n'


@pytest.fixture
def cluster(cluster):
    """Stops parents in order, so that they stop their workers."""
    yield cluster
    for node in cluster.nodes:
        node.process.stop()


def add(node, lines):
    node.config.write_text(f"{node.config.read_text()}{lines}")


def told_of(answer):
    """The result of each other node, by name."""
    return {node.pop("name"): node for node in answer["nodes"]}


def known(node):
    return {each["name"]: each for each in node.operate("GET", "nodes")["nodes"]}


def shown(node, name):
    """How a node shows another; empty while that one counts as dead."""
    return known(node).get(name, {})


def test_each_node_reads_its_own_file_and_the_answer_says_what_that_did(cluster):
    asked, changed, unchanged = (cluster.start(name) for name in ("asked", "changed", "unchanged"))
    until(lambda: len(known(asked)) == 3)
    add(asked, NUMBER)
    add(changed, NUMBER)
    answer = asked.operate("POST", "reload")
    assert answer["sections"] == ["numbers"]
    assert told_of(answer) == {
        "changed": {**NOTHING, "sections": ["numbers"], "state": "reloaded", "errors": []},
        "unchanged": {**NOTHING, "state": "reloaded", "errors": []},
    }
    for node in (asked, changed, unchanged):
        assert node.log.read_text().count("configuration_reloaded") == 1


def test_a_node_with_a_mistake_in_its_file_keeps_what_it_had_and_says_so(cluster):
    asked, wrong = cluster.start("asked"), cluster.start("wrong")
    until(lambda: len(known(asked)) == 2)
    right = wrong.config.read_text()
    add(wrong, MISTAKE)
    told = told_of(asked.operate("POST", "reload"))["wrong"]
    assert told["state"] == "refused"
    assert told["errors"][0]["reason"].startswith("numbers[0].hue: unknown setting")
    assert "wrong.toml:" in told["errors"][0]["at"]
    until(lambda: shown(asked, "wrong").get("configurationErrors") == told["errors"])
    assert "configuration_refused" in wrong.log.read_text()
    (esim,) = cluster.fill(wrong)
    _, taken = wrong.send(esim, "as before")
    until(lambda: wrong.state_of(taken["id"]) == "delivered")

    wrong.config.write_text(right)
    os.kill(wrong.pid, signal.SIGHUP)  # of this process alone
    until(lambda: shown(asked, "wrong").get("configurationErrors") == [])
    assert asked.log.read_text().count("configuration_reloaded") == 1


def test_an_invalid_file_of_the_asked_node_stops_the_reload(cluster):
    asked, other = cluster.start("asked"), cluster.start("other")
    until(lambda: len(known(asked)) == 2)
    add(asked, MISTAKE)
    with pytest.raises(urllib.error.HTTPError) as refused:
        asked.operate("POST", "reload")
    with refused.value as answer:
        assert answer.code == 422
    assert told_of(other.operate("POST", "reload"))["asked"]["state"] == "refused"
    assert other.log.read_text().count("configuration_reloaded") == 1


def test_a_new_carrier_is_bound_by_one_node_whichever_got_the_request(cluster, centre):
    api, sender = cluster.start("api", "--role=api"), cluster.start("sender", "--role=carrier")
    until(sender.bound)
    for node in (api, sender):
        lines = node.config.read_text().partition("[[carriers]]")[2].partition("[[routes]]")[0]
        add(node, f"[[carriers]]{lines.replace('simulator', 'another')}")
    answer = api.operate("POST", "reload")
    assert (answer["added"], told_of(answer)["sender"]["added"]) == (["another"], ["another"])
    until(lambda: "bind another 1" in shown(api, "sender").get("leases", []))
    until(lambda: centre.ask("stats")["bound"] == 2)


def test_a_node_that_starts_after_a_reload_reads_its_file_once_more(cluster):
    first = cluster.start("first")
    first.operate("POST", "reload")
    later = cluster.start("later")
    until(lambda: later.log.read_text().count("configuration_reloaded") == 1)
    assert told_of(first.operate("POST", "reload"))["later"]["state"] == "reloaded"


def test_a_node_that_missed_a_reload_carries_it_out_when_it_is_back(cluster):
    asked, away = cluster.start("asked"), cluster.start("away")
    until(lambda: len(known(asked)) == 2)
    os.kill(away.pid, signal.SIGSTOP)
    try:
        told = told_of(asked.operate("POST", "reload"))
        # Listed as pending for as long as its lease is valid, and not at all after that.
        assert {node["state"] for node in told.values()} <= {"pending"}
        assert "configuration_reloaded" not in away.log.read_text()
    finally:
        os.kill(away.pid, signal.SIGCONT)
    until(lambda: away.log.read_text().count("configuration_reloaded") == 1)
