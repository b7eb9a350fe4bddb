"""A client that sends any octets, in one write."""

from __future__ import annotations

import socket

from bench.processes import HOST
from simpost.smpp import Bind, BindTransceiver, Framer, Pdu, PduError, encode
from tests.integration.smpp_server.served import PATIENCE_S


class RawClient:
    """A connection; PDUs are read one after another."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=PATIENCE_S)
        self._framer = Framer()
        self._read: list[Pdu] = []

    def send(self, *pdus: Pdu) -> None:
        """Send PDUs together, numbered if they are not."""
        for number, pdu in enumerate(pdus, 1):
            pdu.sequence_number = pdu.sequence_number or number
        self.socket.sendall(b"".join(encode(pdu) for pdu in pdus))

    def receive(self) -> Pdu | None:
        """The next PDU; `None` once the server has closed the connection."""
        while not self._read:
            try:
                octets = self.socket.recv(65_536)
            except ConnectionError:
                return None
            if not octets:
                return None
            for found in self._framer.feed(octets, 10_000):
                assert not isinstance(found, PduError), found
                self._read.append(found)
        return self._read.pop(0)

    def bind(self, login: tuple[str, str], kind: type[Bind] = BindTransceiver) -> Pdu | None:
        """Bind, and return the response."""
        self.send(kind(system_id=login[0], password=login[1], interface_version=0x34))
        return self.receive()

    def close(self) -> None:
        self.socket.close()
