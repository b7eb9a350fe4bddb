"""The fields of a submit and its response as people read them (SMPP 3.4 4.4, 5.1, 5.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from simpost.config import SmppCarrierSettings as Settings
from simpost.domain.exchanges import ExchangeField, ExchangeSide, FieldPrivacy
from simpost.smpp import (
    Npi,
    Pdu,
    SubmitSm,
    Tag,
    Ton,
    command_name,
    decode,
    encode,
    status_meaning,
    status_name,
    tag_name,
)
from simpost.smpp.pdu import layout
from simpost.text import (
    Header,
    coding_of,
    parse_header,
    read_text,
    received_label,
    text_octets,
)

NO_SEQUENCE: Final = "not stored; 0 in the octets"
_UDHI: Final = 0x40
_RECEIPTS: Final = ("none", "of success and failure", "of failure", "of success")
_MODES: Final = ("default mode", "datagram mode", "forward mode", "store and forward mode")
_NUMBERS: Final = frozenset({"source_addr", "destination_addr"})
_TEXTS: Final = frozenset({"short_message", tag_name(Tag.MESSAGE_PAYLOAD)})
_INTEGERS: Final = frozenset(
    {Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM, Tag.DEST_ADDR_SUBUNIT}
)


def shown_submit(
    submit: SubmitSm, settings: Settings, *, has_text: bool, has_sequence: bool
) -> ExchangeSide:
    """A submit_sm, encoded and decoded again by the codec that sends them.

    Without its text there are neither octets nor lengths. Raises `FieldError` if it cannot be
    encoded, so that it was never sent.
    """
    octets = encode(submit)
    pdu = decode(octets)
    assert isinstance(pdu, SubmitSm)
    length = str(len(octets)) if has_text else None
    fields = [
        ExchangeField("command_length", length, "" if has_text else "depends on the text"),
        _command(pdu),
        _status(pdu),
        _sequence(pdu, is_known=has_sequence),
        *_body(pdu, settings, has_text=has_text),
        *_tlvs(pdu, settings, has_text=has_text),
    ]
    return ExchangeSide(
        command_name(pdu.command_id), tuple(fields), octets.hex() if has_text else None
    )


def shown_response(pdu: Pdu, *, is_whole: bool) -> ExchangeSide:
    """A response. Unless it `is_whole` its sequence number and optional parameters are unknown."""
    fields = [_command(pdu), _status(pdu), _sequence(pdu, is_known=is_whole)]
    for name, _ in layout(type(pdu)):
        fields.append(ExchangeField(name, str(getattr(pdu, name))))
    fields += [ExchangeField(tag_name(tag), value.hex()) for tag, value in pdu.tlvs if tag >= 0]
    if pdu.unreadable:
        fields.append(ExchangeField("(unreadable)", pdu.unreadable.hex()))
    return ExchangeSide(
        command_name(pdu.command_id), tuple(fields), encode(pdu).hex() if is_whole else None
    )


def _command(pdu: Pdu) -> ExchangeField:
    return ExchangeField("command_id", f"0x{pdu.command_id:08X}", command_name(pdu.command_id))


def _status(pdu: Pdu) -> ExchangeField:
    status = pdu.command_status
    meaning = f"{status_name(status)}: {status_meaning(status)}"
    return ExchangeField("command_status", f"0x{status:08X}", meaning)


def _sequence(pdu: Pdu, *, is_known: bool) -> ExchangeField:
    value = str(pdu.sequence_number) if is_known else None
    return ExchangeField("sequence_number", value, "" if is_known else NO_SEQUENCE)


def _body(pdu: SubmitSm, settings: Settings, *, has_text: bool) -> Iterator[ExchangeField]:
    for name, _ in layout(SubmitSm):
        value = getattr(pdu, name)
        if name == "short_message":
            size = str(len(value)) if has_text else None
            yield ExchangeField("sm_length", size, _octets_of(pdu) if has_text else "")
            yield _text(name, value, pdu, settings, has_text=has_text)
        else:
            privacy = FieldPrivacy.NUMBER if name in _NUMBERS else FieldPrivacy.OPEN
            yield ExchangeField(name, str(value), _meaning(name, value, settings), privacy)


def _octets_of(pdu: SubmitSm) -> str:
    return "the text is in message_payload" if pdu.tlv(Tag.MESSAGE_PAYLOAD) is not None else ""


def _tlvs(pdu: SubmitSm, settings: Settings, *, has_text: bool) -> Iterator[ExchangeField]:
    for tag, value in pdu.tlvs:
        name = tag_name(tag)
        if name in _TEXTS:
            yield _text(name, value, pdu, settings, has_text=has_text)
        else:
            number = str(int.from_bytes(value, "big")) if tag in _INTEGERS else value.hex()
            yield ExchangeField(name, number, f"TLV 0x{tag:04X}")


def _text(
    name: str, octets: bytes, pdu: SubmitSm, settings: Settings, *, has_text: bool
) -> ExchangeField:
    """User data in hex; its meaning is the header and the text in it."""
    header = parse_header(octets) if octets and pdu.esm_class & _UDHI else None
    if not has_text:
        return ExchangeField(name, None, _header_words(header), FieldPrivacy.TEXT)
    alphabet = _alphabet(pdu.data_coding, settings)
    text = text_octets(octets, header, alphabet, packed=settings.gsm7 == "packed")
    words = read_text(text, received_label(alphabet, header))
    meaning = "; ".join(filter(None, (_header_words(header), words)))
    return ExchangeField(name, octets.hex(), meaning, FieldPrivacy.TEXT)


def _header_words(header: Header | None) -> str:
    if header is None:
        return ""
    words = []
    if place := header.concatenation:
        words.append(
            f"part {place.number} of {place.total}, reference {place.reference} "
            f"of {place.bits} bits"
        )
    if header.ports:
        words.append(f"to port {header.ports.destination} from {header.ports.source}")
    if header.locking or header.single:
        words.append(f"national tables {header.locking}/{header.single}")
    return "header: " + ", ".join(words) if words else ""


def _alphabet(data_coding: int, settings: Settings) -> str:
    if data_coding == settings.default_data_coding:
        return settings.default_alphabet
    if data_coding == settings.binary_data_coding:
        return "binary"
    return coding_of(data_coding).alphabet


def _meaning(name: str, value: int | str, settings: Settings) -> str:
    if isinstance(value, str):
        return _validity(value) if name == "validity_period" else ""
    if name == "data_coding":
        return _coding_words(value, settings)
    words = _WORDS.get(name)
    return words(value) if words else ""


def _coding_words(value: int, settings: Settings) -> str:
    coding, alphabet = coding_of(value), _alphabet(value, settings)
    if alphabet != coding.alphabet or coding.message_class is None:
        return alphabet
    return f"{alphabet}, class {coding.message_class}"


def _esm_class_words(value: int) -> str:
    return _MODES[value & 0x03] + (", with a user data header" if value & _UDHI else "")


def _receipt_words(value: int) -> str:
    return f"receipts: {_RECEIPTS[value & 0x03]}"


def _enum_name(kind: type[Ton | Npi], value: int) -> str:
    try:
        return kind(value).name.lower().replace("_", " ")
    except ValueError:
        return "reserved"


def _validity(text: str) -> str:
    if not text:
        return "the SMSC's own"
    return "from when it was sent" if text.endswith("R") else "absolute time"


_WORDS: Final[Mapping[str, Callable[[int], str]]] = {
    "source_addr_ton": partial(_enum_name, Ton),
    "source_addr_npi": partial(_enum_name, Npi),
    "dest_addr_ton": partial(_enum_name, Ton),
    "dest_addr_npi": partial(_enum_name, Npi),
    "esm_class": _esm_class_words,
    "registered_delivery": _receipt_words,
}
