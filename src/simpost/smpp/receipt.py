"""Delivery receipts (SMPP 3.4 5.2.12, Appendix B): parse them, and format them as an SMSC.

TLVs take precedence over the text. Every SMSC formats the text in its own way, so parsing never
fails: a value that is not understood is `None`, and `raw` has all values as received.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from typing import Final, TypeAlias

from simpost.smpp.errors import FieldError
from simpost.smpp.pdu import DataSm, DeliverSm, Pdu
from simpost.smpp.times import parse_absolute
from simpost.smpp.tlv import Tag, Tlvs, cstring_tlv, int_tlv

MAX_TEXT: Final = 20  # octets of the message that Appendix B repeats


class MessageState(IntEnum):
    """The state of a message (SMPP 3.4 5.2.28); SCHEDULED and SKIPPED are of SMPP 5.0 4.7.15."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9


_STAT: Final = {
    MessageState.SCHEDULED: "SCHEDLD",
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
    MessageState.SKIPPED: "SKIPPED",
}
_NOT_FINAL: Final = (MessageState.ENROUTE, MessageState.SCHEDULED)
_STATE_OF_OCTET: Final = {bytes((state,)): state for state in MessageState}
_STATE_OF_STAT: Final = {
    **{state.name: state for state in MessageState},  # some SMSCs write the full name
    **{stat: state for state, stat in _STAT.items()},
}

# esm_class bits 5-2, the message type (SMPP 3.4 5.2.12).
_TYPE_MASK: Final = 0x3C
_RECEIPT: Final = 0x04
_INTERMEDIATE: Final = 0x20
_UDHI: Final = 0x40
_REPORTING_TYPES: Final = frozenset({_RECEIPT, _INTERMEDIATE})
_MESSAGE_ID: Final = int(Tag.RECEIPTED_MESSAGE_ID)
_MESSAGE_STATE: Final = int(Tag.MESSAGE_STATE)
_NETWORK_ERROR: Final = int(Tag.NETWORK_ERROR_CODE)
_RECEIPT_TAGS: Final = frozenset({_MESSAGE_ID, _MESSAGE_STATE})
_UCS2: Final = 8
_CHARSET_OF_BOM: Final = {b"\xfe\xff": "utf-16-be", b"\xff\xfe": "utf-16-le"}
"""A byte order mark takes precedence over data_coding."""

_APPENDIX_B: Final = re.compile(  # the usual form: one match is faster
    r"id:([^\s,;]*) sub:([^\s,;]*) dlvrd:([^\s,;]*) submit date:([^\s,;]*) done date:([^\s,;]*)"
    r" stat:([^\s,;]*) err:([^\s,;]*) [Tt]ext:(.*)",
    re.DOTALL,
)
_APPENDIX_B_LABELS: Final = ["id", "sub", "dlvrd", "submitdate", "donedate", "stat", "err", "text"]
_LABEL: Final = re.compile(
    r"(?:^|(?<=[\s,;]))(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)\s{0,3}:",
    re.IGNORECASE,
)
_PLAIN_START: Final = re.compile(r"id\s{0,3}:", re.IGNORECASE)
_REQUIRED: Final = frozenset(_APPENDIX_B_LABELS) - {"text"}  # some SMSCs omit the text
ReceiptPdu: TypeAlias = DeliverSm | DataSm
_REPORTING: Final = (DeliverSm, DataSm)


@dataclass(slots=True)
class ParsedReceipt:
    """What an SMSC reports about a message; `None` for what it does not report.

    Attributes:
        message_id: as received, not converted; from the TLV, or else from the text.
        state: from the TLV message_state, or else from `stat`.
        intermediate: the state is not final; another receipt may follow.
        error: `err` as received.
        network_error: (network type, code) of the TLV network_error_code (SMPP 3.4 5.3.2.31).
        submitted, done: in UTC (Appendix B names no time zone), to the minute or second.
        text_id: the id in the text, if it differs from the TLV.
        raw: the labels of the text in lower case, without spaces, with their values as received.
    """

    message_id: str | None = None
    state: MessageState | None = None
    intermediate: bool = False
    error: str | None = None
    network_error: tuple[int, int] | None = None
    submitted: datetime | None = None
    done: datetime | None = None
    text_id: str | None = None
    raw: Mapping[str, str] = field(default_factory=dict, repr=False)


def is_receipt(pdu: Pdu) -> bool:
    """Return whether the PDU is marked as a receipt, by esm_class or TLVs.

    The text alone never makes a receipt, because any phone can send such a text. esm_class 0 is a
    normal message (SMPP 3.4 5.2.12): a receipt TLV makes it a receipt if the PDU has both a message
    id and a state.
    """
    if not isinstance(pdu, _REPORTING):
        return False
    if pdu.esm_class & _TYPE_MASK in _REPORTING_TYPES:
        return True
    if not any(tag in _RECEIPT_TAGS for tag, _ in pdu.tlvs):
        return False
    receipt = parse_receipt(pdu)
    return receipt.message_id is not None and receipt.state is not None


def looks_like_receipt(pdu: ReceiptPdu) -> bool:
    """Return whether the whole text has the form of Appendix B, also if the PDU is not marked.

    Any phone can send such a text: apply it only if it matches a message that was sent.
    """
    if pdu.esm_class & _UDHI:
        return False
    text = _text_of(pdu)
    if _PLAIN_START.match(text) is None:
        return False
    raw = parse_receipt_text(text)
    return (
        _REQUIRED.issubset(raw)
        and raw["id"] != ""
        and raw["sub"].isdecimal()
        and raw["dlvrd"].isdecimal()
        and raw["stat"].upper() in _STATE_OF_STAT
        and _parse_date(raw["submitdate"]) is not None
        and _parse_date(raw["donedate"]) is not None
    )


