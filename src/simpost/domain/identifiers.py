"""Identifiers of SIMs and subscribers, checked as their standards write them."""

from __future__ import annotations

import re

_MSISDN = re.compile(r"[1-9][0-9]{2,14}")
_IMSI = re.compile(r"[0-9]{14,15}")


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check of the others (ISO/IEC 7812-1 Annex B)."""
    if not digits.isascii() or not digits.isdigit():
        return False
    odd = sum(int(digit) for digit in digits[-1::-2])
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (odd + even) % 10 == 0


def is_msisdn(text: str) -> bool:
    """Whether these are the digits of an E.164 number, without the plus."""
    return _MSISDN.fullmatch(text) is not None


def is_imsi(text: str) -> bool:
    """Whether these are the digits of an IMSI (E.212)."""
    return _IMSI.fullmatch(text) is not None
