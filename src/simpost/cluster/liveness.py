"""Which nodes are alive, by the monotonic clock of this process and no wall clock.

A node is dead when its serial has not changed for one lease period. The node counts its lease from
when it requested its last heartbeat. We count from when we read the heartbeat, which is later, so
the node has closed its binds before we take them, whatever any clock shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from simpost.ports.cluster import NodeRow

_Key = tuple[str, bytes, int]


class Liveness:
    """Since when each node has had its present serial."""

    def __init__(self) -> None:
        self._since_s: dict[_Key, float] = {}

    def update(self, nodes: Sequence[NodeRow], now_s: float) -> None:
        """Note the nodes as read at this time."""
        self._since_s = {
            key: self._since_s.get(key, now_s)
            for key in ((node.name, node.run, node.serial) for node in nodes)
        }

    def silent_s(self, node: NodeRow, now_s: float) -> float:
        """Seconds since the last heartbeat of a node was first seen here."""
        return now_s - self._since_s.get((node.name, node.run, node.serial), now_s)