def parse_receipt(pdu: ReceiptPdu) -> ParsedReceipt:
    """Parse a receipt. Never raises."""
    raw = parse_receipt_text(_text_of(pdu))
    tlvs = dict(reversed(pdu.tlvs))  # the first of duplicates wins
    state = _STATE_OF_OCTET.get(tlvs.get(_MESSAGE_STATE, b""))
    if state is None:
        state = _STATE_OF_STAT.get(raw.get("stat", "").upper())
    tlv_id, text_id = _id_from_tlv(tlvs.get(_MESSAGE_ID)), _value(raw, "id")
    return ParsedReceipt(
        message_id=tlv_id or text_id or None,
        state=state,
        intermediate=pdu.esm_class & _TYPE_MASK == _INTERMEDIATE or state in _NOT_FINAL,
        error=_value(raw, "err") or None,
        network_error=_network_error(tlvs.get(_NETWORK_ERROR)),
        submitted=_parse_date(raw.get("submitdate", "")),
        done=_parse_date(raw.get("donedate", "")),
        text_id=text_id if tlv_id and text_id and text_id != tlv_id else None,
        raw=raw,
    )


def parse_receipt_text(text: str) -> dict[str, str]:
    """Return the values by label (Appendix B), in lower case without spaces: `id`, `donedate`.

    The first of duplicates wins.
    """
    if plain := _APPENDIX_B.fullmatch(text):
        return dict(zip(_APPENDIX_B_LABELS, plain.groups(), strict=True))
    found: dict[str, str] = {}
    labels = list(_LABEL.finditer(text))
    ends = [label.start() for label in labels[1:]] + [len(text)]
    for label, end in zip(labels, ends, strict=False):  # ends has one more if there is no label
        name = label[1].lower().replace(" ", "").replace("_", "")
        if name == "text":  # text of the message: it may contain labels
            found.setdefault(name, text[label.end() :])
            break
        found.setdefault(name, text[label.end() : end].strip(" \t\r\n\0,;"))
    return found


def format_receipt(
    message_id: str,
    state: MessageState,
    *,
    submitted: datetime,
    done: datetime,
    error: str = "000",
    text: bytes = b"",
) -> bytes:
    """Return a short_message in the form of Appendix B, with at most 20 octets of `text`."""
    delivered = 1 if state is MessageState.DELIVERED else 0
    head = (
        f"id:{message_id} sub:001 dlvrd:{delivered:03} "
        f"submit date:{_date(submitted)} done date:{_date(done)} "
        f"stat:{_STAT[state]} err:{error} text:"
    )
    return head.encode("latin-1", "replace") + text[:MAX_TEXT]


def receipt_tlvs(
    message_id: str, state: MessageState, network_error: tuple[int, int] | None = None
) -> Tlvs:
    """Return receipted_message_id, message_state and, if given, network_error_code.

    Raises `FieldError` if a value does not fit.
    """
    tlvs: Tlvs = (
        cstring_tlv(Tag.RECEIPTED_MESSAGE_ID, message_id),
        int_tlv(Tag.MESSAGE_STATE, state, 1),
    )
    if network_error is not None:
        network, code = network_error
        tlvs += (int_tlv(Tag.NETWORK_ERROR_CODE, network << 16 | code, 3),)
    return tlvs


def _text_of(pdu: ReceiptPdu) -> str:
    octets = pdu.short_message if isinstance(pdu, DeliverSm) else b""
    octets = octets or pdu.tlv(Tag.MESSAGE_PAYLOAD) or b""
    if pdu.esm_class & _UDHI and octets:
        octets = octets[1 + octets[0] :]
    if charset := _CHARSET_OF_BOM.get(octets[:2]):
        return octets[2:].decode(charset, "replace")
    if pdu.data_coding == _UCS2 and octets[:1] == b"\0":
        return octets.decode("utf-16-be", "replace")
    return octets.decode("latin-1")


def _id_from_tlv(value: bytes | None) -> str | None:
    """With a NUL, as in the standard, or without, as some SMSCs send it."""
    return None if value is None else value.partition(b"\0")[0].decode("latin-1")


def _value(raw: Mapping[str, str], label: str) -> str:
    """Without NUL: databases do not store it in a text."""
    return raw.get(label, "").replace("\0", "")


def _network_error(value: bytes | None) -> tuple[int, int] | None:
    if value is None or len(value) != 3:
        return None
    return value[0], int.from_bytes(value[1:], "big")


@lru_cache(maxsize=256)  # many receipts have the same times
def _date(moment: datetime) -> str:
    """YYMMDDhhmm."""
    return f"{moment.astimezone(UTC):%y%m%d%H%M}"


@lru_cache(maxsize=1024)  # many receipts have the same times
def _parse_date(text: str) -> datetime | None:
    """YYMMDDhhmm, also with seconds or a year of four digits, or SMPP's 16 characters."""
    if len(text) == 16:
        try:
            return parse_absolute(text)
        except FieldError:
            return None
    if not (text.isascii() and text.isdigit()):
        return None
    two_digit_year, four_digit_year = f"20{text[:6]}T{text[6:]}Z", f"{text[:8]}T{text[8:]}Z"
    if len(text) in {10, 12} and (moment := _parse_iso(two_digit_year)):
        return moment
    if len(text) in {12, 14}:  # not YYMMDD: 2026 has no month 26
        return _parse_iso(four_digit_year)
    return None


def _parse_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
