"""The input of a connection: the callbacks of asyncio and of the parser.

httptools parses. Requests that it accepts and RFC 9112 forbids are refused here. Callbacks must
not block.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import unquote

import httptools

from simpost.http import limits
from simpost.http.connection import CALLER, HttpConnection
from simpost.http.exchange import HttpExchange
from simpost.http.proxies import scheme_of
from simpost.http.request_head import (
    CONNECTION,
    EXPECT,
    FORWARDED_FOR,
    FORWARDED_PROTO,
    NEVER_TRAILERS,
    WATCHED,
    head_fault,
    without_upgrade,
)

if TYPE_CHECKING:
    from simpost.http.server import HttpServer

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class HttpProtocol(HttpConnection, asyncio.Protocol):
    """A connection on an asyncio transport; the server creates one per client."""

    def __init__(self, server: HttpServer) -> None:
        super().__init__(server)
        self._parser = httptools.HttpRequestParser(self)
        self._reads_head = True
        self._is_upgrade = False
        self._trailers = 0
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._watched: dict[bytes, bytes] = {}

    # Callbacks of the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the client, or refuse it with 503."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)  # report every octet that is not sent yet
        peer = transport.get_extra_info("peername")
        own = transport.get_extra_info("sockname")
        self._client = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else None
        self._own = (str(own[0]), int(own[1])) if isinstance(own, tuple) else None
        proxies = self.server.proxies
        is_trusted = proxies and self._client and proxies.trusts(self._client[0])
        self._proxies = proxies if is_trusted else None
        if self.server.admit(self):
            self._wait_until(self._limits.slow_head_s)
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release everything; the request in progress sees a disconnect."""
        self._is_gone = self._is_ending = True
        self.server.connections.discard(self)
        for timer in (self._timer, self._unread_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._unread_timer = None
        if self._exchange is not None and not self._exchange.is_done:
            self._exchange.is_gone = True
            self._exchange.wake()
        self._pipelined.clear()
        self._pieces.clear()
        self._headers, self._watched = [], {}
        if self._writable is not None:
            self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Parse the octets, within the limit of a head."""
        if self._is_ending:
            self._drop(len(data))
            return
        is_next = self._exchange is not None and not self._octets
        self._octets += len(data)
        self._parse(data)
        if self._octets > limits.MAX_HEAD_OCTETS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif is_next and self._octets and self._is_idle and not self._is_ending:
            self._wait_until(self._limits.slow_head_s)

    def pause_writing(self) -> None:
        """The client does not read: abort if that lasts too long."""
        self.is_blocked = True
        self._writable = asyncio.Event()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(self._limits.unread_s, self.abort)

    def resume_writing(self) -> None:
        """Everything written is sent."""
        self.is_blocked = False
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
        if self._writable is not None:
            self._writable.set()

    # Callbacks of the parser

    def _parse(self, data: bytes) -> None:
        while data and not self._is_ending:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # httptools stops here for the other protocol; what follows is the body.
                rest = data[upgrade.args[0] :]
                data = without_upgrade(self._parser, self._url, self._headers) + rest
                self._parser = httptools.HttpRequestParser(self)
                self._is_upgrade = False
            except httptools.HttpParserError:
                self._refuse(HTTPStatus.BAD_REQUEST)
            else:
                return

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers = []
        self._watched = {}
        self._trailers = 0
        self._reads_head = True

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header or a trailer. Raises ValueError to stop the parser at too many."""
        headers = self._headers
        if len(headers) + self._trailers >= limits.MAX_FIELDS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            raise ValueError  # stop the parser: do not parse the rest of the octets
        name = name.lower()
        if not self._reads_head:  # a trailer never becomes a header (RFC 9110 6.5.1)
            self._trailers += 1
            if name in NEVER_TRAILERS:
                self._refuse(HTTPStatus.BAD_REQUEST)
            return
        headers.append((name, value))
        if name in WATCHED:
            before = self._watched.get(name)
            self._watched[name] = value if before is None else before + b", " + value

    def on_headers_complete(self) -> None:
        """The head is complete: refuse the request, or start it."""
        self._reads_head = False
        if self._is_ending:
            return
        parser, watched = self._parser, self._watched
        version: str = parser.get_http_version()
        fault = head_fault(parser, version, self._url, watched, self.server.hosts)
        if fault is not None:
            self._refuse(fault)
        elif parser.should_upgrade():
            self._is_upgrade = True
        elif len(self._pipelined) >= limits.MAX_PIPELINE:
            self._end_after_responses(b"")
        else:
            self._accept(version, parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """A chunk of the body."""
        self._octets = 0
        exchange = self._pipelined[-1] if self._pipelined else self._exchange
        if self._is_ending or exchange is None:
            return
        if exchange.is_done:
            self._drop(len(body))
            return
        exchange.feed(body)
        if exchange.ahead > limits.BODY_AHEAD_OCTETS:
            self._pause_reading()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._octets = 0
        self._dropped = 0
        exchange = self._pipelined[-1] if self._pipelined else self._exchange
        if self._is_ending or self._is_upgrade or exchange is None:
            return
        exchange.is_whole = True
        exchange.wake()
        if exchange.is_done:
            self._wait_until(self._limits.keep_alive_s)
        elif not exchange.keep_alive:
            self._is_ending = True

    def _accept(self, version: str, keep_alive: bool) -> None:  # noqa: FBT001
        url, watched = httptools.parse_url(self._url), self._watched
        path = (url.path or b"/").decode("ascii")
        client, scheme = self._client, "http"
        if self._proxies is not None and client is not None:
            if FORWARDED_FOR in watched:
                client = (self._proxies.client(client[0], watched[FORWARDED_FOR]), 0)
            scheme = scheme_of(watched.get(FORWARDED_PROTO, b""), scheme)
        scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self._own,
            "client": client,
            "scheme": scheme,
            "root_path": "",
            "headers": self._headers,
            "state": {},
            "method": self._parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": url.path or b"/",
            "query_string": url.query or b"",
            CALLER: self,
        }
        options = watched[CONNECTION].lower() if CONNECTION in watched else b""
        if version == "1.0" and b"close" in options:
            keep_alive = False  # the parser lets keep-alive win (RFC 9112 9.3)
        exchange = HttpExchange(self, scope)
        exchange.keep_alive = keep_alive and not self.server.is_ending
        exchange.must_continue = EXPECT in watched and version == "1.1"
        if options.find(b"keep-alive") >= 0:
            exchange.keep_alive_lines = self.server.keep_alive_lines
        if self._exchange is None or self._exchange.is_done:
            self._start(exchange)
        else:
            self._pipelined.append(exchange)
            self._pause_reading()
