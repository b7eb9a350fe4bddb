"""A cluster of one: the node of an embedded store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from simpost.cluster.facade import EMPTY_VIEW
from simpost.observe import metrics
from simpost.observe.metrics import Sample
from simpost.ports.cluster import ConfigReadResult, Reloaded
from simpost.runtime.component import Component


class SingleNode(Component):
    """Implements `simpost.cluster.facade.Cluster`; always leads and has no one to tell."""

    name = "embedded"
    is_leader = True
    view = EMPTY_VIEW

    def __init__(self, reload: Callable[[], Awaitable[Reloaded]]) -> None:
        self._reload = reload

    async def join(self) -> None: ...

    async def leave(self) -> None: ...

    def on_change(self) -> None: ...

    def samples(self) -> Iterable[Sample]:
        return (Sample(metrics.LEADER, (), self.is_leader),)

    async def order(self, carrier: str, *, unbind: bool) -> None: ...

    async def cancel_order(self, carrier: str) -> None: ...

    async def reload(self) -> tuple[Reloaded, dict[str, ConfigReadResult | None]]:
        return await self._reload(), {}
