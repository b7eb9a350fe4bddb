"""kill -9 of any node at random moments under load: three times here, 50 by `make scenarios`."""

import asyncio
import random

import pytest

from tests.scenarios.faults.counting import Handsets, count
from tests.scenarios.faults.databases import Database
from tests.scenarios.faults.load import Load
from tests.scenarios.faults.service import LONG, Site, until

KILLS = 50 if LONG else 3
LONGEST_S = 2.0 if LONG else 0.5
"""Of a node's life between two kills, from when it takes messages again."""


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


async def test_a_node_on_the_embedded_store_is_killed_at_random_moments(tmp_path, chance):
    site = Site(tmp_path)
    try:
        await asyncio.to_thread(site.start, "alone")
        load, handsets = await kill_at_random(site, chance)
        found = await count(load, handsets, site, fault="kill -9, embedded store", times=KILLS)
    finally:
        site.close()
    found.check()


@pytest.mark.parametrize("nodes", [2])
async def test_any_node_on_postgresql_is_killed_at_random_moments(tmp_path, chance, nodes):
    database = Database()
    site = Site(tmp_path, database.url())
    try:
        for number in range(nodes):
            await asyncio.to_thread(site.start, f"node-{number}")
        load, handsets = await kill_at_random(site, chance)
        found = await count(
            load, handsets, site, fault=f"kill -9, {nodes} nodes on PostgreSQL", times=KILLS
        )
    finally:
        site.close()
        database.close()
    found.check()


@pytest.fixture
def chance():
    """Its seed is shown when a test fails; which moment it means, the machine has a say in."""
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201
    return random.Random(seed)
