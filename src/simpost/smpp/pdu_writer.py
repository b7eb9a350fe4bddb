"""Writes PDUs in batches, and applies back pressure in both directions."""

from __future__ import annotations

import asyncio
from typing import Final

# Most PDUs in one write. While input is processed, a peer with a small window may be idle: writing
# only at the end of the loop iteration would leave it idle until its whole input is answered. Small
# batches raised 27,000 submit_sm/s to 55,000 (window 10). With a large window the peer has enough
# unanswered requests left, and a write only costs a system call.
_FEWEST: Final = 4
_MOST: Final = 64


class PduWriter:
    """The output of a session, and the reading pauses of its transport.

    Attributes:
        transport: `None` before the connection is made and after it is lost.
        is_writable: False while the transport's buffer is over its limit.
        flush_count: flushes so far; PDUs buffered at a lower count have been written.
        pdus: PDUs written so far.
        is_processing_input: while true, batches are small.
        has_backlog: input is left that one loop iteration could not process; reading is paused.
    """

    def __init__(self, max_unread_octets: int, window: int) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_writable = True
        self.flush_count = 0
        self.pdus = 0
        self.is_processing_input = False
        self.has_backlog = False
        self._loop = asyncio.get_running_loop()
        self._max_unread_octets = max_unread_octets
        self._buffered: list[bytes] = []
        self._most_while_reading = min(_MOST, max(_FEWEST, window // 4))

    def write(self, octets: bytes) -> None:
        """Buffer one PDU; it is written in this iteration of the event loop."""
        buffered = self._buffered
        if not buffered:
            self._loop.call_soon(self.flush)
        buffered.append(octets)
        if len(buffered) >= (self._most_while_reading if self.is_processing_input else _MOST):
            self.flush()

    def flush(self) -> None:
        """Write the buffered PDUs; stop reading from a peer that does not read them."""
        buffered, transport = self._buffered, self.transport
        if not buffered or transport is None or transport.is_closing():
            return  # never written: `flush_count` stays, so their requests are reported as unsent
        octets = b"".join(buffered)
        self.pdus += len(buffered)
        buffered.clear()
        self.flush_count += 1
        transport.write(octets)
        if not self.is_writable:
            unread = transport.get_write_buffer_size()
            if unread > self._max_unread_octets and transport.is_reading():
                transport.pause_reading()

    def on_writable(self) -> None:
        """Note that the transport takes data again, and resume reading."""
        self.is_writable = True
        self._resume_reading()

    def pause_input(self) -> None:
        """Stop reading until the backlog of input is processed."""
        self.has_backlog = True
        if self.transport is not None and self.transport.is_reading():
            self.transport.pause_reading()

    def resume_input(self) -> None:
        """Note that the backlog is processed, and resume reading."""
        self.has_backlog = False
        self._resume_reading()

    def _resume_reading(self) -> None:
        transport = self.transport
        if self.has_backlog or transport is None or transport.is_closing():
            return
        if self.is_writable or transport.get_write_buffer_size() <= self._max_unread_octets:
            transport.resume_reading()
