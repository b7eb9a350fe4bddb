"""Builds the submit_sm of a part (SMPP 3.4 4.4.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from simpost.carriers.smpp.data_coding import data_codings
from simpost.config import SmppCarrierSettings as Settings
from simpost.config.part_prices import part_prices
from simpost.domain.options import Concatenation, Options
from simpost.ports.carrier import AddressType, CarrierCapabilities, OutboundPart
from simpost.smpp import (
    Address,
    FieldError,
    Npi,
    Status,
    SubmitSm,
    Tag,
    Ton,
    format_absolute,
    format_relative,
    int_tlv,
    parse_address,
)
from simpost.text import (
    CARRIAGE_RETURN,
    Encoding,
    encode,
    fill_bits_after,
    pack_septets,
    parse_encoding,
    part_header,
)

_UDHI = 0x40
_BOTH_OUTCOMES = 0x01
_NO_RECEIPT = 0x00
_PAYLOAD = Concatenation.PAYLOAD

_DESTINATION = {
    AddressType.MSISDN: (Ton.INTERNATIONAL, Npi.ISDN),
    AddressType.IMSI: (Ton.UNKNOWN, Npi.LAND_MOBILE),
    AddressType.ICCID: (Ton.UNKNOWN, Npi.UNKNOWN),
    AddressType.ESIM_TRAN_NO: (Ton.UNKNOWN, Npi.UNKNOWN),
}
_CLASS_ALPHABETS = {
    "off": frozenset[str](),
    "general": frozenset({"gsm7", "ucs2", "binary"}),
    "group_f": frozenset({"gsm7", "ucs2", "binary"}),
    "subunit": frozenset({"gsm7", "latin1", "ascii", "ucs2", "binary"}),
}
_Tlvs = tuple[tuple[int, bytes], ...]


def capabilities_of(settings: Settings) -> CarrierCapabilities:
    """Return the capabilities in the settings."""
    return CarrierCapabilities(
        name=settings.name,
        address=AddressType(settings.address),
        alphabet=settings.default_alphabet,
        concatenation=settings.concatenation,
        reference_bits=settings.reference_bits,
        languages=settings.languages,
        max_parts=settings.max_parts,
        sender=settings.source_address,
        senders=settings.senders,
        class_alphabets=_CLASS_ALPHABETS[settings.message_class],
        binary=settings.binary,
        receipts=settings.receipts == "on",
        prices=part_prices(settings.price_per_part, settings.prices),
    )


class SubmitBuilder:
    """Builds submit_sm PDUs as the settings of one carrier require."""

    def __init__(self, settings: Settings) -> None:
        self._service_type = settings.service_type
        self._packed = settings.gsm7 == "packed"
        self._padding = CARRIAGE_RETURN if settings.gsm7_padding == "cr" else 0
        self._concatenation = capabilities_of(settings).concatenation_method
        self._codings = data_codings(settings)
        self._has_subunit = settings.message_class == "subunit"
        self._validity = _VALIDITY[settings.validity]
        self._ton, self._npi = _destination(settings)
        self._senders = {
            Ton.INTERNATIONAL: _ton_npi(settings.number_ton_npi),
            Ton.NETWORK_SPECIFIC: _ton_npi(settings.short_code_ton_npi),
            Ton.ALPHANUMERIC: _ton_npi(settings.name_ton_npi),
        }
        self._source = lru_cache(maxsize=256)(self._parse_source)

    def submit_sm(self, part: OutboundPart, now_ms: int) -> SubmitSm:
        """Return the PDU. Raises `FieldError` if this carrier has no encoding for the part."""
        encoding = parse_encoding(part.encoding)
        options = part.options
        header: bytes = b""
        tlvs: _Tlvs = ()
        if part.total > 1 or options.ports or encoding.single or encoding.locking:
            header, tlvs = self._concatenated(part, encoding)
        octets = header + self._user_data(part.text, encoding, header)
        if options.concatenation is _PAYLOAD:
            tlvs = ((Tag.MESSAGE_PAYLOAD, octets),)
            octets = b""
        if self._has_subunit and options.message_class is not None:
            tlvs += (int_tlv(Tag.DEST_ADDR_SUBUNIT, options.message_class + 1, 1),)
        source = self._source(part.sender)
        # By place: a class of many fields costs twice as much to call by keywords.
        return SubmitSm(
            0,  # command_status
            0,  # sequence_number
            tlvs,
            self._service_type,
            source.ton,
            source.npi,
            source.addr,
            self._ton,
            self._npi,
            part.destination,
            _UDHI if header else 0,  # esm_class
            0,  # protocol_id
            0,  # priority_flag
            "",  # schedule_delivery_time
            self._validity(part.expires_ms, now_ms),
            _BOTH_OUTCOMES if options.receipt else _NO_RECEIPT,  # registered_delivery
            0,  # replace_if_present_flag
            self._data_coding(encoding, options),
            0,  # sm_default_msg_id
            octets,
        )

    def _concatenated(self, part: OutboundPart, encoding: Encoding) -> tuple[bytes, _Tlvs]:
        """Return the user data header or the sar TLVs of the part, never both."""
        concatenation = part.options.concatenation or self._concatenation
        by_header = concatenation in (Concatenation.UDH8, Concatenation.UDH16)
        bits = 8 if concatenation is Concatenation.UDH8 else 16
        header = part_header(
            encoding,
            reference=part.reference & (1 << bits) - 1,
            total=part.total if by_header else 1,
            number=part.number if by_header else 1,
            bits=8 if bits == 8 else 16,
            ports=part.options.ports,
        )
        if by_header or part.total == 1:
            return header, ()
        if header:
            raise FieldError("esm_class", "has a header next to sar TLVs", Status.ESME_RINVESMCLASS)
        return b"", (
            int_tlv(Tag.SAR_MSG_REF_NUM, part.reference, 2),
            int_tlv(Tag.SAR_TOTAL_SEGMENTS, part.total, 1),
            int_tlv(Tag.SAR_SEGMENT_SEQNUM, part.number, 1),
        )

    def _user_data(self, text: str, encoding: Encoding, header: bytes) -> bytes:
        octets = encode(text, encoding)
        if self._packed and encoding.alphabet == "gsm7":
            return pack_septets(octets, fill_bits_after(len(header)), padding=self._padding)
        return octets

    def _data_coding(self, encoding: Encoding, options: Options) -> int:
        try:
            return self._codings[encoding.alphabet, options.message_class]
        except KeyError:
            problem = f"has no value for {encoding.alphabet} of class {options.message_class}"
            raise FieldError("data_coding", problem, Status.ESME_RINVDCS) from None

    def _parse_source(self, sender: str) -> Address:
        if not sender:
            return Address(Ton.UNKNOWN, Npi.UNKNOWN, "")
        usual = parse_address(sender)
        return Address(*self._senders[Ton(usual.ton)], usual.addr)


def _destination(settings: Settings) -> tuple[int, int]:
    if settings.destination_ton_npi:
        return _ton_npi(settings.destination_ton_npi)
    return _DESTINATION[AddressType(settings.address)]


def _ton_npi(text: str) -> tuple[int, int]:
    ton, _, npi = text.partition("/")
    return int(ton), int(npi)


# The validity_period (SMPP 3.4 5.2.16) for each value of the setting `validity`.


def _no_validity(_expires_ms: int, _now_ms: int) -> str:
    return ""


def _relative(expires_ms: int, now_ms: int) -> str:
    """Return seconds from now: correct also if the clock of the SMSC is wrong."""
    return _relative_text(max(1, (expires_ms - now_ms) // 1000))


def _absolute(expires_ms: int, _now_ms: int) -> str:
    return _absolute_text(expires_ms // 1000)


@lru_cache(maxsize=1024)
def _relative_text(seconds: int) -> str:
    return format_relative(timedelta(seconds=seconds))


@lru_cache(maxsize=1024)
def _absolute_text(seconds: int) -> str:
    return format_absolute(datetime.fromtimestamp(seconds, UTC))


_VALIDITY: dict[str, Callable[[int, int], str]] = {
    "relative": _relative,
    "absolute": _absolute,
    "off": _no_validity,
}
