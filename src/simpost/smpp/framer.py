"""Splits a byte stream into PDUs; no I/O, and bounded memory."""

from __future__ import annotations

from typing import Final

from simpost.smpp.codec import HEADER, HEADER_OCTETS, decode_body
from simpost.smpp.errors import FatalPduError, PduError, RecoverablePduError
from simpost.smpp.pdu import Pdu
from simpost.smpp.status import Status

MAX_PDU_OCTETS: Final = 64 * 1024


class Framer:
    """Takes octets in any pieces and returns whole PDUs.

    It buffers at most one incomplete PDU (`max_pdu_octets`), and what was fed beyond the limit of
    a call. Errors are returned in the order of the PDUs: after a `RecoverablePduError` the next
    PDU follows; a `FatalPduError` is the last result.

    Attributes:
        is_broken: a `FatalPduError` was returned; further octets are ignored.
        has_more: the last `feed` stopped at its limit; `feed(b"")` continues.
    """

    def __init__(self, max_pdu_octets: int = MAX_PDU_OCTETS) -> None:
        self._max_pdu_octets = max_pdu_octets
        self._buffer = bytearray()
        self._needed_octets = HEADER_OCTETS
        self.is_broken = False
        self.has_more = False

    @property
    def buffered_octets(self) -> int:
        """Octets in the buffer: an incomplete PDU, or input beyond the limit of a call."""
        return len(self._buffer)

    def feed(self, octets: bytes, limit: int | None = None) -> list[Pdu | PduError]:
        """Return the PDUs completed by `octets`, and errors, in order; at most `limit` of them.

        Never raises.
        """
        self.has_more = False
        if self.is_broken:
            return []
        if self._buffer:
            self._buffer += octets
            if len(self._buffer) < self._needed_octets:
                return []
            octets = bytes(self._buffer)
            self._buffer.clear()
        return self._split(octets, limit)

    def _split(self, octets: bytes, limit: int | None) -> list[Pdu | PduError]:
        found: list[Pdu | PduError] = []
        at, end = 0, len(octets)
        self._needed_octets = HEADER_OCTETS
        while end - at >= HEADER_OCTETS:
            if len(found) == limit:
                self.has_more = True
                break
            length, command_id, status, sequence = HEADER.unpack_from(octets, at)
            if not HEADER_OCTETS <= length <= self._max_pdu_octets:
                self.is_broken = True
                problem = f"command_length {length}, allowed 16 to {self._max_pdu_octets}"
                header = (command_id, sequence)
                found.append(FatalPduError(problem, Status.ESME_RINVCMDLEN, header=header))
                return found
            if end - at < length:
                self._needed_octets = length
                break
            body = octets[at + HEADER_OCTETS : at + length]
            at += length
            try:
                found.append(decode_body(command_id, status, sequence, body))
            except RecoverablePduError as error:
                found.append(error)
        self._buffer += octets[at:]
        return found
