"""The server: accepts, counts and closes connections."""

from __future__ import annotations

import asyncio
import heapq
import sys
from collections.abc import Sequence
from socket import IPPROTO_TCP, SO_SNDBUF, SOL_SOCKET, socket
from typing import Final

from starlette.types import ASGIApp

from simpost.http.connection import HttpConnection
from simpost.http.flush_queue import FlushQueue
from simpost.http.hosts import HostRules
from simpost.http.limits import SEND_BUFFER_OCTETS, Limits
from simpost.http.protocol import HttpProtocol
from simpost.http.proxies import TrustedProxies

if sys.platform == "linux":
    from socket import TCP_USER_TIMEOUT

_BACKLOG: Final = 2_048
_CLOSE_FRACTION: Final = 20
"""One in this many connections is closed when they run short, so that it happens rarely."""


class HttpServer:
    """Serves one application on given sockets, in the running event loop.

    Attributes:
        keep_alive_lines: response headers for a client that asks for keep-alive.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits | None = None,
        hosts: HostRules | None = None,
        proxies: TrustedProxies | None = None,
        grace_s: float = 10.0,
    ) -> None:
        self.app = app
        self.limits = limits or Limits()
        self.hosts = hosts or HostRules()
        self.proxies = proxies
        self.loop: asyncio.AbstractEventLoop
        self.flush_queue = FlushQueue()
        self.connections: set[HttpConnection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.is_ending = False
        seconds = int(self.limits.keep_alive_s)
        self.keep_alive_lines = (
            f"connection: keep-alive\r\nkeep-alive: timeout={seconds}\r\n".encode()
        )
        self._grace_s = grace_s
        self._servers: list[asyncio.Server] = []
        self._end = asyncio.Event()

    async def start(self, listeners: Sequence[socket]) -> None:
        """Accept connections on these sockets."""
        self.loop = asyncio.get_running_loop()
        for listener in listeners:
            self._limit_unread(listener)
            server = await self.loop.create_server(
                lambda: HttpProtocol(self), sock=listener, backlog=_BACKLOG
            )
            self._servers.append(server)

    def _limit_unread(self, listener: socket) -> None:
        """Limit octets and time that the kernel grants clients that do not read."""
        listener.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_OCTETS)
        if sys.platform == "linux":
            unread_ms = int(self.limits.unread_s * 1000)
            listener.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, unread_ms)

    async def serve(self, listeners: Sequence[socket]) -> None:
        """Serve until `end`, then `stop`."""
        await self.start(listeners)
        await self._end.wait()
        await self.stop()

    def end(self) -> None:
        """Make `serve` stop."""
        self._end.set()

    async def stop(self) -> None:
        """Accept no more connections; cancel requests that do not end within `grace_s`."""
        self.is_ending = True
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.wind_down()
        if self.tasks:
            _, late = await asyncio.wait(self.tasks, timeout=self._grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=self._grace_s)
        await asyncio.sleep(0)  # lets the flush queue write the last responses
        for connection in list(self.connections):
            connection.close()

    def admit(self, connection: HttpConnection) -> bool:
        """Count a new connection, if need be instead of an idle one; False if there is no room."""
        limits = self.limits
        if len(self.connections) >= limits.unproven_connections:
            unproven = [each for each in self.connections if not each.is_proven]
            if len(unproven) >= limits.unproven_connections:
                self._close_idle(unproven)
            elif len(self.connections) >= limits.max_connections:
                self._close_idle(unproven) or self._close_idle(list(self.connections))
            if len(self.connections) >= limits.max_connections:
                return False
        self.connections.add(connection)
        return True

    def _close_idle(self, among: list[HttpConnection]) -> bool:
        """Close those that are idle longest and lose no response; whether there were any."""
        idle = [each for each in among if each.may_be_closed]
        count = max(1, self.limits.max_connections // _CLOSE_FRACTION)
        oldest = heapq.nsmallest(count, idle, key=lambda each: each.idle_since_s)
        for connection in oldest:
            connection.abort() if connection.is_blocked else connection.close()
            self.connections.discard(connection)
        return bool(oldest)
