"""kill -9 of nodes while they deliver: every event arrives with the same id, none is lost."""

import asyncio
import collections
import os
import random

import aiohttp
import pytest

from tests.integration.cluster.cluster import CREDENTIALS, PATIENCE_S, Centre, Cluster
from tests.integration.cluster.conftest import SEAL_KEY, template, url  # noqa: F401
from tests.integration.webhooks.receiver import OK, answer, receiving
from tests.scenarios.faults.node_load import Load

KILLS = 20 if os.environ.get("SCENARIOS") == "long" else 2
ESIMS = 100 * (KILLS + 2)
_LEASE_S = 30


async def all_events(node):
    """Every event of messages, by sequence number."""
    found, after, has_more = {}, 0, True
    async with aiohttp.ClientSession(node.url, headers=CREDENTIALS) as session:
        while has_more:
            path = f"/v1/events?after={after}&limit=1000"
            async with session.get(path) as response:
                page = await response.json()
            found |= {each["sequence"]: each["id"] for each in page["events"]}
            after, has_more = page["next"], page["hasMore"]
    return found


async def add_endpoint(node, target, batch):
    async with aiohttp.ClientSession(node.url, headers=CREDENTIALS) as session:
        body = {"url": target, "eventTypes": ["message.*"], "batch": batch}
        async with session.post("/v1/webhooks", json=body) as response:
            assert response.status == 201, await response.text()
            return (await response.json())["secret"]


def events_in(document):
    return document["events"] if document["type"] == "events" else [document]


async def kill_again_and_again(cluster, chance):
    for count in range(KILLS):
        await asyncio.sleep(chance.uniform(0.5, 2.5))  # the subject: any real moment
        victim = chance.choice(cluster.nodes)
        victim.process.kill()
        await asyncio.to_thread(start, cluster, f"again-{count}")
        cluster.nodes.remove(victim)


def start(cluster, name):
    cluster.start(name, binds=1, server="allow_private_webhooks = true")


async def wait_for_all(cluster, load, receiver):
    """Every event of the log, once each of them has arrived."""
    async with asyncio.timeout(2 * PATIENCE_S + _LEASE_S + 30):
        while True:
            await asyncio.sleep(1)
            events = await all_events(cluster.nodes[0])
            arrived = {
                each["sequence"] for document in receiver.documents for each in events_in(document)
            }
            # At least two of each message: accepted, sent, and most delivered.
            if len(events) > 2 * len(load.accepted) and events.keys() <= arrived:
                return events


_ORDER = ("message.accepted", "message.in_doubt", "message.sent", "message.delivered")


@pytest.fixture(params=["postgres", "embedded"])
def database(request):
    """The URL of the store, and its number of nodes."""
    if request.param == "postgres":
        return request.getfixturevalue("url"), 2
    return "sqlite:///simpost.db", 1


@pytest.mark.timeout(300 + 60 * KILLS)
@pytest.mark.parametrize("batch", [1, 100])
async def test_kill_9_of_a_node_that_delivers_loses_no_event(tmp_path, database, batch):
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    chance = random.Random(seed)
    centre = Centre(tmp_path, 1)
    database_url, nodes = database
    cluster = Cluster(tmp_path, database_url, SEAL_KEY, centre.port)
    async with receiving() as receiver:
        # One in twenty requests fails, so that there are deliveries to be tried again, too.
        receiver.answer = lambda _: OK if chance.random() > 0.05 else answer("503 Busy")
        try:
            for number in range(nodes):
                await asyncio.to_thread(start, cluster, f"first-{number}")
            esims = cluster.fill(cluster.nodes[0], ESIMS)
            secret = await add_endpoint(cluster.nodes[0], receiver.url, batch)
            load = Load(cluster, esims)
            running = asyncio.create_task(load.run())
            await kill_again_and_again(cluster, chance)
            await load.accept_more(50)
            load.stop()
            await running
            receiver.answer = OK
            events = await wait_for_all(cluster, load, receiver)
        finally:
            cluster.close()
            centre.kill()
    arrived, messages = {}, collections.defaultdict(set)
    for document in receiver.documents:
        sequences = [each["sequence"] for each in events_in(document)]
        assert sequences == sorted(set(sequences)), f"seed {seed}"
        for each in events_in(document):
            first = arrived.setdefault(each["sequence"], each)
            assert each == first, f"seed {seed}: the same event was delivered in two forms"
            messages[each["subject"]].add((each["sequence"], each["type"]))
    assert {number: arrived[number]["id"] for number in events} == events, f"seed {seed}"
    assert load.accepted.keys() <= messages.keys()
    for message in messages.values():
        _, types = zip(*sorted(message), strict=True)
        assert types[0] == "message.accepted", f"seed {seed}: {types}"
        assert list(types[1:]) == sorted(types[1:], key=_ORDER.index), f"seed {seed}: {types}"
    if batch > 1:
        assert any(len(events_in(each)) > 1 for each in receiver.documents)
    assert all(each.is_signed_with(secret) for each in receiver.got)
