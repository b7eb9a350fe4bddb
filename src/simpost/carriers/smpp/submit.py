"""From a part to the submit_sm that carries it (SMPP 3.4 4.4.1)."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Literal

from simpost.config import SmppCarrier as Settings
from simpost.ports.carrier import Address, Submission
from simpost.smpp import Address as SmppAddress
from simpost.smpp import Npi, SubmitSm, Ton, address_of, format_relative
from simpost.text import (
    Encoding,
    encode,
    fill_bits_after,
    pack_septets,
    parse_encoding,
    part_header,
)

_UDHI = 0x40
_BOTH_OUTCOMES = 0x01
_DATA_CODING = {"gsm7": 0x00, "ucs2": 0x08}

_DESTINATION = {
    Address.MSISDN: (Ton.INTERNATIONAL, Npi.ISDN),
    Address.IMSI: (Ton.UNKNOWN, Npi.LAND_MOBILE),
    Address.ICCID: (Ton.UNKNOWN, Npi.UNKNOWN),
    Address.ESIM_TRAN_NO: (Ton.UNKNOWN, Npi.UNKNOWN),
}

_encoding = lru_cache(maxsize=256)(parse_encoding)


@lru_cache(maxsize=1024)
def _relative(seconds: int) -> str:
    return format_relative(timedelta(seconds=seconds))


@lru_cache(maxsize=256)
def _source(sender: str) -> SmppAddress:
    return address_of(sender) if sender else SmppAddress(Ton.UNKNOWN, Npi.UNKNOWN, "")


class Submitter:
    """Writes parts the way one carrier wants them."""

    def __init__(self, settings: Settings) -> None:
        self._service_type = settings.service_type
        self._packed = settings.gsm7 == "packed"
        self._bits: Literal[8, 16] = settings.reference_bits
        self._references = (1 << settings.reference_bits) - 1
        self._says_validity = settings.validity
        self._ton, self._npi = _DESTINATION[Address(settings.address)]

    def submit_sm(self, part: Submission, now_ms: int) -> SubmitSm:
        encoding = _encoding(part.encoding)
        header = part_header(
            encoding,
            reference=part.reference & self._references,
            total=part.total,
            number=part.number,
            bits=self._bits,
        )
        source = _source(part.sender)
        return SubmitSm(
            service_type=self._service_type,
            source_addr_ton=source.ton,
            source_addr_npi=source.npi,
            source_addr=source.addr,
            dest_addr_ton=self._ton,
            dest_addr_npi=self._npi,
            destination_addr=part.destination,
            esm_class=_UDHI if header else 0,
            validity_period=self._validity(part, now_ms),
            registered_delivery=_BOTH_OUTCOMES,
            data_coding=_DATA_CODING[encoding.alphabet],
            short_message=header + self._user_data(part.text, encoding, header),
        )

    def _user_data(self, text: str, encoding: Encoding, header: bytes) -> bytes:
        octets = encode(text, encoding)
        if self._packed and encoding.alphabet == "gsm7":
            return pack_septets(octets, fill_bits_after(len(header)))
        return octets

    def _validity(self, part: Submission, now_ms: int) -> str:
        """Relative, so that it holds whatever the message centre's clock says."""
        if not self._says_validity:
            return ""
        return _relative(max(1, (part.expires_ms - now_ms) // 1000))
