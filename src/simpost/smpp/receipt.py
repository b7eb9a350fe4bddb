"""Delivery receipts: TLVs first, the text of Appendix B second (SMPP 3.4 5.2.12, Appendix B).

The text is a convention that every message centre writes its own way, so reading it never fails:
what cannot be understood is None, and everything is kept in `raw` as it came. Nothing is guessed.
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

MAX_TEXT: Final = 20  # characters of the message that Appendix B repeats


class MessageState(IntEnum):
    """SMPP 3.4 5.2.28; SCHEDULED and SKIPPED are of SMPP 5.0 4.7.15."""

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
    **{state.name: state for state in MessageState},  # some write the state's name in full
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
_CHARSET_OF_MARK: Final = {b"\xfe\xff": "utf-16-be", b"\xff\xfe": "utf-16-le"}
"""A byte order mark decides the byte order, whatever data_coding says."""

_APPENDIX_B: Final = re.compile(  # as most write it: quicker to read in one go
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
_WHOLE: Final = frozenset(_APPENDIX_B_LABELS) - {"text"}  # some leave the text away
ReceiptPdu: TypeAlias = DeliverSm | DataSm
_REPORTING: Final = (DeliverSm, DataSm)


@dataclass(slots=True)
class ParsedReceipt:
    """What a message centre says became of a message.

    Attributes:
        message_id: exactly as received, whatever its base, case or padding; the TLV's before the
            text's.
        text_id: the text's, where it says something else than the TLV.
        intermediate: not the last word; a final receipt may follow.
        error: `err` as written.
        network_error: (network type, code) of the TLV network_error_code.
        submitted, done: in UTC, which Appendix B leaves open; minutes when it has no seconds.
        raw: every label of the text, in lower case, with its value as written.
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
    """By esm_class or by TLVs only receipts have; never by its text, which anyone can write.

    An esm_class of 0 is that of a normal message (SMPP 3.4 5.2.12): TLVs make a receipt of it
    only if they, or they and the text, say which message is meant and what became of it.
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
    """Whether the text is that of Appendix B from end to end, whatever the PDU is marked as.

    Anyone can write such a text: it is a receipt only if it speaks of what was sent.
    """
    if pdu.esm_class & _UDHI:
        return False
    text = _text_of(pdu)
    if _PLAIN_START.match(text) is None:
        return False
    raw = parse_receipt_text(text)
    return (
        _WHOLE.issubset(raw)
        and raw["id"] != ""
        and raw["sub"].isdecimal()
        and raw["dlvrd"].isdecimal()
        and raw["stat"].upper() in _STATE_OF_STAT
        and _parse_date(raw["submitdate"]) is not None
        and _parse_date(raw["donedate"]) is not None
    )


def parse_receipt(pdu: ReceiptPdu) -> ParsedReceipt:
    """Read a receipt. Never raises, whatever the octets are."""
    raw = parse_receipt_text(_text_of(pdu))
    tlvs = dict(reversed(pdu.tlvs))  # of doubles the first
    state = _STATE_OF_OCTET.get(tlvs.get(_MESSAGE_STATE, b""))
    if state is None:
        state = _STATE_OF_STAT.get(raw.get("stat", "").upper())
    tlv_id, text_id = _id_by_tlv(tlvs.get(_MESSAGE_ID)), _value(raw, "id")
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
    """Labels of Appendix B in lower case, without blanks: `id`, `donedate`, ... The first wins."""
    if plain := _APPENDIX_B.fullmatch(text):
        return dict(zip(_APPENDIX_B_LABELS, plain.groups(), strict=True))
    found: dict[str, str] = {}
    labels = list(_LABEL.finditer(text))
    ends = [label.start() for label in labels[1:]] + [len(text)]
    for label, end in zip(labels, ends, strict=False):  # no label, no value
        name = label[1].lower().replace(" ", "").replace("_", "")
        if name == "text":  # of the message itself: it may look like labels, so nothing follows
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
    """Appendix B's text as short_message, for a message centre; at most 20 octets of `text`."""
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
    """receipted_message_id, message_state and, if there is one, network_error_code."""
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
    if charset := _CHARSET_OF_MARK.get(octets[:2]):
        return octets[2:].decode(charset, "replace")
    if pdu.data_coding == _UCS2 and octets[:1] == b"\0":
        return octets.decode("utf-16-be", "replace")
    return octets.decode("latin-1")


def _id_by_tlv(value: bytes | None) -> str | None:
    """With its NUL, as the standard says, or without, as some send it."""
    return None if value is None else value.partition(b"\0")[0].decode("latin-1")


def _value(raw: Mapping[str, str], label: str) -> str:
    """Without NUL, which no store keeps in an id."""
    return raw.get(label, "").replace("\0", "")


def _network_error(value: bytes | None) -> tuple[int, int] | None:
    if value is None or len(value) != 3:
        return None
    return value[0], int.from_bytes(value[1:], "big")


@lru_cache(maxsize=256)  # of one moment many receipts tell
def _date(moment: datetime) -> str:
    """YYMMDDhhmm."""
    return f"{moment.astimezone(UTC):%y%m%d%H%M}"


@lru_cache(maxsize=1024)  # many receipts are of the same minute
def _parse_date(text: str) -> datetime | None:
    """YYMMDDhhmm, with seconds, with a year of four digits, or SMPP's own 16 characters."""
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
    if len(text) in {12, 14}:  # 2026... was no YYMMDD: there is no month 26
        return _parse_iso(four_digit_year)
    return None


def _parse_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
