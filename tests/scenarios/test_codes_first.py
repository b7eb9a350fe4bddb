"""A code leaves before a broadcast and thousands of texts that saturate the carrier.

A broadcast queues no more than half a second of what the carrier takes: batches queue the others.

Decided by the order in which texts came to the simulator, never by time: a carrier that allows RATE
parts a second may take a second of them and those that are on their way after the start is
answered, and no more. On PostgreSQL, starts also come to the node that has no bind.
"""

import pytest

from tests.integration.cluster.cluster import Centre, Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY, template, url  # noqa: F401

ESIMS = 2_000
BATCH = 1_000
RATE = 50
WINDOW = 20
MOST_BEFORE = RATE + WINDOW
LEAST_QUEUED = 10 * RATE
"""Parts that are queued when codes are started: the carrier has enough for long."""
STARTS = 6
CARRIER = f"rate_per_s = {RATE}\nwindow = {WINDOW}"
MORE = """
[policy]
daily_limit = { promotion = 0 }
quiet_hours = false
"""
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(params=["postgres", "embedded"])
def database(request):
    """The URL of the database; `None` for the embedded store."""
    return request.getfixturevalue("url") if request.param == "postgres" else None


def saturate(node, esims):
    """Begin a broadcast to half of them, and send to the others."""
    made = {"name": "offer", "texts": {"en": "An offer"}, "defaultLanguage": "en"}
    assert ask(node, "POST", "templates", made)[0] == 201
    body = {
        "name": "Offer",
        "template": "offer",
        "category": "promotion",
        "perSecond": 1000,
        "audience": {"esims": esims[BATCH:]},
    }
    status, begun = ask(node, "POST", "broadcasts", body)
    assert status == 201, begun
    each = {"text": "An offer", "category": "promotion"}
    messages = [{"esimTranNo": esim} | each for esim in esims[:BATCH]]
    status, answer = ask(node, "POST", "messages", {"messages": messages})
    assert (status, answer["refused"]) == (207, 0)
    return begun["id"]


def accepted(node, broadcast_id):
    found = ask(node, "GET", f"broadcasts/{broadcast_id}")[1]
    return found["counts"]["accepted"]


def came(centre):
    """How many texts came to all handsets so far."""
    return centre.ask("stats")["submits"]


def arrivals(centre):
    """The handsets in the order in which their first texts came."""
    shown = centre.ask("handsets?limit=10000&messages=50")
    first = {each["number"]: each["messages"][0]["id"] for each in shown}
    return sorted(first, key=first.get)


def test_codes_pass_a_broadcast_of_thousands(database, tmp_path):
    centre = Centre(tmp_path)
    cluster = Cluster(tmp_path, database or "sqlite:///simpost.db", SEAL_KEY, centre.port)
    try:
        names = ["node-0", "node-1"] if database else ["node-0"]
        nodes = [cluster.start(each, carrier=CARRIER, more=MORE) for each in names]
        until(lambda: any(node.bound() for node in nodes))
        esims = cluster.fill(nodes[0], ESIMS + STARTS)
        broadcast_id = saturate(nodes[0], esims[STARTS:])
        until(lambda: accepted(nodes[0], broadcast_id) >= RATE)
        assert BATCH + accepted(nodes[0], broadcast_id) - came(centre) >= LEAST_QUEUED
        before = {}
        for place, esim in enumerate(esims[:STARTS]):
            body = {"esimTranNo": esim, "purpose": "login"}
            status, begun = ask(nodes[place % len(nodes)], "POST", "verifications", body)
            assert status == 201, begun
            number = f"66{esim[-10:]}"
            before[number] = came(centre)
            until(lambda number=number: centre.texts_of(number))
        queued = BATCH + accepted(nodes[0], broadcast_id) - came(centre)
        assert queued > 0, "texts are queued to the end"
        order = arrivals(centre)
    finally:
        cluster.close()
        centre.kill()
    passed = {number: order.index(number) - count for number, count in before.items()}
    assert max(passed.values()) <= MOST_BEFORE, passed
