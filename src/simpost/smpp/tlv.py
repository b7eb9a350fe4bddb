"""Optional parameters: tag, length, value (SMPP 3.4 5.3.2, SMPP 5.0 4.8.1).

A PDU has a tuple of (tag, value) pairs in their order on the wire, so duplicates and unknown tags
are preserved. Octets that are not a TLV come last, under the tag `UNREADABLE`: optional parameters
do not make a PDU invalid (SMPP 3.4 3.3).
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final, TypeAlias

from simpost.smpp.errors import FieldError
from simpost.smpp.status import Status

Tlvs: TypeAlias = tuple[tuple[int, bytes], ...]

UNREADABLE: Final = -1
"""The tag of undecodable octets: everything after the last valid TLV."""

MAX_TLVS: Final = 128
"""Most TLVs decoded per PDU; no command needs as many."""

_HEAD: Final = Struct(">HH")


class Tag(IntEnum):
    """The tags of SMPP 3.4 (5.3.2) and SMPP 5.0 (4.8.1)."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    CONGESTION_STATE = 0x0428
    USSD_SERVICE_OP = 0x0501
    BROADCAST_CHANNEL_INDICATOR = 0x0600
    BROADCAST_CONTENT_TYPE = 0x0601
    BROADCAST_CONTENT_TYPE_INFO = 0x0602
    BROADCAST_MESSAGE_CLASS = 0x0603
    BROADCAST_REP_NUM = 0x0604
    BROADCAST_FREQUENCY_INTERVAL = 0x0605
    BROADCAST_AREA_IDENTIFIER = 0x0606
    BROADCAST_ERROR_STATUS = 0x0607
    BROADCAST_AREA_SUCCESS = 0x0608
    BROADCAST_END_TIME = 0x0609
    BROADCAST_SERVICE_GROUP = 0x060A
    BILLING_IDENTIFICATION = 0x060B
    SOURCE_NETWORK_ID = 0x060D
    DEST_NETWORK_ID = 0x060E
    SOURCE_NODE_ID = 0x060F
    DEST_NODE_ID = 0x0610
    DEST_ADDR_NP_RESOLUTION = 0x0611
    DEST_ADDR_NP_INFORMATION = 0x0612
    DEST_ADDR_NP_COUNTRY = 0x0613
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


_PAYLOAD: Final = Tag.MESSAGE_PAYLOAD.to_bytes(2, "big")


def tag_name(tag: int) -> str:
    """Return the name in the standard (`message_payload`), or the tag in hex if it has none."""
    try:
        return Tag(tag).name.lower()
    except ValueError:
        return f"0x{tag:04X}"


def int_tlv(tag: int, value: int, octets: int) -> tuple[int, bytes]:
    """Return an integer TLV of this length in octets. Raises `FieldError` if it does not fit."""
    try:
        return tag, value.to_bytes(octets, "big")
    except OverflowError:
        raise FieldError(
            tag_name(tag), f"does not fit {octets} octets", Status.ESME_RINVTLVVAL
        ) from None


def cstring_tlv(tag: int, text: str) -> tuple[int, bytes]:
    """Return a C-octet string TLV: Latin-1 and a NUL. Raises `FieldError`."""
    try:
        return tag, text.encode("latin-1") + b"\0"
    except UnicodeEncodeError:
        raise FieldError(tag_name(tag), "is not Latin-1", Status.ESME_RINVTLVVAL) from None


def encode_tlvs(tlvs: Tlvs) -> bytes:
    """Return the octets of TLVs in the given order. Raises `FieldError`."""
    parts: list[bytes] = []
    for tag, value in tlvs:
        if tag == UNREADABLE:
            parts.append(value)
            continue
        if not 0 <= tag <= 0xFFFF or len(value) > 0xFFFF:
            raise FieldError(tag_name(tag), "tag or length over 65535", Status.ESME_RINVTLVLEN)
        parts += (_HEAD.pack(tag, len(value)), value)
    return b"".join(parts)


def decode_tlvs(body: bytes, at: int) -> Tlvs:
    """Return the TLVs from octet `at` to the end, with undecodable octets as `UNREADABLE`.

    Raises `FieldError` if these octets start a message_payload: the text would be lost.
    """
    found: list[tuple[int, bytes]] = []
    end = len(body)
    while end - at >= 4 and len(found) < MAX_TLVS:
        tag, length = _HEAD.unpack_from(body, at)
        if at + 4 + length > end:
            break
        at += 4 + length
        found.append((tag, body[at - length : at]))
    if at < end:
        if body[at : at + 2] == _PAYLOAD:
            raise FieldError("message_payload", "cannot be read", Status.ESME_RINVTLVSTREAM)
        found.append((UNREADABLE, body[at:]))
    return tuple(found)
