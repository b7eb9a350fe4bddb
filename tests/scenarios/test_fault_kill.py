"""kill -9 of any node at random moments under load: three times here, 50 by `make scenarios`.

`test_nodes_killed.py` does the same to three nodes, with one-time codes among the texts.
"""

import asyncio
import os
import random

import pytest

from tests.scenarios.faults.counts import Handsets, count
from tests.scenarios.faults.databases import Database
from tests.scenarios.faults.load import Load
from tests.scenarios.faults.service import LONG, Site, until

KILLS = 50 if LONG else 3
LONGEST_S = 2.0 if LONG else 0.5
"""Longest time between two kills, from when the node takes messages again."""


async def kill_at_random(site, chance):
    load, handsets = Load(site), Handsets(site)
    async with load.running():
        for _ in range(KILLS):
            node = chance.choice(site.nodes)
            await until(node.is_ready, "the node is ready")
            await load.accept(20)
            await asyncio.sleep(chance.uniform(0, LONGEST_S))
            await asyncio.to_thread(node.kill)
            await asyncio.to_thread(node.start)
            await asyncio.to_thread(handsets.look)
    return load, handsets


@pytest.mark.parametrize("nodes", [0, 2] if LONG else [0])
async def test_a_node_is_killed_at_random_moments(tmp_path, chance, nodes):
    """On the embedded store where there is no number of nodes, else on PostgreSQL."""
    database = Database() if nodes else None
    site = Site(tmp_path, database and database.url())
    try:
        for number in range(nodes or 1):
            await asyncio.to_thread(site.start, f"node-{number}")
        load, handsets = await kill_at_random(site, chance)
        about = f"kill -9, {nodes} nodes on PostgreSQL" if nodes else "kill -9, embedded store"
        found = await count(load, handsets, site, fault=about, times=KILLS)
    finally:
        site.close()
        if database:
            database.close()
    found.check()


@pytest.fixture
def chance():
    """A run says its seed, which SEED sets; which moments it means, the machine has a say in."""
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    print(f"seed {seed}")  # noqa: T201
    return random.Random(seed)
