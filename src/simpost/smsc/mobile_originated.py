"""Texts from a handset to the ESME, segmented and encoded as by a phone (SMPP 3.4 4.6)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from simpost.smpp import DeliverSm, Npi, Ton, parse_address, status_name
from simpost.smsc.content import UDHI, Content
from simpost.smsc.options import DefaultAlphabet
from simpost.smsc.wire_faults import OctetFault
from simpost.text import (
    CARRIAGE_RETURN,
    encode,
    fill_bits_after,
    pack_septets,
    parse_encoding,
    parse_header,
    part_header,
)
from simpost.text import segment as segment_text

NO_RESPONSE = "no response"

_CODINGS = {"gsm7": 0x00, "ascii": 0x01, "latin1": 0x03, "ucs2": 0x08}


@dataclass(slots=True)
class MobileOriginated:
    """One part that is being sent, and the first response of the ESME to it.

    Attributes:
        system_id: of the sessions that may get it; empty: any session.
    """

    source: str
    destination: str
    content: Content
    system_id: str = ""
    attempts: int = 0
    first_response: asyncio.Future[str] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def build_pdu(self) -> DeliverSm:
        to = parse_address(self.destination)
        return DeliverSm(
            source_addr_ton=Ton.INTERNATIONAL,
            source_addr_npi=Npi.ISDN,
            source_addr=self.source,
            dest_addr_ton=to.ton,
            dest_addr_npi=to.npi,
            destination_addr=to.addr,
            esm_class=0 if self.content.header is None else UDHI,
            data_coding=self.content.data_coding,
            short_message=self.content.octets,
        )

    def octet_fault(self) -> OctetFault | None:
        """Never altered."""

    def on_response(self, status: int | None) -> None:
        if not self.first_response.done():
            self.first_response.set_result(NO_RESPONSE if status is None else status_name(status))


def parts_of(
    text: str, *, reference: int, packed: bool, default: DefaultAlphabet = "gsm7"
) -> list[Content]:
    """The parts of a text in the default alphabet or UCS-2, with 8-bit concatenation headers.

    Raises TextError when it has more than 255 parts or is no text.
    """
    cut = segment_text(text, reference_bits=8, default=parse_encoding(default))
    total = len(cut.parts)
    parts: list[Content] = []
    for number, part in enumerate(cut.parts, 1):
        header = part_header(cut.encoding, reference=reference, total=total, number=number, bits=8)
        octets = encode(part, cut.encoding)
        coding = _CODINGS[cut.encoding.alphabet]
        if packed and cut.encoding.alphabet == "gsm7":
            octets = pack_septets(octets, fill_bits_after(len(header)), padding=CARRIAGE_RETURN)
        parsed = parse_header(header) if header else None
        parts.append(Content(header + octets, coding, parsed))
    return parts
