"""Addresses: type of number (SMPP 3.4 5.2.5), numbering plan (5.2.6) and digits or name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Ton(IntEnum):
    """Type of number (SMPP 3.4 5.2.5)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    """Numbering plan indicator (SMPP 3.4 5.2.6)."""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP_CLIENT = 18


MAX_ALPHANUMERIC: Final = 11  # GSM 7-bit characters: 20 semi-octets, 3GPP TS 23.040 9.1.2.5
MAX_E164_DIGITS: Final = 15
MAX_SHORT_CODE_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Address:
    """An address as in a PDU. ton and npi may have values outside `Ton` and `Npi`."""

    ton: int
    npi: int
    addr: str


def parse_address(text: str) -> Address:
    """Parse a number, short code or alphanumeric name, with the TON/NPI most SMSCs expect.

    - `+`, or more than 8 digits: international number, 1/1, without the `+`
    - up to 8 digits: short code, 3/0 (some SMSCs expect 0/0 instead)
    - anything else: alphanumeric name, 5/0

    Raises ValueError if it is empty, or too long for its kind.
    """
    digits = text.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        if len(digits) > MAX_E164_DIGITS:
            raise ValueError(f"{len(digits)} digits, E.164 allows {MAX_E164_DIGITS}")
        if digits == text and len(digits) <= MAX_SHORT_CODE_DIGITS:
            return Address(Ton.NETWORK_SPECIFIC, Npi.UNKNOWN, digits)
        return Address(Ton.INTERNATIONAL, Npi.ISDN, digits)
    if not 0 < len(text) <= MAX_ALPHANUMERIC:
        raise ValueError(f"{len(text)} characters, a name has 1 to {MAX_ALPHANUMERIC}")
    return Address(Ton.ALPHANUMERIC, Npi.UNKNOWN, text)
