"""Rereading: all nodes read their files again when one of them is asked to, each its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simpost.engine.reload import Reload
from simpost.errors import ConfigError
from simpost.observe import get_logger
from simpost.ports.nodes import Reloaded

log = get_logger(__name__)


class Rereading:
    """Carries out every order to read the file again, beside the beats and one at a time.

    A node that enters reads its file once more where there ever was an order: one that came while
    it started is not missed. `tell` is called when the others should hear of it.
    """

    def __init__(self, reload: Reload, tell: Callable[[], None]) -> None:
        self.obeyed = 0
        """The last order that was carried out here, with the file right or not."""
        self._reload = reload
        self._tell = tell
        self._ordered = 0
        self._task: asyncio.Task[None] | None = None

    def hear(self, order: int) -> None:
        """This is the last order there is."""
        if order > self._ordered:
            self._ordered = order
            self._task = self._task or asyncio.create_task(self._obey(), name="rereading")

    async def carry_out(self, order: int) -> Reloaded:
        """For whoever asked this node. Raises ConfigError when its file is not right."""
        self._ordered = max(self._ordered, order)
        try:
            return await self._reload.run()
        finally:
            self._is_done(order)

    async def _obey(self) -> None:
        while (order := self._ordered) > self.obeyed:
            try:
                await self._reload.run()
            except ConfigError as error:
                log.error("configuration_refused", problems=str(error).splitlines())
            except Exception:
                log.exception("reload_failed")
            self._is_done(order)
        self._task = None

    def _is_done(self, order: int) -> None:
        self.obeyed = max(self.obeyed, order)
        self._tell()
