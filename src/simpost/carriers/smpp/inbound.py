"""Messages a message centre brings: deliver_sm, data_sm without a receipt (SMPP 3.4 4.6, 4.7).

They are answered once the engine has decided and committed:

    ESME_ROK        kept, carried on, or known from before
    ESME_RX_T_APPN  could not be committed: send it again later
    ESME_RX_R_APPN  refused for good: the eSIM does not take it
    ESME_RX_P_APPN  refused for good: no way leads to the eSIM, which is for us to mend
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
)
from simpost.text import Header, coding_of, parse_header, received_label, text_octets

InboundPdu: TypeAlias = DeliverSm | DataSm

_UDHI: Final = 0x40
_PROMPT_S: Final = 5.0
"""An answer later than this may have missed the peer's timer: it may send the message again."""
_OURS_TO_MEND: Final = frozenset({Reason.NO_ROUTE, Reason.NO_ADDRESS})


class Inbox:
    """Reads what the sessions of one carrier bring, and answers when it is committed.

    Each session has a name, which it loses when an answer was late: a message that was brought
    over a session that is gone, or lost its name, may come again.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._links: dict[Session, bytes] = {}

    def take(
        self, events: CarrierEvents, session: Session, request: InboundPdu, now_ms: int
    ) -> None:
        link = self._link_of(session)
        incoming = incoming_of(
            request, self._settings, now_ms, link=link, links=tuple(self._links.values())
        )
        committed = events.on_inbound(incoming)
        began_s = asyncio.get_running_loop().time()
        committed.add_done_callback(partial(self._answer, session, request, began_s))

    def _link_of(self, session: Session) -> bytes:
        for known in [known for known in self._links if not known.state.is_bound]:
            del self._links[known]
        return self._links.setdefault(session, os.urandom(8))

    def _answer(
        self,
        session: Session,
        request: InboundPdu,
        began_s: float,
        committed: asyncio.Future[Reason | None],
    ) -> None:
        if asyncio.get_running_loop().time() - began_s > _PROMPT_S:
            self._links.pop(session, None)
        if committed.cancelled() or committed.exception():
            session.refuse(request, Status.ESME_RX_T_APPN)
        elif reason := committed.result():
            session.refuse(request, status_of(reason))
        else:
            answer = DeliverSmResp() if isinstance(request, DeliverSm) else DataSmResp()
            session.respond(request, answer)


def status_of(reason: Reason) -> Status:
    """The command_status that tells the message centre of a refusal (SMPP 3.4 5.1.3)."""
    return Status.ESME_RX_P_APPN if reason in _OURS_TO_MEND else Status.ESME_RX_R_APPN


def incoming_of(
    request: InboundPdu,
    settings: Settings,
    received_ms: int,
    *,
    link: bytes = b"",
    links: tuple[bytes, ...] = (),
) -> InboundPart:
    """Read a message; never raises, whatever the octets are."""
    octets = request.short_message if isinstance(request, DeliverSm) else b""
    octets = octets or request.tlv(Tag.MESSAGE_PAYLOAD) or b""
    header = parse_header(octets) if request.esm_class & _UDHI else None
    alphabet = _alphabet(request.data_coding, settings)
    if header is not None and header.broken:
        label, text = UNDECODABLE, octets
    else:
        label = received_label(alphabet, header)
        text = text_octets(octets, header, alphabet, packed=settings.gsm7 == "packed")
    place = _place(header) or _sar_place(request) or _alone(label, text)
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


def _place(header: Header | None) -> PartPosition | None:
    found = header.concatenation if header else None
    if found is None or found.total == 1:
        return None
    return PartPosition(f"udh{found.bits}", found.reference, found.total, found.number)


def _sar_place(request: InboundPdu) -> PartPosition | None:
    """SMPP 3.4 5.3.2.22-24; a part that is numbered wrongly is a message of its own."""
    reference = request.tlv(Tag.SAR_MSG_REF_NUM)
    total = int.from_bytes(request.tlv(Tag.SAR_TOTAL_SEGMENTS) or b"", "big")
    number = int.from_bytes(request.tlv(Tag.SAR_SEGMENT_SEQNUM) or b"", "big")
    if reference is None or len(reference) > 4 or not 1 <= number <= total or not 1 < total <= 255:
        return None
    return PartPosition("sar", int.from_bytes(reference, "big"), total, number)


def _alone(label: str, octets: bytes) -> PartPosition:
    digest = hashlib.blake2b(octets, digest_size=8, key=label.encode()).digest()
    return PartPosition("alone", int.from_bytes(digest, "big", signed=True))
