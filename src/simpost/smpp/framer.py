"""A byte stream cut into PDUs, with no I/O and a bound on what it holds."""

from __future__ import annotations

from typing import Final

from simpost.smpp.codec import HEADER, HEADER_OCTETS, decode_body
from simpost.smpp.errors import FatalPduError, PduError, RecoverablePduError
from simpost.smpp.pdu import Pdu
from simpost.smpp.status import Status

MAX_PDU_OCTETS: Final = 64 * 1024


class Framer:
    """Takes octets as they come and gives whole PDUs.

    It holds at most one unfinished PDU, so never more than `max_pdu_octets` beside what was fed and
    not asked for yet. Errors come in line with the PDUs, at the place where they were met: after a
    `RecoverablePduError` the next PDU follows; a `FatalPduError` is the last thing it ever gives.
    """

    def __init__(self, max_pdu_octets: int = MAX_PDU_OCTETS) -> None:
        self._max_pdu_octets = max_pdu_octets
        self._rest = bytearray()
        self._wanted = HEADER_OCTETS
        self.broken = False
        self.more = False

    @property
    def buffered_octets(self) -> int:
        """Octets of the PDU that is not whole yet, or not asked for."""
        return len(self._rest)

    def feed(self, octets: bytes, most: int | None = None) -> list[Pdu | PduError]:
        """The PDUs that `octets` completes, and every error met, in order. Never raises.

        At most so many; `more` tells that others may be there, and `feed(b"")` gives them.
        """
        self.more = False
        if self.broken:
            return []
        if self._rest:
            self._rest += octets
            if len(self._rest) < self._wanted:
                return []
            octets = bytes(self._rest)
            self._rest.clear()
        return self._cut(octets, most)

    def _cut(self, octets: bytes, most: int | None) -> list[Pdu | PduError]:
        found: list[Pdu | PduError] = []
        at, end = 0, len(octets)
        self._wanted = HEADER_OCTETS
        while end - at >= HEADER_OCTETS:
            if len(found) == most:
                self.more = True
                break
            length, command_id, status, sequence = HEADER.unpack_from(octets, at)
            if not HEADER_OCTETS <= length <= self._max_pdu_octets:
                self.broken = True
                what = f"command_length {length}, allowed 16 to {self._max_pdu_octets}"
                header = (command_id, sequence)
                found.append(FatalPduError(what, Status.ESME_RINVCMDLEN, header=header))
                return found
            if end - at < length:
                self._wanted = length
                break
            body = octets[at + HEADER_OCTETS : at + length]
            at += length
            try:
                found.append(decode_body(command_id, status, sequence, body))
            except RecoverablePduError as error:
                found.append(error)
        self._rest += octets[at:]
        return found
