"""Reports by HTTP after `kill -9`: polls go on, and a failure without an id finds its part."""

import asyncio
import itertools
import json
import urllib.request

import pytest

from tests.integration.cluster.cluster import HOST, Centre, Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY, template  # noqa: F401
from tests.scenarios.pair import Pair

TOKEN = "a-token-of-24-characters"
POLLED, CALLED = range(4), range(10, 14)
"""eSIMs by the last two digits of their number: of emnify, and of eSIM Go."""
CARRIERS = """
[[carriers]]
type = "emnify"
name = "emnify"
base_url = "http://{host}:{port}/api/v1"
application_token = "any"
allow_private = true
[[carriers]]
type = "esim_go"
name = "esim-go"
base_url = "http://{host}:{port}/v2.5"
api_key = "any"
callback_token = "{token}"
allow_private = true
[[routes]]
carrier = "emnify"
msisdn_prefix = "66010000000"
[[routes]]
carrier = "esim-go"
msisdn_prefix = "66010000001"
"""
_count = itertools.count()


@pytest.fixture(scope="module", params=["postgres", "embedded"])
def pair(request, tmp_path_factory):
    url = "sqlite:///simpost.db"
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        made_from = request.getfixturevalue("template")
        name = f"reports{next(_count)}"
        asyncio.run(postgres.create_database(name, made_from))
        url = postgres.url(name)
    folder = tmp_path_factory.mktemp("reports")
    centre = Centre(folder)
    carriers = CARRIERS.format(host=HOST, port=centre.http_port, token=TOKEN)
    cluster = Cluster(folder, url, SEAL_KEY, centre.port)
    try:
        yield Pair(cluster, centre, url, esims=20, node=carriers)
    finally:
        cluster.close()
        centre.kill()


def esim(number):
    return f"260101{number:08d}"


def send(pair, number, text):
    body = {"esimTranNo": esim(number), "text": text}
    status, sent = ask(pair.nodes[0], "POST", "messages", body)
    assert status == 202, sent
    until(lambda: state(pair, sent["id"]) == "sent", "it is not sent")
    return sent["id"]


def state(pair, message_id):
    return ask(pair.nodes[0], "GET", f"messages/{message_id}")[1]["state"]


def replace_all(pair):
    """Kill every node, one after the other, so that none knows what it sent."""
    for victim in list(pair.nodes):
        pair.kill(victim)
        pair.complete()


def switch(pair, number, word):
    url = f"http://{HOST}:{pair.centre.http_port}/handsets/{esim(number)}/{word}"
    with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answer:
        assert answer.status == 200


def report_failure(node, number):
    body = json.dumps({"alertType": "SMSFailed", "iccid": f"8966{esim(number)}1"}).encode()
    with urllib.request.urlopen(f"{node.url}/carriers/esim-go/{TOKEN}", body) as answer:
        assert answer.status == 200


def test_polls_go_on_after_every_node_was_killed(pair):
    for number in POLLED:
        switch(pair, number, "off")
    sent = [send(pair, number, "for later") for number in POLLED]
    replace_all(pair)
    for number in POLLED:
        switch(pair, number, "on")
    for message_id in sent:
        until(lambda one=message_id: state(pair, one) == "delivered", "its state is not learnt")


def test_a_failure_finds_the_part_that_a_killed_node_sent(pair):
    first, second = CALLED[:2]
    failing, other = send(pair, first, "fails"), send(pair, second, "stays")
    replace_all(pair)
    report_failure(pair.both[1], first)
    until(lambda: state(pair, failing) == "failed", "the failure is of no part")
    assert state(pair, other) == "sent"


def test_a_failure_is_of_no_part_if_nodes_sent_two(pair):
    number = CALLED[2]
    sent = [send(pair, number, "before")]
    replace_all(pair)
    sent.append(send(pair, number, "after"))
    for node in pair.both:
        report_failure(node, number)
    assert [state(pair, one) for one in sent] == ["sent", "sent"]
