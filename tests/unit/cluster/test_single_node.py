"""A single node is a cluster of one: callers of the facade need no special case."""

import re
from pathlib import Path

import simpost.api
from simpost.cluster.facade import Cluster
from simpost.cluster.node import Node
from simpost.cluster.single_node import SingleNode
from simpost.ports.cluster import Reloaded

VERBS = [name for name in vars(Cluster) if not name.startswith("_")]
CHANGED = Reloaded(["new"], [], [], [], [])


async def reload():
    return CHANGED


def test_both_kinds_of_node_have_every_verb_of_the_facade():
    assert "order" in VERBS
    node = {*vars(Node), *Node.__init__.__code__.co_names}
    assert [name for name in VERBS if name not in node] == []
    assert [name for name in VERBS if not hasattr(SingleNode, name)] == []


async def test_a_single_node_leads_and_reloads_alone():
    node = SingleNode(reload)
    await node.join()
    assert node.is_leader
    assert await node.reload() == (CHANGED, {})
    assert node.view.nodes == []
    await node.leave()


def test_no_handler_depends_on_a_cluster():
    root = Path(simpost.api.__file__).parent
    found = [
        path.relative_to(root)
        for path in root.rglob("*.py")
        if re.search(
            r"\bif [\w.]*\b(node|cluster)\b|\b(node|cluster|view) is (not )?None",
            path.read_text("utf-8"),
        )
    ]
    assert found == []
