"""The deliver_sm of a text from a handset (SMPP 3.4 4.6). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simpost.domain.inbound import InboundMessage
from simpost.domain.messages import parse_id
from simpost.smpp import Address, DeliverSm, Tag, parse_address
from simpost.text import GSM7, encode, is_encodable

MAX_SHORT_OCTETS: Final = 254
"""Longest short_message (SMPP 3.4 5.2.22); a longer text is in message_payload."""
MAX_ADDRESS: Final = 20
"""Characters of an address (SMPP 3.4 5.2.9)."""
_UCS2: Final = 8


def inbound_id_of(data: Mapping[str, Any]) -> bytes | None:
    """The inbound message that an event of a conversation is about; `None` without one."""
    given = data.get("inboundId")
    return parse_id(given) if isinstance(given, str) else None


def reply_of(inbound: InboundMessage, default_alphabet: str) -> DeliverSm | None:
    """The PDU of a text; `None` if it was erased. `default_alphabet` is that of data_coding 0."""
    if inbound.text_absence is not None or not inbound.text:
        return None
    coding, octets = _encoded(inbound.text, default_alphabet)
    source, destination = _address(inbound.source), _address(inbound.destination)
    is_short = len(octets) <= MAX_SHORT_OCTETS
    return DeliverSm(
        source_addr_ton=source.ton,
        source_addr_npi=source.npi,
        source_addr=source.addr,
        dest_addr_ton=destination.ton,
        dest_addr_npi=destination.npi,
        destination_addr=destination.addr,
        data_coding=coding,
        short_message=octets if is_short else b"",
        tlvs=() if is_short else ((Tag.MESSAGE_PAYLOAD, octets),),
    )


def _encoded(text: str, default_alphabet: str) -> tuple[int, bytes]:
    """data_coding and octets: the default alphabet if it has every character, else UCS-2."""
    if default_alphabet == "gsm7" and is_encodable(text, GSM7):
        return 0, encode(text, GSM7)
    if default_alphabet == "latin1" and all(character <= "\xff" for character in text):
        return 0, text.encode("latin-1")
    return _UCS2, text.encode("utf-16-be", "replace")


def _address(text: str) -> Address:
    """The number or name as it came, with its TON and NPI; unknown if it is neither."""
    try:
        return parse_address(text)
    except ValueError:
        return Address(0, 0, text[:MAX_ADDRESS])
