"""A cluster of one: the node of an embedded store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from simpost.ports.cluster import ClusterView, ConfigReadResult, Reloaded


class SingleNode:
    """Implements `simpost.cluster.facade.Cluster`; always leads and has no one to tell."""

    name = "embedded"
    is_leader = True
    view: ClusterView | None = None

    def __init__(self, reload: Callable[[], Awaitable[Reloaded]]) -> None:
        self._reload = reload

    async def join(self) -> None: ...

    async def run(self) -> None: ...

    async def leave(self) -> None: ...

    def on_change(self) -> None: ...

    async def order(self, carrier: str, *, unbind: bool) -> None: ...

    async def cancel_order(self, carrier: str) -> None: ...

    async def reload(self) -> tuple[Reloaded, dict[str, ConfigReadResult | None]]:
        return await self._reload(), {}
