"""The two ways to the server: the pipes of a process, and HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Callable, Sequence
from socket import socket
from typing import Final

from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from simpost.http import HostRules, HttpServer
from simpost.mcp.gateway import Gateway, GatewayUnreachable
from simpost.mcp.server import Caller, ToolServer
from simpost.mcp.web import PATH, HttpGate, caller_of

_MAX_BODY_OCTETS: Final = 262_144
_MAX_SESSIONS: Final = 1_000
_IDLE_S: Final = 1_800.0
_GRACE_S: Final = 2.0


async def serve_pipes(url: str, key: str) -> None:
    """Serve one client on stdin and stdout with one API key, until stdin ends.

    Raises GatewayRefusal if the key is wrong; a gateway that is down may come later.
    """
    gateway = Gateway(url)
    try:
        with contextlib.suppress(GatewayUnreachable):
            await gateway.access(key)
        caller = Caller(key, secrets.token_hex(8))
        server = ToolServer(gateway, lambda _context: caller).build()
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        await gateway.close()


async def serve_http(
    url: str,
    listener: socket,
    *,
    host: str,
    allowed_hosts: Sequence[str],
    allowed_origins: Sequence[str],
    on_ready: Callable[[str], None],
) -> None:
    """Serve clients by HTTP, each with its own API key, until SIGINT or SIGTERM."""
    gateway = Gateway(url)
    manager = StreamableHTTPSessionManager(
        ToolServer(gateway, caller_of).build(),
        max_request_body_size=_MAX_BODY_OCTETS,
        max_sessions=_MAX_SESSIONS,
        session_idle_timeout=_IDLE_S,
    )
    gate = HttpGate(manager.handle_request, gateway, allowed_origins)
    rules = HostRules.of(host, allowed_hosts)
    server = HttpServer(gate, hosts=rules, grace_s=_GRACE_S)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.end)
    try:
        async with manager.run():
            await server.start([listener])
            shown = f"[{host}]" if ":" in host else host
            on_ready(f"http://{shown}:{listener.getsockname()[1]}{PATH}")
            await server.serve([])
    finally:
        await gateway.close()
