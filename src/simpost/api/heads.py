"""Bounds on what comes before a body: how long a request's head may be, and how long it may take.

uvicorn bounds neither, nor how many connections there are: a head without an end, or one octet now
and then, would take memory and a connection each for ever.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_OCTETS: Final = 65_536
"""Octets that bring no body and complete no request: head, trailers, chunk extensions. What comes
in one read with its end is bounded by the read."""
SLOW_HEAD_S: Final = 30.0
"""From the connection, or the first octet after an answer, to the end of the head."""
MAX_CONNECTIONS: Final = 1_000
"""Under what a process may usually have open, so that the store and carriers keep their files."""


class BoundedHeads(HttpToolsProtocol):
    """uvicorn's HTTP protocol; what goes beyond a bound is told so, and the connection ends."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._octets = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        is_full = len(self.connections) >= MAX_CONNECTIONS
        super().connection_made(transport)
        if is_full:
            self._end(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._head_timer = self.loop.call_later(SLOW_HEAD_S, self._on_slow_head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._octets += len(data)
        super().data_received(data)
        if self._octets > MAX_HEAD_OCTETS:
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif not self._waits_for_head():
            self._stop_timer()
        elif self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(SLOW_HEAD_S, self._on_slow_head)

    def on_body(self, body: bytes) -> None:
        self._octets = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._octets = 0
        super().on_message_complete()

    def _waits_for_head(self) -> bool:
        cycle = self.cycle
        return cycle is None or cycle.scope is not self.scope or cycle.response_complete

    def _on_slow_head(self) -> None:
        self._head_timer = None
        self._end(HTTPStatus.REQUEST_TIMEOUT)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end(self, status: HTTPStatus) -> None:
        """An answer, unless another one is on its way, and the end of the connection."""
        self._stop_timer()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(
                f"HTTP/1.1 {status.value} {status.phrase}\r\n"
                "content-length: 0\r\nconnection: close\r\n\r\n".encode()
            )
        self.transport.close()
