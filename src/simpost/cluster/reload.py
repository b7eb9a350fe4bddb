"""ClusterReload: all nodes read their files again when one of them is asked to, each its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from simpost.errors import ConfigError
from simpost.observe import get_logger
from simpost.ports.cluster import ClusterStore, ClusterView, ConfigReadResult, Reloaded
from simpost.runtime.reload import Reload

_WAIT_S: Final = 10.0
"""How long whoever orders it is kept waiting for what the other nodes say."""
_LOOK_S: Final = 0.1

log = get_logger(__name__)


class ClusterReload:
    """Carries out every order to read the file again, beside the beats and one at a time.

    A node that enters reads its file once more where there ever was an order: one that came while
    it started is not missed. `tell` is called when there is something to say to the others, or to
    hear of them.
    """

    def __init__(
        self,
        reload: Reload,
        store: ClusterStore,
        tell: Callable[[], None],
        time_s: Callable[[], float],
    ) -> None:
        self.applied_reload = 0
        """The last order that was carried out here, with the file right or not."""
        self._reload = reload
        self._store = store
        self._tell = tell
        self._time_s = time_s
        self._ordered = 0
        self._seen: ConfigReadResult | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def last(self) -> ConfigReadResult | None:
        """How the file was read last, whoever wanted it."""
        return self._reload.last

    def carriers_changed(self) -> list[str]:
        """Carriers that are other ones, or gone, since this was asked before."""
        is_new, self._seen = self.last is not self._seen, self.last
        done = self.last.done if is_new and self.last else None
        return [*done.changed, *done.removed] if done else []

    def hear(self, order: int) -> None:
        """This is the last order there is."""
        if order > self._ordered:
            self._ordered = order
            self._task = self._task or asyncio.create_task(self._apply(), name="rereading")

    async def order(
        self, name: str, view: Callable[[], ClusterView | None]
    ) -> tuple[Reloaded, dict[str, ConfigReadResult | None]]:
        """Have all nodes do it; `name` is this one's, `view` how things stood last.

        Gives what it did here, and by the names of the others how each read its file, none for one
        that has not said so in time. Raises ConfigError when the file is not right here, and then
        no other was told; StoreError when they could not be told, and nothing was changed here.
        """
        self._reload.check()
        order = await self._store.order_reload()
        self._ordered = max(self._ordered, order)
        try:
            done = await self._reload.run()
        finally:
            self._is_done(order)
        ends_s = self._time_s() + _WAIT_S
        while True:
            now = view()
            others = {
                node.name: node.report.reading if node.report.applied_reload >= order else None
                for node in (now.nodes if now else [])
                if node.name != name
            }
            is_known = now is not None and now.reloads >= order  # who came lately is in it
            if (is_known and None not in others.values()) or self._time_s() >= ends_s:
                return done, others
            self._tell()
            await asyncio.sleep(_LOOK_S)

    async def _apply(self) -> None:
        while (order := self._ordered) > self.applied_reload:
            try:
                await self._reload.run()
            except ConfigError as error:
                log.error("configuration_refused", problems=str(error).splitlines())
            except Exception:
                log.exception("reload_failed")
            self._is_done(order)
        self._task = None

    def _is_done(self, order: int) -> None:
        self.applied_reload = max(self.applied_reload, order)
        self._tell()
