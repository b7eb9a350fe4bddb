"""The cluster as the rest of simpost sees it: the same for one node and for many."""

from __future__ import annotations

from typing import Final, Protocol

from simpost.ports.cluster import ClusterView, ConfigReadResult, Reloaded

EMPTY_VIEW: Final = ClusterView(0, [], {}, 0, [], 0)


class Cluster(Protocol):
    """This process as a node among the others; `SingleNode` is a cluster of one."""

    @property
    def name(self) -> str:
        """The name of this node, under which it leases parts."""
        ...

    @property
    def is_leader(self) -> bool:
        """Whether this node runs the jobs that only one node may run."""
        ...

    @property
    def view(self) -> ClusterView:
        """All nodes and leases as of the last heartbeat.

        `EMPTY_VIEW` before the first heartbeat, and for a single node, which sends none.
        """
        ...

    async def join(self) -> None:
        """Become a node, before anything is leased or sent. Raises ConfigError, StoreError."""
        ...

    async def run(self) -> None:
        """Stay a node until cancelled."""
        ...

    async def leave(self) -> None:
        """Stop being a node. Call it when nothing is bound."""
        ...

    def on_change(self) -> None:
        """Another node changed accounts or gave an order: read the changes now."""
        ...

    async def order(self, carrier: str, *, unbind: bool) -> None:
        """Have the other nodes pause a carrier, or drain it, until `cancel_order`.

        The caller does the same on this node. Raises StoreError.
        """
        ...

    async def cancel_order(self, carrier: str) -> None:
        """Have the other nodes resume a carrier. Raises StoreError."""
        ...

    async def reload(self) -> tuple[Reloaded, dict[str, ConfigReadResult | None]]:
        """Have every node read its configuration again.

        Returns what changed here and, by name, how each other node read its file; `None` for one
        that has not reported in time. Raises ConfigError when the file of this node is not valid,
        and StoreError when the order cannot be stored; nothing changed on any node then.
        """
        ...
