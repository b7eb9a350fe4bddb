"""One HTTP/1.1 connection to a host: one request at a time, and a response of bounded size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple, cast

import httptools

MAX_RESPONSE_OCTETS: Final = 65_536
"""Octets of a body that are read; then the connection is closed, and the status counts."""
MAX_HEAD_OCTETS: Final = 32_768
"""Octets of all headers of a response, interim responses (1xx) included."""
_MAX_KNOWN_OCTETS: Final = 2_048
"""Octets of a response that is kept, so that an equal one need not be parsed."""


class NoResponse(Exception):
    """The request may have been received, and there is no complete response."""


class HttpResponse(NamedTuple):
    """A response.

    Attributes:
        headers: names in lower case; of equal ones the first.
        body: its beginning.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class ClientConnection(asyncio.Protocol):
    """Sends requests and reads the responses, one after another.

    Attributes:
        is_open: whether another request can be sent.
        idle_since_s: the time of the loop at the end of the last response.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_open = False
        self.idle_since_s = 0.0
        self._loop = loop
        self._answer: asyncio.Future[HttpResponse] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._known_octets = self._last_octets = b""
        self._read_octets = 0
        self._is_broken = self._ends_with_connection = False
        self._begin_response()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = self._deadline_s = 0.0
        self._keep_octets = 0

    def request(
        self, octets: bytes, *, timeout_s: float, keep_octets: int
    ) -> asyncio.Future[HttpResponse]:
        """Send a request; its response has the first `keep_octets` of its body.

        The future raises NoResponse if it is not complete within the time limit. A caller that
        gives up must call `abort`.
        """
        if keep_octets != self._keep_octets:
            self._keep_octets = keep_octets
            self._known_octets = b""
        answer: asyncio.Future[HttpResponse] = self._loop.create_future()
        self._answer = answer
        self._set_deadline(timeout_s)
        self._transport.write(octets)
        return answer

    def abort(self) -> None:
        """Close the connection at once. A request that has no response yet gets none."""
        self._fail("the connection was closed")

    @property
    def is_waiting(self) -> bool:
        """Whether a request has no response yet."""
        return self._answer is not None

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Read the next octets of the response."""
        if self._answer is None:
            self.abort()  # nobody asked
            return
        if data == self._known_octets and not self._read_octets:
            self._finish_as_before()
            return
        self._read_octets += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._is_broken = True
        self._last_octets = data if len(data) <= _MAX_KNOWN_OCTETS else b""
        self._look_at_response()

    def connection_lost(self, error: Exception | None) -> None:
        """End the response: it is complete if its end is that of the connection."""
        self.is_open = False
        self._stop_timer()
        if self._answer is None:
            return
        if self._ends_with_connection and error is None and not self._is_broken:
            self._is_complete = True
            self._look_at_response()
        else:
            self._fail(str(error or "the connection was closed before the response ended"))

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; of equal names the first."""
        if self._has_head:
            return  # a trailer, or of a second response
        self._head_octets += len(name) + len(value) + 4
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())

    def on_headers_complete(self) -> None:
        """Note the status, unless another response follows (1xx)."""
        if self._is_complete:
            return
        self._status = self._parser.get_status_code()
        if self._status >= 200:
            self._has_head = True
            headers = self._headers
            self._ends_with_connection = (
                "content-length" not in headers and "transfer-encoding" not in headers
            )
        else:
            self._headers.clear()

    def on_body(self, data: bytes) -> None:
        """Keep the beginning of the body."""
        if self._is_complete:
            return
        self._body_octets += len(data)
        if len(self._body) < self._keep_octets:
            self._body += data[: self._keep_octets - len(self._body)]

    def on_message_begin(self) -> None:
        """Note a second response to one request."""
        if self._is_complete:
            self._is_broken = True

    def on_message_complete(self) -> None:
        """Note the end of the response."""
        if self._has_head and not self._is_complete:
            self._is_complete = True
            self._is_reusable = self._parser.should_keep_alive()

    # The time limit. One timer serves many requests: most are answered long before.

    def _set_deadline(self, timeout_s: float) -> None:
        self._deadline_s = self._loop.time() + timeout_s
        if self._timer is None or self._timer_s > self._deadline_s:
            self._set_timer(timeout_s)

    def _set_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer_s = self._deadline_s
        self._timer = self._loop.call_later(seconds, self._on_timer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        if self._answer is None:
            return
        left_s = self._deadline_s - self._loop.time()
        if left_s > 0:
            self._set_timer(left_s)
        else:
            self._fail("no response within the time limit")

    # The response as far as it was read.

    def _begin_response(self) -> None:
        self._headers: dict[str, str] = {}
        self._status = 0
        self._body = bytearray()
        self._body_octets = self._head_octets = self._read_octets = 0
        self._has_head = self._is_complete = self._is_reusable = False
        self._is_broken = self._ends_with_connection = False

    def _look_at_response(self) -> None:
        head_octets = self._head_octets if self._has_head else self._read_octets
        if head_octets > MAX_HEAD_OCTETS:
            self._fail(f"the headers of the response exceed {MAX_HEAD_OCTETS} octets")
        elif self._is_broken and not self._is_complete:
            self._fail("the response is not HTTP/1.1")
        elif self._is_complete or self._is_too_long():
            self._finish()

    def _is_too_long(self) -> bool:
        """Whether no more of the body is read; extensions of chunks and trailers count, too."""
        most = max(self._keep_octets, MAX_RESPONSE_OCTETS)
        return self._has_head and (
            self._body_octets > most or self._read_octets > MAX_HEAD_OCTETS + most
        )

    def _finish(self) -> None:
        answer = self._answer
        if answer is None:
            return
        self._answer = None
        response = HttpResponse(self._status, self._headers, bytes(self._body))
        if self._is_reusable and not self._is_broken and self.is_open:
            self.idle_since_s = self._loop.time()
            if self._read_octets == len(self._last_octets):
                self._known_octets, self._known_response = self._last_octets, response
        else:
            self.abort()
        self._begin_response()
        if not answer.done():
            answer.set_result(response)

    def _finish_as_before(self) -> None:
        """The octets of a whole response have come again, and mean the same."""
        answer, self._answer = self._answer, None
        self.idle_since_s = self._loop.time()
        if answer is not None and not answer.done():
            answer.set_result(self._known_response)

    def _fail(self, problem: str) -> None:
        self.is_open = False
        self._stop_timer()
        answer, self._answer = self._answer, None
        self._transport.abort()
        if answer is not None and not answer.done():
            answer.set_exception(NoResponse(problem))
