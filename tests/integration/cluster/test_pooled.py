"""Nodes behind a pooler in transaction mode share as others do."""

import shutil
import tempfile
from pathlib import Path

import pytest

from simpost.ports.cluster import Heartbeat, NewNode, TokenRequest
from simpost.store.postgres.nodes import PostgresNodes
from tests.integration.postgres.transaction_pooler import TransactionPooler

ROLES = ("api", "dispatch", "carrier")


@pytest.fixture
async def pooled(postgres, url):
    folder = Path(tempfile.mkdtemp(prefix="simpost-pool-"))
    database = url.partition("@/")[2].partition("?")[0]
    async with TransactionPooler(folder, postgres.root, database) as pooler:
        nodes = PostgresNodes(f"{pooler.url}&pgbouncer=true", node="a")
        yield nodes
        await nodes.close()
    shutil.rmtree(folder)


async def test_a_node_works_behind_a_connection_pooler(pooled):
    run = b"1" * 16
    assert await pooled.register(NewNode("a", run, ROLES, "0.1", 15.0)) is None
    view = await pooled.beat(Heartbeat("a", run, {}, acquire=["x", "y"]))
    assert view.leases == {"x": "a", "y": "a"}
    assert (await pooled.beat(Heartbeat("a", run, {}, release=["x"]))).leases == {"y": "a"}
    drawn = [await pooled.draw(TokenRequest(1, 0.001, 3.0, 2)) for _ in range(3)]
    assert [one.tokens for one in drawn] == [2, 1, 0]
    await pooled.order("one", unbind=True)
    assert (await pooled.beat(Heartbeat("a", run, {}))).orders
    await pooled.leave("a", run)
    assert await pooled.beat(Heartbeat("a", run, {})) is None
