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


async def add_endpoint(node, target):
    async with aiohttp.ClientSession(node.url, headers=CREDENTIALS) as session:
        body = {"url": target, "eventTypes": ["message.*"]}
        async with session.post("/v1/webhooks", json=body) as response:
            assert response.status == 201, await response.text()
            return (await response.json())["secret"]


@pytest.mark.timeout(300 + 60 * KILLS)
async def test_kill_9_of_a_node_that_delivers_loses_no_event(tmp_path, url):  # noqa: F811
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    chance = random.Random(seed)
    centre = Centre(tmp_path, 1)
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    async with receiving() as receiver:
        # One in twenty requests fails, so that there are deliveries to be tried again, too.
        receiver.answer = lambda _: OK if chance.random() > 0.05 else answer("503 Busy")
        try:
            for number in range(2):
                cluster.start(f"first-{number}", binds=1, server="allow_private_webhooks = true")
            esims = cluster.fill(cluster.nodes[0], ESIMS)
            secret = await add_endpoint(cluster.nodes[0], receiver.url)
            load = Load(cluster, esims)
            running = asyncio.create_task(load.run())
            for count in range(KILLS):
                await asyncio.sleep(chance.uniform(0.5, 2.5))  # the subject: any real moment
                victim = chance.choice(cluster.nodes)
                victim.process.kill()
                cluster.nodes.remove(victim)
                await asyncio.to_thread(
                    cluster.start, f"again-{count}", binds=1, server="allow_private_webhooks = true"
                )
            await load.accept_more(50)
            load.stop()
            await running
            receiver.answer = OK
            async with asyncio.timeout(2 * PATIENCE_S + _LEASE_S + 30):
                missing = True
                while missing:
                    await asyncio.sleep(1)
                    events = await all_events(cluster.nodes[0])
                    arrived = collections.defaultdict(set)
                    for each in receiver.documents:
                        arrived[each["sequence"]].add(each["id"])
                    # At least two of each message: accepted, sent, and most delivered.
                    missing = (
                        len(events) <= 2 * len(load.accepted) or events.keys() - arrived.keys()
                    )
        finally:
            cluster.close()
            centre.kill()
    wrong = {sequence for sequence, ids in arrived.items() if len(ids) > 1}
    assert wrong == set(), f"seed {seed}"
    assert {sequence: arrived[sequence] for sequence in events} == {
        sequence: {event_id} for sequence, event_id in events.items()
    }
    assert all(each.is_signed_with(secret) for each in receiver.got)
