"""Type of number and numbering plan (SMPP 3.4 5.2.5, 5.2.6), and how senders are written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Ton(IntEnum):
    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
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


MAX_ALPHANUMERIC: Final = 11  # GSM characters: 20 semi-octets of TS 23.040 9.1.2.5
MAX_E164_DIGITS: Final = 15
MAX_SHORT_CODE_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Address:
    """ton, npi and the address as they stand in a PDU; on the wire the two are any octet."""

    ton: int
    npi: int
    addr: str


def parse_address(text: str) -> Address:
    """A number, short code or name as carriers commonly want it written.

    `+` or more than 8 digits: international, 1/1, without the `+`. Up to 8 digits: a short code,
    3/0 (a carrier that wants 0/0 says so in its carrier's settings). Anything else: a name, 5/0.
    Raises ValueError when it is empty, or too long for its kind.
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
