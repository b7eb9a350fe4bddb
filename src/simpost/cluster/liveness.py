"""Watching: which nodes live, by our own monotonic clock and nobody's wall clock.

A node is dead once its serial stood still, before our eyes, for as long as a lease. It counts from
when it asked for its last beat, we count from when we saw it, which is later: so it has given up
its binds before we take them, whatever any clock shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from simpost.ports.cluster import NodeRow

_Key = tuple[str, bytes, int]


class Liveness:
    def __init__(self) -> None:
        self._since_s: dict[_Key, float] = {}

    def saw(self, nodes: Sequence[NodeRow], now_s: float) -> None:
        """Take note of the nodes as they stood in an answer that came at this time."""
        self._since_s = {
            key: self._since_s.get(key, now_s)
            for key in ((node.name, node.run, node.serial) for node in nodes)
        }

    def silent_s(self, node: NodeRow, now_s: float) -> float:
        """For how long it has said nothing, as far as we know."""
        return now_s - self._since_s.get((node.name, node.run, node.serial), now_s)
