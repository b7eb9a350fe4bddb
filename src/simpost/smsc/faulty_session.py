"""A session whose transport can alter PDUs, become half-open and reset the connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from struct import pack
from typing import Any, Final, cast

from simpost.smpp import Role, SessionHandler, SessionSettings
from simpost.smpp.codec import HEADER
from simpost.smpp.handler import SessionHost
from simpost.smpp.session_protocol import SessionProtocol
from simpost.smsc.wire_faults import OctetFault

MAX_OCTET_FAULTS: Final = 10_000
_LEAVE_S: Final = 0.01  # time to send written octets before the reset
_NO_LINGER: Final = pack("ii", 1, 0)


class FaultyTransport(asyncio.Transport):
    """Transport between a session and its socket. Without faults it only forwards octets.

    Attributes:
        ignores_input: received PDUs are ignored from now on.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self.ignores_input = False
        self._drops_output = False
        self._is_frozen = False
        self._transport = transport
        self._faults: dict[tuple[int, int], OctetFault] = {}

    # Faults.

    def alter_next(self, command_id: int, sequence_number: int, fault: OctetFault) -> None:
        """Apply a fault to the next PDU with this command and sequence number."""
        if len(self._faults) >= MAX_OCTET_FAULTS:
            del self._faults[next(iter(self._faults))]
        self._faults[command_id, sequence_number] = fault

    def freeze(self) -> None:
        """Make the connection half-open: the socket stays open even if the session closes it."""
        self._stop_io()
        self._is_frozen = True

    def unfreeze(self) -> None:
        """Reset the connection if it is half-open."""
        if self._is_frozen:
            self._is_frozen = False
            self.reset()

    def reset_within(self, command_id: int, sequence_number: int, octets: int) -> None:
        """Reset the connection after this many octets of the next PDU with these values."""

        def cut(pdu: bytes) -> bytes:
            self.reset()
            return pdu[:octets]

        self.ignores_input = True
        self.alter_next(command_id, sequence_number, cut)

    def reset(self) -> None:
        """Send what was written, then close with RST instead of FIN; later writes are dropped."""
        self._stop_io()
        found = self._transport.get_extra_info("socket")
        if found is not None and found.fileno() >= 0:  # the peer may have closed it
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        asyncio.get_running_loop().call_later(_LEAVE_S, self._transport.abort)

    def _stop_io(self) -> None:
        self.ignores_input = self._drops_output = True
        if not self._transport.is_closing():
            self._transport.pause_reading()

    # The interface of a transport.

    def write(self, data: Any) -> None:
        if self._drops_output:
            return
        self._transport.write(self._altered(data) if self._faults else data)

    def close(self) -> None:
        if not self._is_frozen:
            self._transport.close()

    def abort(self) -> None:
        if not self._is_frozen:
            self._transport.abort()

    def resume_reading(self) -> None:
        if not self.ignores_input:
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

    def _altered(self, octets: bytes) -> bytes:
        out: list[bytes] = []
        at = 0
        while at < len(octets) and not self._drops_output:
            length, command_id, _, sequence = HEADER.unpack_from(octets, at)
            pdu = octets[at : at + length]
            at += length
            fault = self._faults.pop((command_id, sequence), None)
            out.append(pdu if fault is None else fault(pdu))
        return b"".join(out)


class FaultySession(SessionProtocol):
    """A session of the message centre with a `FaultyTransport`.

    Attributes:
        wire: its transport.
        is_handling_input: received PDUs are being answered. `on_input_handled` is called after
            the responses to all of them were written.
    """

    wire: FaultyTransport

    def __init__(
        self,
        handler: SessionHandler,
        settings: SessionSettings,
        host: SessionHost,
        on_input_handled: Callable[[], None],
    ) -> None:
        super().__init__(Role.SMSC, handler, settings, host)
        self.is_handling_input = False
        self._on_input_handled = on_input_handled

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire = FaultyTransport(cast("asyncio.Transport", transport))
        super().connection_made(self.wire)

    def _process(self, data: bytes) -> None:
        self.is_handling_input = True
        super()._process(data)
        self.is_handling_input = False
        self._on_input_handled()
