"""A cluster of one: the node of an embedded store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from simpost.cluster.facade import EMPTY_VIEW
from simpost.observe import metrics
from simpost.observe.metrics import Sample
from simpost.ports.cluster import ConfigReadResult, Reloaded
from simpost.runtime.component import Component


class SingleNode(Component):
    """Implements `simpost.cluster.facade.Cluster`. It is always the leader."""

    name = "embedded"
    is_leader = True
    view = EMPTY_VIEW

    def __init__(self, reload: Callable[[], Awaitable[Reloaded]]) -> None:
        self._reload = reload

    async def join(self) -> None:
        """Do nothing: there is no other node."""

    async def leave(self) -> None:
        """Do nothing: there is no other node."""

    def on_change(self) -> None:
        """Do nothing: there is no other node."""

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        return (Sample(metrics.LEADER, (), self.is_leader),)

    async def order(self, carrier: str, *, unbind: bool) -> None:
        """Do nothing: there is no other node."""

    async def cancel_order(self, carrier: str) -> None:
        """Do nothing: there is no other node."""

    async def reload(self) -> tuple[Reloaded, dict[str, ConfigReadResult | None]]:
        """Read the configuration again. Returns what changed. Raises ConfigError."""
        return await self._reload(), {}
