"""Inbound messages of an SMSC: deliver_sm and data_sm that are no receipts (SMPP 3.4 4.6, 4.7).

The response is sent after the commit:

    ESME_ROK        stored, forwarded, or a repetition
    ESME_RX_T_APPN  not committed: the SMSC sends it again later
    ESME_RX_R_APPN  refused: the eSIM does not accept it
    ESME_RX_P_APPN  refused: no route or address for the eSIM, which we must fix
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from functools import partial
from typing import Final, TypeAlias

from simpost.carriers.smpp.delivery_receipts import unmarked_receipt_of
from simpost.config import SmppCarrierSettings as Settings
from simpost.domain.inbound import (
    MAX_RAW_OCTETS,
    UNDECODABLE,
    InboundPart,
    PartPosition,
    RawPart,
    plain_number,
)
from simpost.domain.reasons import Reason
from simpost.ports.carrier import CarrierEvents
from simpost.smpp import (
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    Session,
    Status,
    Tag,
    Ton,
    sar_position,
)
from simpost.text import Header, coding_of, parse_header, received_label, text_octets

InboundPdu: TypeAlias = DeliverSm | DataSm

_UDHI: Final = 0x40
_PROMPT_S: Final = 5.0
"""A later response may miss the timer of the peer, which then sends the message again."""
_OUR_FAULT: Final = frozenset({Reason.NO_ROUTE, Reason.NO_ADDRESS})


class Inbox:
    """Decodes the messages of one carrier and responds after the commit.

    Each session has a random id, the `link` of its messages. It gets another id after a late
    response: a message over an id that is not in use any more may be sent again, and the store
    uses this to recognize the repetition.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session_ids: dict[Session, bytes] = {}

    def receive(
        self, events: CarrierEvents, session: Session, request: InboundPdu, now_ms: int
    ) -> None:
        """Report a message. Responds to it when it is committed or refused."""
        link = self._session_id(session)
        links = tuple(self._session_ids.values())
        part = inbound_part_of(request, self._settings, now_ms, link=link, links=links)
        committed = events.on_inbound(part)
        started_s = asyncio.get_running_loop().time()
        committed.add_done_callback(partial(self._respond, session, request, started_s))

    def _session_id(self, session: Session) -> bytes:
        for known in [known for known in self._session_ids if not known.state.is_bound]:
            del self._session_ids[known]
        return self._session_ids.setdefault(session, os.urandom(8))

    def _respond(
        self,
        session: Session,
        request: InboundPdu,
        started_s: float,
        committed: asyncio.Future[Reason | None],
    ) -> None:
        if asyncio.get_running_loop().time() - started_s > _PROMPT_S:
            self._session_ids.pop(session, None)
        if committed.cancelled() or committed.exception():
            session.refuse(request, Status.ESME_RX_T_APPN)
        elif reason := committed.result():
            session.refuse(request, status_of(reason))
        else:
            response = DeliverSmResp() if isinstance(request, DeliverSm) else DataSmResp()
            session.respond(request, response)


def status_of(reason: Reason) -> Status:
    """Return the command_status of the response for a refusal (SMPP 3.4 5.1.3)."""
    return Status.ESME_RX_P_APPN if reason in _OUR_FAULT else Status.ESME_RX_R_APPN


def inbound_part_of(
    request: InboundPdu,
    settings: Settings,
    received_ms: int,
    *,
    link: bytes = b"",
    links: tuple[bytes, ...] = (),
) -> InboundPart:
    """Decode a message. Never raises, whatever the octets are."""
    octets = request.short_message if isinstance(request, DeliverSm) else b""
    octets = octets or request.tlv(Tag.MESSAGE_PAYLOAD) or b""
    header = parse_header(octets) if request.esm_class & _UDHI else None
    alphabet = _alphabet(request.data_coding, settings)
    if header is not None and header.broken:
        label, text = UNDECODABLE, octets
    else:
        label = received_label(alphabet, header)
        text = text_octets(octets, header, alphabet, packed=settings.gsm7 == "packed")
    place = _udh_position(header) or _sar_position(request) or _single_position(label, text)
    ports = (header.ports if header else None) or request.tlv(Tag.DESTINATION_PORT)
    return InboundPart(
        carrier=settings.name,
        source=_address(request.source_addr, request.source_addr_ton),
        destination=_address(request.destination_addr, request.dest_addr_ton),
        octets=text,
        encoding=label,
        place=place,
        received_ms=received_ms,
        for_application=ports is not None,
        link=link,
        links=links,
        receipt=unmarked_receipt_of(request, settings.name, received_ms),
        raw=RawPart(
            place.number,
            request.data_coding,
            request.esm_class,
            octets[:MAX_RAW_OCTETS],
            len(octets),
        ),
    )


def _alphabet(data_coding: int, settings: Settings) -> str:
    if data_coding == settings.default_data_coding:
        return settings.default_alphabet
    return coding_of(data_coding).alphabet


def _address(text: str, ton: int) -> str:
    return text if ton == Ton.ALPHANUMERIC else plain_number(text.strip())


def _udh_position(header: Header | None) -> PartPosition | None:
    found = header.concatenation if header else None
    if found is None or found.total == 1:
        return None
    return PartPosition(f"udh{found.bits}", found.reference, found.total, found.number)


def _sar_position(request: InboundPdu) -> PartPosition | None:
    """Return the position from the sar TLVs (SMPP 3.4 5.3.2.22-24); `None` if it is invalid."""
    found = sar_position(request)
    return PartPosition("sar", *found) if found else None


def _single_position(label: str, octets: bytes) -> PartPosition:
    """Return the position of a message of one part; its reference is a hash of the text."""
    digest = hashlib.blake2b(octets, digest_size=8, key=label.encode()).digest()
    return PartPosition("alone", int.from_bytes(digest, "big", signed=True))
