"""Notifies other nodes of queued parts, and listens to theirs.

A lost notification does no harm: lanes also query the store every second. Notifications are sent
after the commit and at most every few milliseconds, so that no commit waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

from simpost.errors import StoreError
from simpost.observe import get_logger
from simpost.store.postgres.connection import ManagedConnection
from simpost.store.postgres.connector import connect
from simpost.store.postgres.failures import FAILURES, translate

CHANNEL: Final = "simpost_parts"
_PAUSE_S: Final = 0.02
_AGAIN_S: Final = 5.0
_ALIVE_S: Final = 30.0

OnNotification = Callable[[str], None]
"""Called with the name of a carrier that has queued parts."""

_logger = get_logger(__name__)


class Notifier:
    """Notifies other nodes of carriers with queued parts."""

    def __init__(self, link: ManagedConnection, node: str) -> None:
        self._link = link
        self._node = node
        self._carriers: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def announce(self, carrier: str) -> None:
        self._carriers.add(carrier)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send())

    async def close(self) -> None:
        if self._task is not None:
            await self._task
        await self._link.close()

    async def _send(self) -> None:
        try:
            while self._carriers:
                carriers, self._carriers = self._carriers, set()
                async with self._link.use() as session:
                    for carrier in sorted(carriers):
                        await session.execute("notify", f"{self._node}\n{carrier}")
                await asyncio.sleep(_PAUSE_S)
        except (StoreError, *FAILURES) as error:
            _logger.warning("notify_failed", error=str(translate(error)))
        finally:
            self._task = None


class Listener:
    """Receives notifications of other nodes over its own connection; reconnects when it is lost."""

    def __init__(self, url: str, node: str) -> None:
        self._url = url
        self._node = node
        self._heard: list[OnNotification] = []
        self._task: asyncio.Task[None] | None = None
        self.listens = asyncio.Event()

    def subscribe(self, heard: OnNotification) -> None:
        self._heard.append(heard)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._listen())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_until_lost()
            except (StoreError, *FAILURES) as error:
                _logger.warning("listen_failed", error=str(translate(error)))
            finally:
                self.listens.clear()
            await asyncio.sleep(_AGAIN_S)

    async def _listen_until_lost(self) -> None:
        connection = await connect(self._url, is_pooled=False)
        try:
            await connection.add_listener(CHANNEL, self._on_message)
            self.listens.set()
            while not connection.is_closed():
                await asyncio.sleep(_ALIVE_S)
                await connection.fetchval("SELECT 1")
        finally:
            connection.terminate()

    def _on_message(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        node, _, carrier = str(payload).partition("\n")
        if node == self._node:
            return
        for heard in self._heard:
            heard(carrier)
