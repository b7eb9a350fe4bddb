"""What a session writes: gathered for a bunch or for the end of the event loop's turn."""

from __future__ import annotations

import asyncio
from typing import Final

# PDUs written together at most. While we work through what the peer sent, it has nothing to do:
# waiting for the whole turn lets it idle while we write a window, and us while it answers one (27k
# submit_sm/s became 55k with window 10). At other times each write only costs a system call.
_BUNCH_READING: Final = 4
_BUNCH: Final = 64


class PduWriter:
    """The way to the peer, until the transport is gone.

    Attributes:
        transport: None before the connection and after it.
        is_writable: the peer reads as fast as we write.
        turn: counts the writes; what was gathered in an earlier turn has been written.
        pdus: how many were written.
        is_reading: what the peer sent is being worked through.
        has_backlog: more of it waits than one turn of the loop may do.
    """

    def __init__(self, max_unread_octets: int) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_writable = True
        self.turn = 0
        self.pdus = 0
        self.is_reading = False
        self.has_backlog = False
        self._loop = asyncio.get_running_loop()
        self._max_unread_octets = max_unread_octets
        self._gathered: list[bytes] = []

    def write(self, octets: bytes) -> None:
        """Take a PDU; it leaves within this turn of the loop."""
        gathered = self._gathered
        if not gathered:
            self._loop.call_soon(self.flush)
        gathered.append(octets)
        if len(gathered) >= (_BUNCH_READING if self.is_reading else _BUNCH):
            self.flush()

    def flush(self) -> None:
        """Write what was gathered. A peer that does not read is not read from either."""
        gathered, transport = self._gathered, self.transport
        if not gathered or transport is None or transport.is_closing():
            return  # what waits here never leaves, and is told so
        octets = b"".join(gathered)
        self.pdus += len(gathered)
        gathered.clear()
        self.turn += 1
        transport.write(octets)
        if not self.is_writable:
            unread = transport.get_write_buffer_size()
            if unread > self._max_unread_octets and transport.is_reading():
                transport.pause_reading()

    def resume(self) -> None:
        """The peer reads again, and is read from."""
        self.is_writable = True
        self._read_on()

    def fall_behind(self) -> None:
        """Read nothing more from the peer for now."""
        self.has_backlog = True
        if self.transport is not None and self.transport.is_reading():
            self.transport.pause_reading()

    def catch_up(self) -> None:
        """What the peer sent is done."""
        self.has_backlog = False
        self._read_on()

    def _read_on(self) -> None:
        transport = self.transport
        if self.has_backlog or transport is None or transport.is_closing():
            return
        if self.is_writable or transport.get_write_buffer_size() <= self._max_unread_octets:
            transport.resume_reading()
