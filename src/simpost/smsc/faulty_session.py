"""A session whose octets can be tampered with on their way out, and whose link can be spoiled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from struct import pack
from typing import Any, Final, cast

from simpost.smpp import Role, Session, SessionHandler, SessionSettings
from simpost.smpp.codec import HEADER
from simpost.smpp.session import SessionHost
from simpost.smsc.wire_faults import Tamper

MAX_TAMPERS: Final = 10_000
_LEAVE_S: Final = 0.01  # for octets to leave before the connection is reset
_NO_LINGER: Final = pack("ii", 1, 0)


class FaultyTransport(asyncio.Transport):
    """The transport as the session sees it. Untouched it passes octets on and does nothing else.

    Attributes:
        is_deaf: what comes in is ignored from now on.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self.is_deaf = False
        self._is_mute = False
        self._is_held = False
        self._transport = transport
        self._tampers: dict[tuple[int, int], Tamper] = {}

    # What goes wrong.

    def tamper(self, command_id: int, sequence_number: int, tamper: Tamper) -> None:
        """With the next PDU of that command and sequence number."""
        if len(self._tampers) >= MAX_TAMPERS:
            del self._tampers[next(iter(self._tampers))]
        self._tampers[command_id, sequence_number] = tamper

    def freeze(self) -> None:
        """Half-open: the socket stays, also when the session would end it."""
        self._spoil()
        self._is_held = True

    def release(self) -> None:
        """Reset what was half-open."""
        if self._is_held:
            self._is_held = False
            self.reset()

    def cut(self, command_id: int, sequence_number: int, octets: int) -> None:
        """Reset the connection within the next PDU of that command and sequence number."""

        def tamper(pdu: bytes) -> bytes:
            self.reset()
            return pdu[:octets]

        self.is_deaf = True
        self.tamper(command_id, sequence_number, tamper)

    def reset(self) -> None:
        """RST instead of FIN, once what was written has left; what comes later never leaves."""
        self._spoil()
        found = self._transport.get_extra_info("socket")
        if found is not None and found.fileno() >= 0:  # the peer may have been faster
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        asyncio.get_running_loop().call_later(_LEAVE_S, self._transport.abort)

    def _spoil(self) -> None:
        self.is_deaf = self._is_mute = True
        if not self._transport.is_closing():
            self._transport.pause_reading()

    # What the session asks of a transport.

    def write(self, data: Any) -> None:
        if self._is_mute:
            return
        self._transport.write(self._tampered(data) if self._tampers else data)

    def close(self) -> None:
        if not self._is_held:
            self._transport.close()

    def abort(self) -> None:
        if not self._is_held:
            self._transport.abort()

    def resume_reading(self) -> None:
        if not self.is_deaf:
            self._transport.resume_reading()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def _tampered(self, octets: bytes) -> bytes:
        out: list[bytes] = []
        at = 0
        while at < len(octets) and not self._is_mute:
            length, command_id, _, sequence = HEADER.unpack_from(octets, at)
            pdu = octets[at : at + length]
            at += length
            tamper = self._tampers.pop((command_id, sequence), None)
            out.append(pdu if tamper is None else tamper(pdu))
        return b"".join(out)


class FaultySession(Session):
    """A session of the message centre on a wire of its own.

    Attributes:
        is_reading: what came is being answered; `read_through` is called once that is written.
    """

    wire: FaultyTransport

    def __init__(
        self,
        handler: SessionHandler,
        settings: SessionSettings,
        host: SessionHost,
        read_through: Callable[[], None],
    ) -> None:
        super().__init__(Role.SMSC, handler, settings, host)
        self.is_reading = False
        self._read_through = read_through

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire = FaultyTransport(cast("asyncio.Transport", transport))
        super().connection_made(self.wire)

    def _process(self, data: bytes) -> None:
        self.is_reading = True
        super()._process(data)
        self.is_reading = False
        self._read_through()
