"""One connection: runs requests, writes responses in order, and applies the limits.

Input is in `protocol`, which subclasses `HttpConnection`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from simpost.http import limits
from simpost.http.exchange import HttpExchange, status_line

if TYPE_CHECKING:
    from simpost.http.server import HttpServer

_BODIES: Final = {
    HTTPStatus.MISDIRECTED_REQUEST: b"This server does not serve the name in Host. Add it to "
    b"allowed_hosts under [server] in the configuration.\n"
}
CALLER: Final = "simpost.caller"
"""Key in a scope of its connection, for `prove`."""


class HttpConnection:
    """One client.

    Attributes:
        is_proven: a request on it had valid credentials.
        is_blocked: written octets are unsent because the client does not read.
        idle_since_s: start of the present wait for a request.
    """

    _transport: asyncio.Transport

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.loop = server.loop
        self.is_proven = False
        self.is_blocked = False
        self.idle_since_s = self.loop.time()
        self._limits = server.limits
        self._exchange: HttpExchange | None = None
        self._pipelined: deque[HttpExchange] = deque()
        self._final_response = b""
        self._is_ending = self._is_gone = self._is_paused = False
        self._octets = 0
        self._dropped = 0
        self._pieces: list[bytes] = []
        self._deadline_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._writable: asyncio.Event | None = None

    # Responses in the order of their requests

    def _start(self, exchange: HttpExchange) -> None:
        self._exchange = exchange
        self._deadline_s = None
        exchange.task = self.loop.create_task(exchange.run(self.server.app))
        self.server.tasks.add(exchange.task)

    def on_response_sent(self, exchange: HttpExchange) -> None:
        """The response is written: start the next request, close, or wait for a request."""
        if self._is_gone:
            return
        if not exchange.keep_alive:
            self._pipelined.clear()
            self._linger() if not exchange.is_whole else self.close()
        elif self._pipelined:
            self._start(self._pipelined.popleft())
        elif self._final_response:
            self.write(self._final_response)
            self._linger()
        elif self._is_ending or self.server.is_ending:
            self.close()
        else:
            self.idle_since_s = self.loop.time()
            is_idle = exchange.is_whole and not self._octets
            self._wait_until(self._limits.keep_alive_s if is_idle else self._limits.slow_head_s)
        if not self._pipelined:
            self.resume_reading()

    def _refuse(self, status: HTTPStatus) -> None:
        """Refuse the request after the responses to earlier ones, and read no more requests."""
        if not self._is_ending:
            body = _BODIES.get(status, b"")
            retry = b"retry-after: 1\r\n" if status == HTTPStatus.SERVICE_UNAVAILABLE else b""
            self._end_after_responses(
                status_line(status)
                + retry
                + b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
            )

    def _end_after_responses(self, final_response: bytes) -> None:
        self._is_ending = True
        running = self._exchange
        if self._pipelined and not self._pipelined[-1].is_whole:
            self._pipelined.pop()  # the rest of its body cannot be read
        elif running and not running.is_whole and running.is_done:
            final_response = b""  # the error is in the rest of a request that has its response
        elif running and not running.is_whole:
            if running.is_started:
                self.abort()
                return
            running.is_gone = True
            running.wake()
            running = None
        if running is None or running.is_done:
            self.write(final_response)
            self._linger()
        elif final_response:
            self._final_response = final_response
        else:
            self._last.keep_alive = False

    @property
    def _last(self) -> HttpExchange:
        """The latest accepted request."""
        last = self._pipelined[-1] if self._pipelined else self._exchange
        assert last
        return last

    # Limits

    @property
    def _is_idle(self) -> bool:
        """Whether no request is in progress."""
        return self._exchange is None or self._exchange.is_done

    @property
    def may_be_closed(self) -> bool:
        """Whether closing loses no response: it waits for a request, or for the rest of one."""
        return self._is_idle or not (self._exchange and self._exchange.is_whole)

    def _drop(self, octets: int) -> None:
        self._dropped += octets
        if self._dropped > limits.MAX_LINGER_OCTETS:
            self.abort()
        elif self._dropped > limits.MAX_UNREAD_BODY_OCTETS and not self._is_ending:
            self._linger()

    def _wait_until(self, seconds: float) -> None:
        """Set the deadline. The timer of the connection is not set again for every request."""
        self._deadline_s = self.loop.time() + seconds
        if self._timer is not None and self._timer.when() <= self._deadline_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._deadline_s is None:
            return
        left_s = self._deadline_s - self.loop.time()
        if left_s > 0:
            self._timer = self.loop.call_later(left_s, self._on_timer)
        elif self._is_ending:
            self.abort()
        elif self._exchange is not None and not self._octets:
            self.close()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _pause_reading(self) -> None:
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again after `_pause_reading`."""
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()

    # Writing and closing

    def write(self, octets: bytes) -> None:
        """Collect octets until the end of this iteration of the event loop."""
        if not self._pieces:
            self.server.flush_queue.add(self)
        self._pieces.append(octets)

    def flush(self) -> None:
        """Write the collected octets; without a connection they are dropped."""
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    async def drain(self) -> None:
        """Wait until everything written is sent, or the connection is lost."""
        if self._writable is not None:
            await self._writable.wait()

    def close(self) -> None:
        """Close after everything written is sent, or after the limit for unread responses."""
        self._is_ending = True
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; unsent octets are dropped."""
        self._is_ending = True
        self._transport.abort()

    def _linger(self) -> None:
        """End the response, and close once the client has had time to read it.

        Closing with unread octets would reset the connection and lose the response.
        """
        self._is_ending = True
        self.flush()
        if self._transport.is_closing() or not self._transport.can_write_eof():
            return
        self._transport.write_eof()
        self.resume_reading()
        self._wait_until(limits.LINGER_S)

    def wind_down(self) -> None:
        """Close after the requests in progress have their responses."""
        if self._is_idle:
            self.close()
        else:
            self._last.keep_alive = False


def is_ending(scope: Any) -> bool:
    """Whether the server stops: a response without an end must end now."""
    caller = scope.get(CALLER)
    return caller is not None and caller.server.is_ending


def cut_off(scope: Any, after: bytes = b"") -> bool:
    """Close the connection in the middle of a response, so that the client sees that it is cut.

    `after` is written before. Returns `False` without a connection of this server: then raise an
    exception instead.
    """
    caller = scope.get(CALLER)
    if caller is None:
        return False
    if after:
        caller.write(after)
        caller.close()
    else:
        caller.abort()
    return True


def prove(scope: Any) -> None:
    """Mark the connection as authenticated: others are closed first when connections run short."""
    caller = scope.get(CALLER)
    if caller is not None:
        caller.is_proven = True
