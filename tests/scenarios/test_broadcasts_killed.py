"""Broadcasts end to end: leaders are killed, texts fail, travellers opt out; nobody is left out."""

import asyncio
import itertools
import json
import urllib.request
import uuid
from decimal import Decimal

import pytest

from tests.integration.cluster.cluster import HOST, Centre, Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY, template  # noqa: F401
from tests.scenarios.pair import OPEN_ALL_DAY, Pair

ESIMS = 120
PRICES = 'price_per_part = "9"\nprices = { "66" = "0.0333", FR = "1" }'
_count = itertools.count()


@pytest.fixture(params=["postgres", "embedded"])
def pair(request, tmp_path):
    url = "sqlite:///simpost.db"
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        made_from = request.getfixturevalue("template")
        name = f"broadcasts{next(_count)}"
        asyncio.run(postgres.create_database(name, made_from))
        url = postgres.url(name)
    centre = Centre(tmp_path)
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    try:
        yield Pair(cluster, centre, url, esims=ESIMS, more=OPEN_ALL_DAY, carrier=PRICES)
    finally:
        cluster.close()
        centre.kill()


def begin(node, **fields):
    made = {"name": "works", "texts": {"en": "Works tonight"}, "defaultLanguage": "en"}
    status, answer = ask(node, "POST", "templates", made)
    assert status in (200, 201), answer
    body = {"name": "Works", "template": "works", "perSecond": 40} | fields
    status, begun = ask(node, "POST", "broadcasts", body)
    assert status == 201, begun
    return begun["id"]


def shown(node, broadcast_id):
    """The broadcast; its counts add up whenever it is looked at."""
    status, found = ask(node, "GET", f"broadcasts/{broadcast_id}")
    assert status == 200, found
    counts = dict(found["counts"])
    assert counts.pop("total") == sum(counts.values())
    return found


def recipients(node, broadcast_id):
    found, after = {}, ""
    while after is not None:
        path = f"broadcasts/{broadcast_id}/recipients?limit=200&after={after}"
        _, page = ask(node, "GET", path.removesuffix("&after="))
        found |= {each["esimTranNo"]: each for each in page["recipients"]}
        after = page["next"]
    return found


def test_a_broadcast_reaches_each_esim_once_while_leaders_die(pair):
    broadcast_id = begin(pair.nodes[0])
    for killed in (1, 2):
        until(
            lambda least=30 * killed: (
                shown(pair.nodes[0], broadcast_id)["counts"]["accepted"] >= least
            )
        )
        node = pair.kill(pair.leader())
        pair.complete()
        shown(node, broadcast_id)
    node = pair.nodes[0]
    until(lambda: shown(node, broadcast_id)["status"] == "finished", "it is never finished")
    counts = shown(node, broadcast_id)["counts"]
    assert (counts["total"], counts["accepted"]) == (ESIMS, ESIMS)
    ended = shown(node, broadcast_id)
    assert (ended["parts"], ended["unpriced"]) == (ESIMS, 0)
    assert Decimal(ended["cost"]) == ESIMS * Decimal("0.0333")
    found = recipients(node, broadcast_id)
    assert len(found) == ESIMS
    assert len({each["messageId"] for each in found.values()}) == ESIMS
    for which in ("template=works", f"broadcast={broadcast_id}"):
        _, page = node.get(f"v1/messages?{which}&limit=200")
        ids = {each["id"] for each in page["messages"]}
        assert ids == {each["messageId"] for each in found.values()}
    _, page = node.get(f"v1/messages?broadcast={uuid.uuid4()}")
    assert page["messages"] == []
    numbers = {esim: f"66{esim[-10:]}" for esim in found}
    until(lambda: all(pair.centre.texts_of(number) for number in numbers.values()))
    for esim, number in numbers.items():
        until(
            lambda esim=esim, number=number: (
                len(pair.centre.texts_of(number)) <= 1 + repeats(node, found[esim]["messageId"])
            ),
            f"the text came twice to {esim} without a doubt",
        )
        assert set(pair.centre.texts_of(number)) == {"Works tonight"}


def repeats(node, message_id):
    """Attempts of a message that were made because an earlier one was in doubt.

    An attempt is written after its text arrived.
    """
    _, message = node.get(f"v1/messages/{message_id}")
    return sum(attempt["repeat"] for attempt in message["attempts"])


def test_a_pause_is_kept_by_the_next_leader(pair):
    broadcast_id = begin(pair.nodes[0], perSecond=10)
    until(lambda: shown(pair.nodes[0], broadcast_id)["counts"]["accepted"] >= 5)
    other = pair.both[1]
    status, paused = ask(other, "POST", f"broadcasts/{broadcast_id}/pause", {"actor": "Ana"})
    assert (status, paused["status"]) == (200, "paused")
    node = pair.kill(pair.leader())
    pair.complete()
    before = shown(node, broadcast_id)
    assert before["counts"]["remaining"] > 0
    assert before["explanation"].startswith("It was paused by Ana.")
    status, resumed = ask(node, "POST", f"broadcasts/{broadcast_id}/resume", {})
    assert (status, resumed["status"]) == (200, "sending")
    until(lambda: shown(node, broadcast_id)["status"] == "finished")
    assert shown(node, broadcast_id)["counts"]["accepted"] == ESIMS


def set_final_state(centre, state):
    """What the simulator reports of all texts from now on; `None`: that they were delivered."""
    rules = [{"do": {"fault": "final_state", "state": state}}] if state else []
    url = f"http://{HOST}:{centre.http_port}/faults"
    request = urllib.request.Request(url, json.dumps({"rules": rules}).encode(), method="PUT")
    urllib.request.urlopen(request).close()


def test_texts_that_fail_and_travellers_who_opt_out_pause_it(pair):
    node = pair.nodes[0]
    set_final_state(pair.centre, "UNDELIVERABLE")
    broadcast_id = begin(node, perSecond=15)
    until(lambda: shown(node, broadcast_id)["status"] == "paused", "it is never paused")
    found = shown(node, broadcast_id)
    assert (found["pauseReason"], found["actor"]) == ("failed_share", "")
    assert found["reported"]["failed"] >= 50
    assert found["counts"]["remaining"] > 0
    set_final_state(pair.centre, None)
    ask(node, "POST", f"broadcasts/{broadcast_id}/cancel", {})
    other_id = begin(node, perSecond=10)
    until(lambda: shown(node, other_id)["counts"]["accepted"] >= 55)
    accepted = [
        esim for esim, each in recipients(node, other_id).items() if each["state"] == "accepted"
    ]
    for esim in accepted[:12]:
        pair.centre.send_from(f"66{esim[-10:]}", "STOP")
    until(lambda: shown(node, other_id)["status"] == "paused", "it is never paused")
    found = shown(node, other_id)
    assert (found["pauseReason"], found["reported"]["failed"]) == ("opted_out_share", 0)
    assert 4 <= found["reported"]["optedOut"] <= 12
    assert "recipients opted out, more than 5 %." in found["explanation"]
