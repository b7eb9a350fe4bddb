"""Validates submits: the command_status with which an invalid one is refused."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from simpost.smpp import (
    FieldError,
    Status,
    SubmitSm,
    Tag,
    Ton,
    parse_absolute,
    parse_relative,
)
from simpost.smpp.address import MAX_ALPHANUMERIC
from simpost.smsc.content import PART_OCTETS, Content, Submit, fits_one_part

MAX_PAYLOAD_OCTETS: Final = 255 * PART_OCTETS

_NUMBER: Final = re.compile(r"\+?[0-9]{1,20}")
_SENDER_NUMBER: Final = re.compile(r"\+?[0-9*#]{0,20}")
# Message types an ESME may submit: none, delivery or manual acknowledgement (SMPP 3.4 5.2.12).
_SUBMITTED_TYPES: Final = frozenset({0x00, 0x08, 0x10})


def validation_status(request: Submit, content: Content, *, packed: bool) -> int:
    """The command_status that refuses the request; 0 if it is valid."""
    if not _is_sender(request.source_addr_ton, request.source_addr):
        return Status.ESME_RINVSRCADR
    if request.dest_addr_ton == Ton.ALPHANUMERIC or not _NUMBER.fullmatch(request.destination_addr):
        return Status.ESME_RINVDSTADR
    if request.esm_class & 0x3C not in _SUBMITTED_TYPES:
        return Status.ESME_RINVESMCLASS
    if content.header is not None and content.header.broken:
        return Status.ESME_RINVESMCLASS
    if isinstance(request, SubmitSm):
        return _time_status(request) or _length_status(request, content, packed=packed)
    return _payload_status(content)


@lru_cache(maxsize=256)  # few different senders
def _is_sender(ton: int, address: str) -> bool:
    """Whether it is a number, or a name with TON alphanumeric or unknown (as many ESMEs send)."""
    if ton != Ton.ALPHANUMERIC and _SENDER_NUMBER.fullmatch(address):
        return True
    may_be_name = ton in {Ton.ALPHANUMERIC, Ton.UNKNOWN}
    return may_be_name and 0 < len(address) <= MAX_ALPHANUMERIC and address.isprintable()


def _time_status(request: SubmitSm) -> int:
    if request.schedule_delivery_time and not _is_time(request.schedule_delivery_time):
        return Status.ESME_RINVSCHED
    if request.validity_period and not _is_time(request.validity_period):
        return Status.ESME_RINVEXPIRY
    return 0


@lru_cache(maxsize=256)  # submits of one second often have the same time
def _is_time(text: str) -> bool:
    try:
        parse_relative(text) if text.endswith("R") else parse_absolute(text)
    except FieldError:
        return False
    return True


def _length_status(request: SubmitSm, content: Content, *, packed: bool) -> int:
    """short_message has at most one part, message_payload at most 255; only one may be set."""
    if not request.short_message:
        return _payload_status(content)
    if request.tlvs and request.tlv(Tag.MESSAGE_PAYLOAD) is not None:
        return Status.ESME_RINVMSGLEN
    return 0 if fits_one_part(content, packed=packed) else Status.ESME_RINVMSGLEN


def _payload_status(content: Content) -> int:
    return Status.ESME_RINVMSGLEN if len(content.octets) > MAX_PAYLOAD_OCTETS else 0
