"""One request and its response, as an ASGI application sees them."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from starlette.types import ASGIApp, Message

from simpost.observe import get_logger

if TYPE_CHECKING:
    from simpost.http.connection import HttpConnection

_SLICE_OCTETS: Final = 65_536
"""Octets of a large response that are written at a time."""
_FRAMES: Final = 4
_CONTENT_FREE: Final = frozenset({204, 304})
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE: Final = b"connection: close\r\n"
_CHUNKED: Final = b"transfer-encoding: chunked\r\n"
_FAILED: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 21\r\nconnection: close\r\n\r\nInternal Server Error"
)

_ABOUT_FRAMING: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_NO_NAME: Final = "a header of the response has no valid name"
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

log = get_logger(__name__)


@lru_cache(maxsize=256)
def _is_name(name: bytes) -> bool:
    """Whether the lower-case name is valid for a header: a token (RFC 9110 5.6.2)."""
    return _NAME.fullmatch(name) is not None


def status_line(status: int) -> bytes:
    """The first line of a response; codes without a phrase are allowed."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def _joined(pieces: Sequence[bytes], lines: int) -> bytes:
    """The lines of a head. Raises RuntimeError if a header has a line end or NUL in it."""
    head = b"".join(pieces)
    if head.count(b"\n") != lines or head.count(b"\r") != lines or 0 in head:
        raise RuntimeError("a header of the response contains a line end or NUL")
    return head


_STATUS_LINES: Final = {status: status_line(status) for status in range(100, 600)}


