"""Reload on all nodes: after a request to one of them, each reads its own configuration again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from simpost.errors import ConfigError
from simpost.observe import get_logger
from simpost.ports.cluster import ClusterStore, ClusterView, ConfigReadResult, Reloaded
from simpost.runtime.reload import Reload

_WAIT_S: Final = 10.0
"""How long `order` waits for the other nodes."""
_POLL_S: Final = 0.1

log = get_logger(__name__)


class ClusterReload:
    """Carries out orders to reload, one at a time and beside the heartbeats.

    A node that joins reloads once if there ever was an order, because one may have been given while
    it started. `beat_now` sends a heartbeat at once, to publish a result or to read new ones.
    """

    def __init__(
        self,
        reload: Reload,
        store: ClusterStore,
        beat_now: Callable[[], None],
        time_s: Callable[[], float],
    ) -> None:
        self.applied_reload = 0
        """Number of the last order that was carried out here, with a valid file or not."""
        self._reload = reload
        self._store = store
        self._beat_now = beat_now
        self._time_s = time_s
        self._last_order = 0
        self._seen: ConfigReadResult | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def last(self) -> ConfigReadResult | None:
        """The last result of a reload on this node, whatever caused it."""
        return self._reload.last

    def changed_carriers(self) -> list[str]:
        """Names of the carriers that were changed or removed since the last call."""
        is_new, self._seen = self.last is not self._seen, self.last
        done = self.last.done if is_new and self.last else None
        return [*done.changed, *done.removed] if done else []

    def on_order(self, order: int) -> None:
        """Reload in a task if the last order, of this number, was not carried out here."""
        if order > self._last_order:
            self._last_order = order
            self._task = self._task or asyncio.create_task(self._apply(), name="reload")

    async def order(
        self, name: str, view: Callable[[], ClusterView | None]
    ) -> tuple[Reloaded, dict[str, ConfigReadResult | None]]:
        """Reload on all nodes; `name` is this node, `view` the last state of the cluster.

        Returns what changed here and, by name, the result of each other node; `None` for one that
        has not reported in time. Raises ConfigError when the file of this node is not valid, and
        StoreError when the order cannot be stored; nothing changed on any node then.
        """
        self._reload.check()
        order = await self._store.order_reload()
        self._last_order = max(self._last_order, order)
        try:
            done = await self._reload.run()
        finally:
            self._set_applied(order)
        ends_s = self._time_s() + _WAIT_S
        while True:
            now = view()
            others = {
                node.name: node.report.reading if node.report.applied_reload >= order else None
                for node in (now.nodes if now else [])
                if node.name != name
            }
            is_current = now is not None and now.reloads >= order  # has all nodes of that time
            if (is_current and None not in others.values()) or self._time_s() >= ends_s:
                return done, others
            self._beat_now()
            await asyncio.sleep(_POLL_S)

    async def _apply(self) -> None:
        while (order := self._last_order) > self.applied_reload:
            try:
                await self._reload.run()
            except ConfigError as error:
                log.error("configuration_refused", problems=str(error).splitlines())
            except Exception:
                log.exception("reload_failed")
            self._set_applied(order)
        self._task = None

    def _set_applied(self, order: int) -> None:
        self.applied_reload = max(self.applied_reload, order)
        self._beat_now()
