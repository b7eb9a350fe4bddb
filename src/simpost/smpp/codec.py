"""Encodes and decodes PDUs (SMPP 3.4 3.2). No I/O.

The codec of each class is built once from its declared fields. submit_sm, deliver_sm and their
responses, nearly all traffic, have faster ones in `fast_codec`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from struct import Struct
from typing import Any, Final, TypeAlias

from simpost.smpp.command import RESPONSE_BIT
from simpost.smpp.errors import FatalPduError, FieldError, RecoverablePduError
from simpost.smpp.fast_codec import (
    decode_message_id,
    decode_short_message,
    encode_message_id,
    encode_short_message,
)
from simpost.smpp.fields import FieldType
from simpost.smpp.pdu import (
    PDU_CLASSES,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    UnknownPdu,
    layout,
)
from simpost.smpp.status import Status
from simpost.smpp.tlv import UNREADABLE, Tlvs, decode_tlvs, encode_tlvs

HEADER: Final = Struct(">IIII")
HEADER_OCTETS: Final = 16
MAX_SEQUENCE: Final = 0x7FFFFFFF

BodyEncoder: TypeAlias = Callable[[Any], bytes]
BodyDecoder: TypeAlias = Callable[[int, int, bytes], Pdu]


def encode(pdu: Pdu) -> bytes:
    """Return the octets of a PDU. Raises `FieldError` if a field is not valid."""
    body = _ENCODERS[pdu.__class__](pdu)
    if pdu.tlvs:
        body += encode_tlvs(pdu.tlvs)
    try:
        return (
            HEADER.pack(16 + len(body), pdu.command_id, pdu.command_status, pdu.sequence_number)
            + body
        )
    except struct.error as error:
        raise FieldError("header", "a value has more than 32 bits", Status.ESME_RSYSERR) from error


def decode(octets: bytes) -> Pdu:
    """Return the PDU in `octets`. Raises `RecoverablePduError` or `FatalPduError`."""
    if len(octets) < HEADER_OCTETS:
        raise FatalPduError("the header is incomplete", Status.ESME_RINVCMDLEN)
    length, command_id, status, sequence = HEADER.unpack_from(octets)
    if length != len(octets):
        problem = f"command_length {length}, {len(octets)} octets"
        raise FatalPduError(problem, Status.ESME_RINVCMDLEN, header=(command_id, sequence))
    return decode_body(command_id, status, sequence, octets[HEADER_OCTETS:])


def decode_body(command_id: int, status: int, sequence: int, body: bytes) -> Pdu:
    """Return the PDU of a decoded header. Raises `RecoverablePduError`.

    A command of no standard becomes an `UnknownPdu`.
    """
    decoder = _DECODERS.get(command_id)
    if decoder is None:
        return UnknownPdu(
            command_id=command_id, command_status=status, sequence_number=sequence, body=body
        )
    try:
        return decoder(status, sequence, body)
    except FieldError as error:
        raise RecoverablePduError(
            str(error), error.status, header=(command_id, sequence), body=body
        ) from error


def declared_encoder(pdu_class: type[Pdu]) -> BodyEncoder:
    """Return an encoder of the mandatory fields that a class declares."""
    fields = layout(pdu_class)
    omits_body_on_error = pdu_class.omits_body_on_error

    def encode_declared(pdu: Pdu) -> bytes:
        body = b"".join([kind.encode(name, getattr(pdu, name)) for name, kind in fields])
        if omits_body_on_error and pdu.command_status and not pdu.tlvs and not body.strip(b"\0"):
            return b""
        return body

    return encode_declared


def declared_decoder(pdu_class: type[Pdu]) -> BodyDecoder:
    """Return a decoder of bodies by the fields that a class declares."""
    fields = layout(pdu_class)
    decode_fields = _decode_response if pdu_class.command_id & RESPONSE_BIT else _decode_request

    def decode_declared(status: int, sequence: int, body: bytes) -> Pdu:
        return decode_fields(pdu_class, fields, status, sequence, body)

    return decode_declared


def _decode_request(
    pdu_class: type[Pdu],
    fields: tuple[tuple[str, FieldType], ...],
    status: int,
    sequence: int,
    body: bytes,
) -> Pdu:
    values: list[Any] = []
    at = _decode_fields(fields, body, values)
    tlvs = decode_tlvs(body, at) if at < len(body) else ()
    return pdu_class(status, sequence, tlvs, *values)


def _decode_fields(
    fields: tuple[tuple[str, FieldType], ...], body: bytes, values: list[Any]
) -> int:
    """Append the value of each field; return the index after the last one."""
    at = 0
    for name, kind in fields:
        value, at = kind.decode(name, body, at)
        values.append(value)
    return at


def _decode_response(
    pdu_class: type[Pdu],
    fields: tuple[tuple[str, FieldType], ...],
    status: int,
    sequence: int,
    body: bytes,
) -> Pdu:
    """Decode a response; accept a missing body, and a message id without NUL, as SMSCs send them.

    Never raises: the status answers the request even if the body cannot be decoded.
    """
    if not body:
        return pdu_class(status, sequence)
    terminated = body + b"\0" if fields and 0 not in body else body
    values: list[Any] = []
    try:
        at = _decode_fields(fields, terminated, values)
        tlvs: Tlvs = decode_tlvs(terminated, at) if at < len(terminated) else ()
    except FieldError:
        tlvs = ((UNREADABLE, body),)
    return pdu_class(status, sequence, tlvs, *values)


def _encode_unknown(pdu: UnknownPdu) -> bytes:
    return pdu.body


_ENCODERS: Final[dict[type[Pdu], BodyEncoder]] = {
    **{pdu: declared_encoder(pdu) for pdu in PDU_CLASSES.values()},
    UnknownPdu: _encode_unknown,
    SubmitSm: encode_short_message(declared_encoder(SubmitSm)),
    DeliverSm: encode_short_message(declared_encoder(DeliverSm)),
    SubmitSmResp: encode_message_id(declared_encoder(SubmitSmResp)),
    DeliverSmResp: encode_message_id(declared_encoder(DeliverSmResp)),
}
_DECODERS: Final[dict[int, BodyDecoder]] = {
    **{command_id: declared_decoder(pdu) for command_id, pdu in PDU_CLASSES.items()},
    SubmitSm.command_id: decode_short_message(SubmitSm, declared_decoder(SubmitSm)),
    DeliverSm.command_id: decode_short_message(DeliverSm, declared_decoder(DeliverSm)),
    SubmitSmResp.command_id: decode_message_id(SubmitSmResp, declared_decoder(SubmitSmResp)),
    DeliverSmResp.command_id: decode_message_id(DeliverSmResp, declared_decoder(DeliverSmResp)),
}
