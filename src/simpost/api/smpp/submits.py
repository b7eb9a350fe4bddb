"""Reads a submit_sm: where it goes, its text, its times, and which receipts are wanted. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from simpost.api.smpp.reference import SubmitReference
from simpost.domain.inbound import InboundPart, PartPosition, plain_number
from simpost.domain.senders import is_sender
from simpost.errors import InvalidRequest
from simpost.messaging.decision import LONGEST_LIFE_MS
from simpost.smpp import (
    FieldError,
    Npi,
    Status,
    SubmitSm,
    Tag,
    Ton,
    parse_relative,
    parse_time,
    sar_position,
)
from simpost.text import Header, coding_of, parse_header, received_label, text_octets

MAX_PARTS: Final = 32
"""Most parts that a client may cut a message into."""
MAX_TEXT_OCTETS: Final = 8_192
"""Most octets of user data of one PDU."""
REQUEST_ID: Final = 0x1400
"""The TLV with the idempotency key of a message, of the range that is left to vendors."""
_MAX_REQUEST_ID: Final = 100
_UDHI: Final = 0x40
_TYPE: Final = 0x3C
_WANTED: Final = 0x03
_READABLE: Final = frozenset({"gsm7", "ascii", "latin1", "ucs2", "jis", "cyrillic", "hebrew",
                              "ksc5601"})  # fmt: skip
_ALPHABETS: Final = {0: "gsm7"}
_NUMBER = re.compile(r"\+?[0-9]{1,15}")
_ICCID = re.compile(r"[0-9]{18,20}")
_NUMBER_TYPES: Final = frozenset({0, 1, 2, 3, 4, 6})
_NO_POSITION: Final = PartPosition("alone", 0)


class SubmitError(InvalidRequest):
    """A submit_sm that cannot be sent as it is.

    Attributes:
        status: the command_status of the response.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(status.meaning)
        self.status = status


class Submit(msgspec.Struct, frozen=True, gc=False):
    """A submit_sm as simpost understands it.

    Attributes:
        msisdn, iccid, esim_tran_no: one of them names the eSIM.
        part: the user data and its position; alone unless the client cut the message.
        sender: `None` for that of the carrier.
        validity_s: of a relative validity_period.
        expires_at_ms: of an absolute one.
        request_id: the idempotency key; `None` without one.
    """

    reference: SubmitReference
    part: InboundPart
    msisdn: str | None = None
    iccid: str | None = None
    esim_tran_no: str | None = None
    sender: str | None = None
    message_class: int | None = None
    validity_s: int | None = None
    expires_at_ms: int | None = None
    send_at_ms: int | None = None
    request_id: str | None = None


def read_submit(
    request: SubmitSm, system_id: str, now: datetime, alphabets: Mapping[int, str] = _ALPHABETS
) -> Submit:
    """Read a submit_sm; `alphabets` are those of some data_codings. Raises SubmitError."""
    if request.esm_class & _TYPE:
        raise SubmitError(Status.ESME_RINVESMCLASS)
    if request.replace_if_present_flag:
        raise SubmitError(Status.ESME_RINVREPFLAG)
    if request.sm_default_msg_id:
        raise SubmitError(Status.ESME_RINVDFTMSGID)
    kind, name = _destination(request)
    wanted = request.registered_delivery & _WANTED
    user_reference = request.tlv(Tag.USER_MESSAGE_REFERENCE) or b""
    return Submit(
        reference=SubmitReference(
            system_id,
            (wanted,),
            (kind, request.dest_addr_ton, request.dest_addr_npi),
            (request.source_addr_ton, request.source_addr_npi, request.source_addr),
            user_reference[:2].hex(),
        ),
        part=_part(request, alphabets),
        msisdn=name if kind == "msisdn" else None,
        iccid=name if kind == "iccid" else None,
        esim_tran_no=name if kind == "esim" else None,
        sender=_sender(request),
        message_class=coding_of(request.data_coding).message_class,
        validity_s=_validity_s(request.validity_period),
        expires_at_ms=_expires_at_ms(request.validity_period, now),
        send_at_ms=_time_ms(request.schedule_delivery_time, now, Status.ESME_RINVSCHED),
        request_id=_request_id(request),
    )


