"""A batch against `kill -9`: repeated with its key, each of its messages is sent once.

Two nodes on PostgreSQL, and one with the embedded store. Nothing leaves before the kill, so that
nothing is in doubt: a handset that shows a text twice shows a message that was committed twice.
"""

import collections
import contextlib
import http.client
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.cluster.cluster import Centre, Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY, template, url  # noqa: F401
from tests.scenarios.pair import OPEN_ALL_DAY, Pair

ESIMS = 25
"""A handset shows its last 50 texts: each gets 20."""
MESSAGES = 500
OWN_KEY = 10
"""One message in ten has a key of its own."""


@pytest.fixture(params=["postgres", "embedded"])
def pair(request, tmp_path):
    is_shared = request.param == "postgres"
    database = request.getfixturevalue("url") if is_shared else "sqlite:///simpost.db"
    centre = Centre(tmp_path)
    cluster = Cluster(tmp_path, database, SEAL_KEY, centre.port)
    try:
        yield Pair(cluster, centre, database, esims=ESIMS, more=OPEN_ALL_DAY)
    finally:
        cluster.close()
        centre.kill()


def batch_to(esims):
    """Messages of one part; a chunk of them is many characters, so that there are five commits."""
    messages = [
        {"esimTranNo": esims[place % ESIMS], "text": f"{place} ".ljust(150, "x")}
        for place in range(MESSAGES)
    ]
    for place in range(0, MESSAGES, OWN_KEY):
        messages[place]["idempotencyKey"] = f"own-{place}"
    return messages


def post(node, messages, key):
    """The results of the batch; `None` if the node died before it answered."""
    body = {"messages": messages}
    with contextlib.suppress(OSError, http.client.HTTPException):
        status, answer = ask(node, "POST", "messages", body, Idempotency_Key=key)
        assert (status, answer["refused"]) == (207, 0)
        return answer["results"]
    return None


def ids_of(results):
    return [each["message"]["id"] for each in results]


def pause(pair):
    pair.nodes[0].operate("POST", "carriers/simulator/pause")
    for node in pair.nodes:
        until(lambda each=node: each.operate("GET", "carriers")["carriers"][0]["paused"])


def has_any(node, query=""):
    return bool(ask(node, "GET", f"messages?limit=1{query}")[1]["messages"])


def test_a_batch_that_is_repeated_after_kill_9_is_sent_once(pair):
    handsets = dict(pair.take() for _ in range(ESIMS))
    messages = batch_to(list(handsets))
    pause(pair)
    victim = pair.both[1]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, victim, messages, "batch")
        until(lambda: has_any(pair.nodes[0]), slowest_s=0.02)
        other = pair.kill(victim)
        answered = first.result()

    repeated = post(other, messages, "batch")
    ids = ids_of(repeated)
    assert len(set(ids)) == MESSAGES
    assert any(each["replayed"] for each in repeated), "it was killed after the first commit"
    assert answered is None or ids_of(answered) == ids
    pair.complete()
    for node in pair.both:
        again = post(node, messages, "batch")
        assert (ids_of(again), {each["replayed"] for each in again}) == (ids, {True})
    with_own = post(other, messages[::OWN_KEY], "another batch")
    assert (ids_of(with_own), {each["replayed"] for each in with_own}) == (ids[::OWN_KEY], {True})

    other.operate("POST", "carriers/simulator/resume")
    for state in ("accepted", "sending", "in_doubt", "sent"):
        until(lambda each=state: not has_any(other, f"&state={each}"), f"some stay {state}")
    shown = [text for number in handsets.values() for text in pair.centre.texts_of(number)]
    assert collections.Counter(shown) == collections.Counter(each["text"] for each in messages)
