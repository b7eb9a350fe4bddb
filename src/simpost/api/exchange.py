"""The usual exchange made cheap: an answer is put together once, a connection has one timer.

Usual is a request on a kept connection that has nothing else to do, and an answer that is there as
a whole. Whatever else comes goes uvicorn's way, unchanged.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import httptools
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from simpost.api.heads import BoundedHeads
from simpost.api.onewrite import Gathering, Outbox

_FORWARDED: Final = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
_UNUSUAL: Final = frozenset({b"connection", b"transfer-encoding"})


class _Exchange(RequestResponseCycle):
    """One request and its answer; the start of an answer waits for what follows it."""

    _start: Any = None
    _is_read = False

    async def receive(self) -> Any:
        if self._is_read or self.more_body or self.disconnected or self.response_complete:
            return await super().receive()
        self._is_read = True
        self.message_event.clear()
        return {"type": "http.request", "body": bytes(self.body), "more_body": False}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is None:
            await super().send(message)
        elif octets := self._whole(start, message):
            self.transport.write(octets)
            self.response_started = self.response_complete = True
            self.message_event.set()
            self.on_response()
        else:
            await super().send(start)
            await super().send(message)

    def _whole(self, start: Any, message: Any) -> bytes | None:
        """The answer as octets; none when it is not usual."""
        if message.get("more_body") or not self.keep_alive or self.scope["method"] == "HEAD":
            return None
        if self.disconnected or self.flow.write_paused or self.default_headers:
            return None
        body = message.get("body", b"")
        length = b"%d" % len(body)
        pieces = [STATUS_LINE[start["status"]]]
        is_measured = False
        for name, value in start["headers"]:
            if name == b"content-length":
                is_measured = value == length
            elif name in _UNUSUAL:
                return None
            pieces += (name, b": ", value, b"\r\n")
        pieces.append(b"\r\n")
        head = b"".join(pieces)
        lines = len(pieces) // 4 + 2  # four pieces a header; the first line, and the empty one
        is_whole = is_measured and head.count(b"\n") == lines == head.count(b"\r")
        return head + body if is_whole else None


class ExchangeProtocol(BoundedHeads):
    """uvicorn's HTTP protocol, told apart by what is usual."""

    def __init__(self, outbox: Outbox, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._outbox = outbox
        outer = self.app
        self._unproxied = outer.app if isinstance(outer, ProxyHeadersMiddleware) else outer
        self._is_plain = self.limit_concurrency is None and not self.access_log
        self._idle_since_s: float | None = None
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Gathering(transport, self._outbox))  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._idle_since_s = None
        super().data_received(data)

    def on_headers_complete(self) -> None:
        if not self._is_usual():
            super().on_headers_complete()
            return
        url = httptools.parse_url(self.url)
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = url.path.decode("ascii")
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        self.cycle = _Exchange(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )
        is_direct = _FORWARDED.isdisjoint(dict(self.headers))
        self._start_asgi_task(self.cycle, self._unproxied if is_direct else self.app)

    def _is_usual(self) -> bool:
        before, parser = self.cycle, self.parser
        return (
            self._is_plain
            and (before is None or before.response_complete)
            and parser.should_keep_alive()
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and not self.root_path
            and b"%" not in self.url
        )

    def on_response_complete(self) -> None:
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since_s = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._on_idle)

    def _on_idle(self) -> None:
        """Close a connection that brought nothing for a while, or come again when it is due."""
        self._idle_timer = None
        if self._idle_since_s is None:
            return
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._idle_timer = self.loop.call_later(left_s, self._on_idle)
        else:
            self.timeout_keep_alive_handler()
