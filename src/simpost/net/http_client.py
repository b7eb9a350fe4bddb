"""HTTP calls to other hosts: guarded addresses, bounded responses, and whether it was sent.

Not a general client: HTTP/1.1 without redirects, cookies, proxies and compression. A request costs
a fifth of one of aiohttp, see `docs/decisions/0023-webhooks-follow-the-event-log.md`.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from aiohappyeyeballs import start_connection

from simpost.net.address_guard import GuardedResolver, check_url
from simpost.net.client_connection import (
    MAX_RESPONSE_OCTETS,
    ClientConnection,
    HttpResponse,
    NoResponse,
)
from simpost.net.resolver import NameResolver

__all__ = ["HttpClient", "HttpResponse", "NoResponse", "NotSent"]

_IDLE_S: Final = 15.0
"""Seconds after which an idle connection is closed, before most servers close it. A request on a
connection that the server is closing gets no response and may or may not have been read."""
_NEXT_ADDRESS_S: Final = 0.25
"""Seconds after which the next address of a host is tried as well (RFC 8305)."""
_MAX_TARGETS: Final = 100
"""URLs whose parts are kept."""


class NotSent(Exception):
    """Nothing was sent: there was no connection to the host."""


class _Origin(NamedTuple):
    """Requests to the same one share connections."""

    is_secure: bool
    host: str
    port: int


class _Target(NamedTuple):
    """A URL that may be called, and the beginning of a request to it, after the method."""

    origin: _Origin
    head: bytes


class HttpClient:
    """Requests for one owner. Must be created and closed on the event loop that uses it.

    Connections go to the addresses that were checked, so a name that changes its address cannot
    lead to one that is not allowed. The owner limits the requests, and with them the connections.
    """

    def __init__(
        self,
        owner: str,
        names: NameResolver,
        *,
        allow_private: bool,
        connect_timeout_s: float,
        response_timeout_s: float,
        keep_octets: int = MAX_RESPONSE_OCTETS,
    ) -> None:
        """Of each response the first `keep_octets` of the body are returned."""
        self._allow_private = allow_private
        self._resolver = GuardedResolver(names, owner, allow_private=allow_private)
        self._connect_timeout_s = connect_timeout_s
        self._response_timeout_s = response_timeout_s
        self._keep_octets = keep_octets
        self._loop = asyncio.get_running_loop()
        self._targets: dict[str, _Target] = {}
        self._idle: dict[_Origin, list[ClientConnection]] = {}
        self._open: set[ClientConnection] = set()
        self._sweep: asyncio.TimerHandle | None = None

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str] | bytes
    ) -> Coroutine[Any, Any, HttpResponse]:
        """POST and read the response; see `request`."""
        return self.request("POST", url, body, headers)

    async def request(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str] | bytes,
        *,
        on_sent: Callable[[], None] | None = None,
    ) -> HttpResponse:
        """Send a request and read the response. Redirects are not followed.

        Octets as `headers` are lines of `header_lines`, or as safe as these.
        `on_sent` is called before the first octet leaves: the host may have received the request.

        Raises:
            RefusedUrl: the URL leads to an address that is not allowed.
            NotSent: the host could not be reached.
            NoResponse: the connection was cut, or the time limit passed, after connecting.
        """
        target = self._targets.get(url) or self._add_target(url)
        lines = headers if isinstance(headers, bytes) else header_lines(headers)
        octets = b"%b%b%bContent-Length: %d\r\n\r\n%b" % (
            method.encode(),
            target.head,
            lines,
            len(body),
            body,
        )
        connection = self._take_idle(target.origin) or await self._connect(target.origin)
        if on_sent:
            on_sent()
        try:
            return await connection.request(
                octets, timeout_s=self._response_timeout_s, keep_octets=self._keep_octets
            )
        finally:
            self._give_back(target.origin, connection)

    @property
    def is_idle(self) -> bool:
        """Whether no connection is open."""
        return not self._open

    async def close(self) -> None:
        """Close all connections, those in use included."""
        if self._sweep:
            self._sweep.cancel()
        self._idle.clear()
        while self._open:
            self._open.pop().abort()

    def _add_target(self, url: str) -> _Target:
        check_url(url, allow_private=self._allow_private)
        if len(self._targets) >= _MAX_TARGETS:
            self._targets.clear()
        target = self._targets[url] = _target(url)
        return target

    # Connections.

    def _take_idle(self, origin: _Origin) -> ClientConnection | None:
        """The connection that was used last: it is the least likely to be closed soon."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_open and self._loop.time() - connection.idle_since_s < _IDLE_S:
                return connection
            self._drop(connection)
        return None

    def _give_back(self, origin: _Origin, connection: ClientConnection) -> None:
        is_cancelled = connection.is_waiting  # then the caller waits no more
        if is_cancelled or not connection.is_open or connection not in self._open:
            self._drop(connection)
            return
        self._idle.setdefault(origin, []).append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(_IDLE_S, self._close_idle)

    def _drop(self, connection: ClientConnection) -> None:
        self._open.discard(connection)
        connection.abort()

    def _close_idle(self) -> None:
        """Close connections that were not used for long; go on as long as there are any."""
        self._sweep = None
        limit_s = self._loop.time() - _IDLE_S
        for origin, idle in list(self._idle.items()):
            for connection in idle:
                if not connection.is_open or connection.idle_since_s <= limit_s:
                    self._drop(connection)
            kept = [each for each in idle if each in self._open]
            if kept:
                self._idle[origin] = kept
            else:
                del self._idle[origin]
        if self._idle:
            self._sweep = self._loop.call_later(_IDLE_S, self._close_idle)

    async def _connect(self, origin: _Origin) -> ClientConnection:
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                addresses = await self._resolver.addresses(origin.host, origin.port)
                sock = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S)
                try:
                    _, connection = await self._loop.create_connection(
                        lambda: ClientConnection(self._loop),
                        sock=sock,
                        ssl=_tls_context() if origin.is_secure else None,
                        server_hostname=origin.host if origin.is_secure else None,
                    )
                except BaseException:
                    sock.close()
                    raise
                if not connection.is_open:
                    raise ConnectionResetError("the connection was closed at once")
        except TimeoutError as error:
            raise NotSent("the connection timed out") from error
        except (OSError, ValueError) as error:  # TLS errors are OSErrors
            raise NotSent(f"cannot connect to {origin.host}:{origin.port}: {error}") from error
        self._open.add(connection)
        return connection


def _target(url: str) -> _Target:
    """Parts of a URL that `check_url` accepted."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_secure = parts.scheme == "https"
    usual_port = 443 if is_secure else 80
    port = parts.port or usual_port
    name = f"[{host}]" if ":" in host else host
    shown = name if port == usual_port else f"{name}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (
        f" {path} HTTP/1.1\r\nHost: {shown}\r\nUser-Agent: simpost\r\nAccept: */*\r\n"
        "Accept-Encoding: identity\r\n"
    )
    return _Target(_Origin(is_secure, host, port), head.encode())


def header_lines(headers: Mapping[str, str]) -> bytes:
    """The lines of headers. Raises NotSent for one that would begin another line."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers) or "\0" in lines:
        raise NotSent("a header of the request has a line break")
    return lines.encode()


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Verifies the certificate and the name of the host."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