class HttpExchange:
    """A request in progress.

    Attributes:
        keep_alive: the connection stays open after the response.
        keep_alive_lines: headers for a client that asked for keep-alive; else empty.
        must_continue: the client waits for a 100 (Continue) before it sends the body.
        ahead: octets of the body that the application has not received yet.
        task: runs the application; the server keeps it until it is done.
        is_whole: the whole request was received.
        is_started: a part of the response was written.
        is_done: the whole response was written.
        is_gone: the client disconnected.
    """

    __slots__ = (
        "_chunks",
        "_is_body_passed",
        "_is_chunked",
        "_left",
        "_start",
        "_waiter",
        "ahead",
        "connection",
        "is_done",
        "is_gone",
        "is_started",
        "is_whole",
        "keep_alive",
        "keep_alive_lines",
        "must_continue",
        "scope",
        "task",
    )

    task: asyncio.Task[None]

    def __init__(self, connection: HttpConnection, scope: dict[str, Any]) -> None:
        self.connection = connection
        self.scope = scope
        self.keep_alive = True
        self.keep_alive_lines = b""
        self.must_continue = False
        self.ahead = 0
        self.is_whole = self.is_started = self.is_done = self.is_gone = False
        self._chunks: list[bytes] = []
        self._is_body_passed = self._is_chunked = False
        self._left: int | None = None
        self._start: Message | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def run(self, app: ASGIApp) -> None:
        """Call the application; respond with 500 if it fails. The error message is not logged."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self.connection.close()
            raise
        except Exception as error:  # noqa: BLE001  the root of a request: it must be answered
            frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
            where = " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in frames[::-1])
            log.error("request_failed", error=type(error).__name__, where=where)
            self._fail()
        else:
            if not self.is_done and not self.is_gone:
                log.error("request_failed", error="NoResponse", where=self.scope["path"])
                self._fail()
        finally:
            self.connection.server.tasks.discard(self.task)

    def feed(self, chunk: bytes) -> None:
        """Add a chunk of the body."""
        self._chunks.append(chunk)
        self.ahead += len(chunk)
        if self._waiter is not None:
            self.wake()

    def wake(self) -> None:
        """Let `receive` check again whether it can return."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def receive(self) -> Message:
        """ASGI `receive`: the next chunk of the body, or a disconnect."""
        if self.must_continue and not self.is_gone:
            self.must_continue = False
            self.connection.write(_CONTINUE)
        while True:
            if self.is_gone or self.is_done:
                return {"type": "http.disconnect"}
            if self._chunks or (self.is_whole and not self._is_body_passed):
                return self._chunk()
            if not self.is_whole:
                self.connection.resume_reading()
            if self._waiter is None:
                self._waiter = self.connection.loop.create_future()
            await self._waiter

    def take_body(self) -> bytes | None:
        """The whole body, if it has arrived and `receive` was not called; else `None`."""
        if not self.is_whole or self._is_body_passed or self.must_continue or self.is_gone:
            return None
        return self._take()

    def _chunk(self) -> Message:
        return {"type": "http.request", "body": self._take(), "more_body": not self.is_whole}

    def _take(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        self.ahead = 0
        self._is_body_passed = self.is_whole
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def respond(self, status: int, headers: Headers, body: bytes) -> bool:
        """Write a whole response with its length, as two calls of `send` do.

        `False` if they have to. Header names are in lower case.
        """
        if self._start is not None or self.is_gone or self.connection.is_blocked:
            return False
        if len(body) > _SLICE_OCTETS or status in _CONTENT_FREE or self.scope["method"] == "HEAD":
            return False
        pieces = [_STATUS_LINES[status], b"content-length: %d\r\n" % len(body)]
        for name, value in headers:
            if name in _ABOUT_FRAMING:
                return False
            if not _is_name(name):
                raise RuntimeError(_NO_NAME)
            pieces += (name, b": ", value, b"\r\n")
        head = _joined(pieces, lines=len(headers) + 2)
        self.is_started = True
        self.connection.write(b"".join((head, self._connection_lines(None), b"\r\n", body)))
        self._finish()
        return True

    def _finish(self) -> None:
        self.is_done = True
        if self._waiter is not None:
            self.wake()
        self.connection.on_response_sent(self)

    async def send(self, message: Message) -> None:
        """ASGI `send`. Raises RuntimeError for messages or headers that are not valid."""
        connection = self.connection
        if connection.is_blocked and not self.is_gone:
            await connection.drain()
        if self.is_gone:
            return
        start, is_body = self._start, message["type"] == "http.response.body"
        if self.is_done or is_body is (start is None):
            raise RuntimeError(f"{message['type']} is not valid at this point")
        if start is None:
            self._start = message
            return
        body: bytes = message.get("body", b"")
        has_more: bool = message.get("more_body", False)
        head = b"" if self.is_started else self._head(start, body, has_more)
        octets = self._framed(body, has_more)
        self.is_started = True
        if len(octets) > _SLICE_OCTETS:
            await self._send_slices(head, octets)
            if self.is_gone:
                return
        else:
            connection.write(head + octets)
        if not has_more:
            self._finish()

    def _head(self, start: Message, body: bytes, has_more: bool) -> bytes:  # noqa: FBT001
        """Status line and headers. Sets how the body is framed (RFC 9112 6)."""
        status = start["status"]
        pieces = [_STATUS_LINES[status]]
        length = connection = None
        for given, value in start.get("headers", ()):
            name = given.lower()
            if not _is_name(name):
                raise RuntimeError(_NO_NAME)
            if name == b"content-length":
                if length is not None or not value.isdigit():
                    raise RuntimeError("the response has no single length")
                length = value
            elif name == b"connection":
                connection = value
            elif name == b"transfer-encoding" and self.scope["method"] != "HEAD":
                continue  # the server frames the body
            pieces += (name, b": ", value, b"\r\n")
        head = _joined(pieces, lines=len(pieces) // 4 + 1)  # four pieces a header, and the first
        framing = self._framing(status, length)
        if self._left is not None and not has_more and self._left != len(body):
            raise RuntimeError("the response does not have its announced length")
        return b"".join((head, self._connection_lines(connection), framing, b"\r\n"))

    def _connection_lines(self, connection: bytes | None) -> bytes:
        """Headers about the connection, besides the `Connection` header of the application."""
        if self.must_continue:
            self.keep_alive = False  # the client may still send the body
        if connection is not None and b"close" in connection.lower():
            self.keep_alive = False
        elif not self.keep_alive:
            return _CLOSE
        return self.keep_alive_lines if connection is None else b""

    def _framing(self, status: int, length: bytes | None) -> bytes:
        if self.scope["method"] == "HEAD" or status in _CONTENT_FREE:
            self._left = None
        elif length is not None:
            self._left = int(length)
        elif self.scope["http_version"] == "1.0":
            self.keep_alive = False  # the end of the connection ends the body
        else:
            self._is_chunked = True
            return _CHUNKED
        return b""

    def _framed(self, body: bytes, has_more: bool) -> bytes:  # noqa: FBT001
        """The body with its framing. Raises RuntimeError if its length is not as announced."""
        if self._is_chunked:
            octets = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return octets if has_more else octets + b"0\r\n\r\n"
        if self._left is None:
            has_content = self.scope["method"] != "HEAD" and self._status not in _CONTENT_FREE
            return body if has_content else b""
        self._left -= len(body)
        if self._left < 0 or (self._left and not has_more):
            raise RuntimeError("the response does not have its announced length")
        return body

    @property
    def _status(self) -> int:
        assert self._start
        status: int = self._start["status"]
        return status

    async def _send_slices(self, head: bytes, octets: bytes) -> None:
        """Write a large body as fast as the client reads; other tasks run between the slices."""
        view = memoryview(octets)
        self.connection.write(head)
        for first in range(0, len(view), _SLICE_OCTETS):
            self.connection.write(bytes(view[first : first + _SLICE_OCTETS]))
            self.connection.flush()
            if self.connection.is_blocked:
                await self.connection.drain()
            else:
                await asyncio.sleep(0)
            if self.is_gone:
                return

    def _fail(self) -> None:
        if self.is_gone:
            return
        if self.is_started:
            self.connection.close()
            return
        self.is_started = self.is_done = True
        self.keep_alive = False
        self.connection.write(_FAILED)
        self.connection.on_response_sent(self)
