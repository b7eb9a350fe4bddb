"""A code leaves before thousands of promotions that were committed before it.

Decided by the order in which the simulator accepted texts, never by time: a carrier that allows
RATE parts a second may take the parts that are on their way already, and no more.
"""

import asyncio
import json
import urllib.error
import urllib.request

import aiohttp
import pytest

from bench.processes import HOST
from tests.integration.cluster.cluster import CREDENTIALS, PATIENCE_S, Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY, template, url  # noqa: F401

QUEUED = 10_000
RATE = 50
WINDOW = 20
MOST_BEFORE = RATE + WINDOW
"""Parts that may leave after the commit of the code: a second of the rate limit, and a window."""
STARTS = 3
CODES = "26010100000000", "26010100000001", "26010100000002"
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


async def promote(session, node, esims):
    """Commit promotions to the eSIMs, 1,000 in a request."""
    for first in range(0, QUEUED, 1000):
        bodies = [
            {"esimTranNo": esims[n % len(esims)], "text": f"Offer {n}", "category": "promotion"}
            for n in range(first, first + 1000)
        ]
        async with session.post(f"{node.url}/v1/messages", json={"messages": bodies}) as response:
            answer = await response.json()
            assert response.status == 207, answer
            assert {each["status"] for each in answer["results"]} == {202}, answer["results"][0]


def sent_count(node):
    """Parts that the carrier accepted so far, as the node counts them."""
    request = urllib.request.Request(
        f"{node.url}/metrics", headers={"Authorization": f"Bearer {node._token}"}
    )
    with urllib.request.urlopen(request) as response:
        lines = response.read().decode().splitlines()
    name = 'simpost_attempts_total{carrier="simulator",outcome="accepted"'
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def has_text(centre, esim):
    try:
        with urllib.request.urlopen(
            f"http://{HOST}:{centre.http_port}/handsets/66{esim[-10:]}"
        ) as response:
            return json.load(response)["messages"]
    except urllib.error.HTTPError:
        return []


async def test_a_code_passes_thousands_of_queued_promotions(database, tmp_path):
    centre = Centre(tmp_path)
    cluster = Cluster(tmp_path, database or "sqlite:///simpost.db", SEAL_KEY, centre.port)
    try:
        node = await asyncio.to_thread(cluster.start, "node-0", carrier=CARRIER, more=MORE)
        until(node.bound)
        esims = cluster.fill(node, 1000)
        async with aiohttp.ClientSession(headers=CREDENTIALS) as session:
            await promote(session, node, esims[STARTS:])
            assert sent_count(node) < QUEUED / 2, "the carrier is saturated"
            for esim in CODES:
                await code_passes(session, node, centre, esim)
        assert sent_count(node) < QUEUED, "promotions are queued to the end"
    finally:
        cluster.close()
        centre.kill()


async def code_passes(session, node, centre, esim):
    body = {"esimTranNo": esim, "purpose": "login"}
    async with session.post(f"{node.url}/v1/verifications", json=body) as response:
        assert response.status == 201, await response.text()
    committed = sent_count(node)
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(has_text, centre, esim):
            await asyncio.sleep(0.005)
    assert sent_count(node) - committed <= MOST_BEFORE