def _destination(request: SubmitSm) -> tuple[str, str]:
    """How the eSIM is named, and its name."""
    text = request.destination_addr.strip()
    if request.dest_addr_npi == Npi.PRIVATE:
        if not text:
            raise SubmitError(Status.ESME_RINVDSTADR)
        return "esim", text
    if _ICCID.fullmatch(text):
        return "iccid", text
    if request.dest_addr_ton not in _NUMBER_TYPES:
        raise SubmitError(Status.ESME_RINVDSTTON)
    number = plain_number(text)
    if not _NUMBER.fullmatch(number):
        raise SubmitError(Status.ESME_RINVDSTADR)
    return "msisdn", number


def _sender(request: SubmitSm) -> str | None:
    given = request.source_addr.strip()
    if request.source_addr_ton != Ton.ALPHANUMERIC:
        given = given.removeprefix("+")
    if not given:
        return None
    if not is_sender(given):
        raise SubmitError(Status.ESME_RINVSRCADR)
    return given


def _part(request: SubmitSm, alphabets: Mapping[int, str]) -> InboundPart:
    payload = request.tlv(Tag.MESSAGE_PAYLOAD)
    if payload is not None and request.short_message:
        raise SubmitError(Status.ESME_RINVMSGLEN)
    octets = request.short_message or payload or b""
    if not 0 < len(octets) <= MAX_TEXT_OCTETS:
        raise SubmitError(Status.ESME_RINVMSGLEN)
    header = parse_header(octets) if request.esm_class & _UDHI else None
    if header is not None and (header.broken or header.ports is not None):
        raise SubmitError(Status.ESME_RINVESMCLASS)
    coding = request.data_coding
    alphabet = alphabets.get(coding) or coding_of(coding).alphabet
    if alphabet not in _READABLE:
        raise SubmitError(Status.ESME_RINVDCS)
    place = _position(request, header)
    if place.total > MAX_PARTS:
        raise SubmitError(Status.ESME_RINVMSGLEN)
    return InboundPart(
        carrier="",
        source=request.source_addr,
        destination=request.destination_addr,
        octets=text_octets(octets, header, alphabet, packed=False),
        encoding=received_label(alphabet, header),
        place=place,
        received_ms=0,
    )


def _position(request: SubmitSm, header: Header | None) -> PartPosition:
    found = header.concatenation if header else None
    if found is not None and found.total > 1:
        return PartPosition(f"udh{found.bits}", found.reference, found.total, found.number)
    sar = sar_position(request) if request.tlvs else None
    return PartPosition("sar", *sar) if sar else _NO_POSITION


def _validity_s(text: str) -> int | None:
    if not text.endswith("R"):
        return None
    try:
        seconds = int(parse_relative(text).total_seconds())
    except FieldError:
        raise SubmitError(Status.ESME_RINVEXPIRY) from None
    if not 0 < seconds * 1000 <= LONGEST_LIFE_MS:
        raise SubmitError(Status.ESME_RINVEXPIRY)
    return seconds


def _expires_at_ms(text: str, now: datetime) -> int | None:
    return None if text.endswith("R") else _time_ms(text, now, Status.ESME_RINVEXPIRY)


def _time_ms(text: str, now: datetime, status: Status) -> int | None:
    if not text:
        return None
    try:
        moment = parse_time(text, now)
    except (FieldError, OverflowError):
        raise SubmitError(status) from None
    return int(moment.timestamp() * 1000) if moment else None


def _request_id(request: SubmitSm) -> str | None:
    """The idempotency key: 1 to 100 visible ASCII characters, with or without a NUL at the end."""
    given = request.tlv(REQUEST_ID) if request.tlvs else None
    if given is None:
        return None
    text = given.removesuffix(b"\0").decode("latin-1")
    is_visible = text.isascii() and text.isprintable() and " " not in text
    if not 0 < len(text) <= _MAX_REQUEST_ID or not is_visible:
        raise SubmitError(Status.ESME_RINVTLVVAL)
    return text
