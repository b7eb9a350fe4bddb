"""Fast codecs of submit_sm, deliver_sm and their responses (SMPP 3.4 4.4, 4.6).

They are the hot path: nearly all PDUs are of these four kinds. Any PDU that is not plainly valid
goes to the declared codec, which is slower and names the invalid field. Tests verify that both
produce the same octets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from simpost.smpp.fields import TOLERATED_OCTETS
from simpost.smpp.pdu import DeliverSm, DeliverSmResp, Pdu, SubmitSm, SubmitSmResp
from simpost.smpp.tlv import decode_tlvs

ShortMessagePdu: TypeAlias = SubmitSm | DeliverSm
MessageIdPdu: TypeAlias = SubmitSmResp | DeliverSmResp

_MAX_ID_OCTETS: Final = 64

_BODY: Final = (
    b"%b\0"  # service_type
    b"%c%c%b\0"  # source_addr_ton, source_addr_npi, source_addr
    b"%c%c%b\0"  # dest_addr_ton, dest_addr_npi, destination_addr
    b"%c%c%c"  # esm_class, protocol_id, priority_flag
    b"%b\0%b\0"  # schedule_delivery_time, validity_period
    b"%c%c%c%c"  # registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id
    b"%c%b"  # sm_length, short_message
)


def encode_short_message(
    declared: Callable[[ShortMessagePdu], bytes],
) -> Callable[[ShortMessagePdu], bytes]:
    """Return an encoder of valid bodies; `declared` encodes all others."""

    def encode_fast(pdu: ShortMessagePdu) -> bytes:
        texts = (
            pdu.service_type,
            pdu.source_addr,
            pdu.destination_addr,
            pdu.schedule_delivery_time,
            pdu.validity_period,
        )
        service_type, source, destination, schedule, validity = texts
        if (
            len(service_type) > 5
            or len(source) > 20
            or len(destination) > 20
            or len(schedule) not in (0, 16)
            or len(validity) not in (0, 16)
            or "\0" in "".join(texts)
        ):
            return declared(pdu)
        short_message = pdu.short_message
        try:
            return _BODY % (
                service_type.encode("latin-1"),
                pdu.source_addr_ton,
                pdu.source_addr_npi,
                source.encode("latin-1"),
                pdu.dest_addr_ton,
                pdu.dest_addr_npi,
                destination.encode("latin-1"),
                pdu.esm_class,
                pdu.protocol_id,
                pdu.priority_flag,
                schedule.encode("latin-1"),
                validity.encode("latin-1"),
                pdu.registered_delivery,
                pdu.replace_if_present_flag,
                pdu.data_coding,
                pdu.sm_default_msg_id,
                len(short_message),
                short_message,
            )
        except (OverflowError, UnicodeEncodeError):
            return declared(pdu)

    return encode_fast


def decode_short_message(
    pdu_class: type[ShortMessagePdu], declared: Callable[[int, int, bytes], Pdu]
) -> Callable[[int, int, bytes], Pdu]:
    """Return a decoder of valid bodies; `declared` decodes all others."""

    def decode_fast(status: int, sequence: int, body: bytes) -> Pdu:
        try:
            service_end = body.index(0)
            source_end = body.index(0, service_end + 3)
            destination_end = body.index(0, source_end + 3)
            schedule_end = body.index(0, destination_end + 4)
            validity_end = body.index(0, schedule_end + 1)
            text_at = validity_end + 6
            text_end = text_at + body[validity_end + 5]
        except (ValueError, IndexError):
            return declared(status, sequence, body)
        if text_end > len(body) or text_at > TOLERATED_OCTETS:
            return declared(status, sequence, body)
        texts = body[:validity_end].decode("latin-1")
        return pdu_class(
            status,
            sequence,
            decode_tlvs(body, text_end) if text_end < len(body) else (),
            texts[:service_end],
            body[service_end + 1],
            body[service_end + 2],
            texts[service_end + 3 : source_end],
            body[source_end + 1],
            body[source_end + 2],
            texts[source_end + 3 : destination_end],
            body[destination_end + 1],
            body[destination_end + 2],
            body[destination_end + 3],
            texts[destination_end + 4 : schedule_end],
            texts[schedule_end + 1 : validity_end],
            body[validity_end + 1],
            body[validity_end + 2],
            body[validity_end + 3],
            body[validity_end + 4],
            body[text_at:text_end],
        )

    return decode_fast


def encode_message_id(
    declared: Callable[[MessageIdPdu], bytes],
) -> Callable[[MessageIdPdu], bytes]:
    """Return an encoder of ASCII message ids; `declared` encodes all other responses."""

    def encode_fast(pdu: MessageIdPdu) -> bytes:
        message_id = pdu.message_id
        if pdu.command_status or len(message_id) > _MAX_ID_OCTETS or not message_id.isascii():
            return declared(pdu)
        if "\0" in message_id:
            return declared(pdu)
        return message_id.encode() + b"\0"

    return encode_fast


def decode_message_id(
    pdu_class: type[MessageIdPdu], declared: Callable[[int, int, bytes], Pdu]
) -> Callable[[int, int, bytes], Pdu]:
    """Return a decoder of bodies of one message id; `declared` decodes all other responses."""

    def decode_fast(status: int, sequence: int, body: bytes) -> Pdu:
        end = len(body) - 1
        if body.find(0) != end or end > TOLERATED_OCTETS or end < 0:
            return declared(status, sequence, body)
        return pdu_class(status, sequence, (), body[:end].decode("latin-1"))

    return decode_fast
