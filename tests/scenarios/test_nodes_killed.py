"""Promises 1 and 2 over several nodes: kill -9 of any of them at any time under load.

`make test` kills a few times, `make scenarios` fifty times. A run says its seed, which SEED sets.
"""

import asyncio
import collections
import os
import random
import sys
import time

import aiohttp
import pytest

from tests.integration.cluster.cluster import CREDENTIALS, PATIENCE_S, Centre, Cluster
from tests.integration.cluster.conftest import SEAL_KEY, template, url  # noqa: F401
from tests.scenarios.faults.node_load import Load

KILLS = 50 if os.environ.get("SCENARIOS") == "long" else 3
NODES = 3
BINDS = 2
ESIMS = 100 * (KILLS + 2)
"""A handset shows its last 50 texts: none gets as many."""


async def kill_again_and_again(cluster, chance):
    """Each time another node, at a random moment; one more is started for it."""
    for count in range(KILLS):
        await asyncio.sleep(chance.uniform(0.2, 2.5))  # the subject: a kill at any real moment
        victim = chance.choice(cluster.nodes)
        victim.process.kill()
        cluster.nodes.remove(victim)
        await asyncio.to_thread(cluster.start, f"again-{count}", binds=BINDS)


async def ends_of(cluster, accepted):
    """Every accepted message once it has its final state."""
    found = {}
    ends_s = time.monotonic() + (10 if KILLS > 3 else 2) * PATIENCE_S
    async with aiohttp.ClientSession(cluster.nodes[0].url, headers=CREDENTIALS) as session:

        async def look(message_id, category):
            async with session.get(f"/v1/messages/{message_id}") as answer:
                assert answer.status == 200, "accepted, and not there"
                message = await answer.json()
            is_left = message["state"] == "in_doubt" and category == "code"
            if message["state"] == "delivered" or is_left:
                found[message_id] = message

        while missing := [each for each in accepted if each not in found]:
            assert time.monotonic() < ends_s, f"not ended: {len(missing)} of {len(accepted)}"
            for some in _twenties(missing):
                await asyncio.gather(*(look(each, accepted[each][1]) for each in some))
    return found


def _twenties(ids):
    return (ids[first : first + 20] for first in range(0, len(ids), 20))


@pytest.mark.timeout(400 + 60 * KILLS)
async def test_kill_9_of_any_node_loses_nothing_and_repeats_only_what_was_in_doubt(
    tmp_path,
    url,  # noqa: F811
):
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    centre = Centre(tmp_path, BINDS)
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    try:
        for number in range(NODES):
            cluster.start(f"first-{number}", binds=BINDS)
        esims = cluster.fill(cluster.nodes[0], ESIMS)
        load = Load(cluster, esims)
        running = asyncio.create_task(load.run())
        await kill_again_and_again(cluster, random.Random(seed))
        await load.accept_more(100)
        load.stop()
        await running
        ends = await ends_of(cluster, load.accepted)
        shown = collections.Counter(
            text for esim in esims for text in centre.texts_of(f"66{esim[-10:]}")
        )
        stats = centre.ask("stats")
    finally:
        cluster.close()
        centre.kill()
    states = collections.Counter(message["state"] for message in ends.values())
    marked = {
        load.accepted[message_id][0]
        for message_id, message in ends.items()
        if any(attempt["repeat"] for attempt in message["attempts"])
    }
    twice = {text for text, _ in load.accepted.values() if shown[text] > 1}
    lost = [
        load.accepted[message_id]
        for message_id, message in ends.items()
        if message["state"] == "delivered" and not shown[load.accepted[message_id][0]]
    ]
    told = (
        f"seed {seed}: {KILLS} kills, {len(ends)} accepted, {dict(states)}, {len(lost)} lost, "
        f"{len(twice)} twice, {len(marked)} repeated, {load.unanswered} requests unanswered, "
        f"{stats['binds']} binds, {stats['bindsRefused']} of a third"
    )
    (tmp_path / "told").write_text(told)
    sys.stdout.write(f"{told}\n")
    assert not lost, told
    assert twice <= marked, told
    assert stats["bindsRefused"] == 0, told
