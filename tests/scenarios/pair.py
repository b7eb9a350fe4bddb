"""Two nodes of one database, or one node with the embedded store, that are killed and replaced."""

from __future__ import annotations

import itertools
from typing import Any

from tests.integration.cluster.cluster import Centre, Cluster, OneNode, until

OPEN_ALL_DAY = '[[open_hours]]\nhours = ["00:00-24:00"]\n'


class Pair:
    """`take` gives an eSIM that no other test uses.

    Attributes:
        url: of the database.
    """

    def __init__(
        self, cluster: Cluster, centre: Centre, url: str, esims: int, **settings: Any
    ) -> None:
        self.url, self.centre = url, centre
        self._cluster, self._settings = cluster, settings
        self._count = itertools.count()
        self._names = 2 if url.startswith("postgresql") else 1
        self.complete()
        self._esims = iter(cluster.fill(self.nodes[0], esims=esims))
        until(lambda: any(node.bound() for node in self.nodes))

    @property
    def nodes(self) -> list[OneNode]:
        return self._cluster.nodes

    @property
    def both(self) -> tuple[OneNode, OneNode]:
        """The two nodes; the one of the embedded store twice."""
        return self.nodes[0], self.nodes[-1]

    def complete(self) -> None:
        """Replace killed nodes, and wait until all of them answer the account or the admin."""
        while len(self.nodes) < self._names:
            self._cluster.start(f"node-{next(self._count)}", **self._settings)

    def take(self) -> tuple[str, str]:
        """An eSIM and the number of its handset."""
        esim = next(self._esims)
        return esim, f"66{esim[-10:]}"

    def leader(self) -> OneNode:
        """The node that runs the jobs of which one node runs each."""
        if self._names == 1:
            return self.nodes[0]

        def found() -> OneNode | None:
            for each in self.nodes[0].operate("GET", "nodes")["nodes"]:
                if "dispatch" in each["leases"]:
                    return next((node for node in self.nodes if node.name == each["name"]), None)
            return None

        return until(found, "no node leads")

    def kill(self, victim: OneNode) -> OneNode:
        """`kill -9`; returns the other node, or the one that the embedded store is started with."""
        victim.process.kill()
        self.nodes.remove(victim)
        if self._names == 1:
            self.complete()
        return self.nodes[0]

    def close(self) -> None:
        self._cluster.close()
