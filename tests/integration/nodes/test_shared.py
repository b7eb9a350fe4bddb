"""What holds on one node holds on all: paces, accounts, an operator's orders."""

import asyncio
import time

import httpx2
import pytest

from tests.integration.nodes.cluster import (
    ACCESS_CODE,
    CREDENTIALS,
    PATIENCE_S,
    Centre,
    Cluster,
    until,
)
from tests.integration.nodes.conftest import SEAL_KEY


@pytest.fixture
def centre(tmp_path):
    centre = Centre(tmp_path)
    yield centre
    centre.kill()


@pytest.fixture
def cluster(tmp_path, url, centre):
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    yield cluster
    cluster.close()


async def ask(urls, count, path):
    """So many requests, to each node in turn and all at once; how many passed, and how long."""
    began_s = time.monotonic()
    async with httpx2.AsyncClient(headers=CREDENTIALS, timeout=PATIENCE_S) as client:
        answers = await asyncio.gather(
            *(client.get(f"{urls[index % len(urls)]}/{path}") for index in range(count))
        )
    took_s = time.monotonic() - began_s
    assert {answer.status_code for answer in answers} <= {200, 429}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    return len(answers) - len(refused), took_s


@pytest.mark.parametrize("limit", [8, 200])
def test_a_pace_holds_over_all_nodes(cluster, limit):
    nodes = [cluster.start("a", "--role=api"), cluster.start("b", "--role=api,dispatch")]
    cluster.fill(nodes[0], requestsPerSecond=limit)
    urls = [node.url for node in nodes]
    until(lambda: nodes[1].get("v1/messages")[0] == 200)  # it knows the account, and uses a token
    passed, took_s = asyncio.run(ask(urls, 4 * limit, "v1/messages?limit=1"))
    lots = len(nodes) * max(1, limit // 20)
    assert passed <= limit * (1 + took_s) + lots
    assert passed >= limit - 2 - lots


def test_an_account_changed_on_one_node_is_changed_on_all(cluster):
    first, second = cluster.start("a", "--role=api"), cluster.start("b", "--role=api,dispatch")
    cluster.fill(first)
    until(lambda: second.get("v1/messages")[0] == 200)
    first.operate("PATCH", f"accounts/{ACCESS_CODE}", {"enabled": False})
    until(lambda: second.get("v1/messages")[0] == 401)
    first.operate("PATCH", f"accounts/{ACCESS_CODE}", {"enabled": True})
    until(lambda: second.get("v1/messages")[0] == 200)
