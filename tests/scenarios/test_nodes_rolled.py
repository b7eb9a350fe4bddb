"""A rolling restart, as an upgrade without a new schema needs it: one node after the other."""

import asyncio
import collections

import pytest

from tests.integration.cluster.cluster import Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY, template, url  # noqa: F401
from tests.scenarios.faults.node_load import Load
from tests.scenarios.test_nodes_killed import ends_of

BINDS = 2
ESIMS = 200


async def restart(cluster, node):
    """Stop a node as an administrator does, and start it again."""
    cluster.nodes.remove(node)  # what a load balancer does when /readyz is 503
    await asyncio.to_thread(node.process.stop)
    assert node.process._child.returncode == 0
    new = await asyncio.to_thread(cluster.start, node.name, binds=BINDS)
    await asyncio.to_thread(until, lambda: new.get("readyz")[0] == 200, "it is not ready")


@pytest.mark.timeout(300)
async def test_nodes_restarted_one_by_one_under_load_lose_nothing(
    tmp_path,
    url,  # noqa: F811
):
    centre = Centre(tmp_path, BINDS)
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    try:
        first = [cluster.start(f"node-{number}", binds=BINDS) for number in range(2)]
        esims = cluster.fill(first[0], ESIMS)
        load = Load(cluster, esims)
        running = asyncio.create_task(load.run())
        for node in first:
            await load.accept_more(30)
            await restart(cluster, node)
        await load.accept_more(30)
        load.stop()
        await running
        ends = await ends_of(cluster, load.accepted)
        shown = collections.Counter(
            text for esim in esims for text in centre.texts_of(f"66{esim[-10:]}")
        )
        refused = centre.ask("stats")["bindsRefused"]
    finally:
        cluster.close()
        centre.kill()
    in_doubt = {
        load.accepted[message_id][0]
        for message_id, message in ends.items()
        if message["state"] == "in_doubt" or any(each["repeat"] for each in message["attempts"])
    }
    texts = {text for text, _ in load.accepted.values()}
    assert {text for text in texts if not shown[text]} <= in_doubt
    assert {text for text in texts if shown[text] > 1} <= in_doubt
    assert len(in_doubt) < len(texts) / 2, "a clean stop waits for its responses"
    assert refused == 0
