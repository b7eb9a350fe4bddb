"""Checks identifiers of SIMs and subscribers by their standards."""

from __future__ import annotations

import re
from decimal import Decimal

_MSISDN = re.compile(r"[1-9][0-9]{2,14}")
_DOUBLED = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}
_IMSI = re.compile(r"[0-9]{14,15}")


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check of the others (ISO/IEC 7812-1 Annex B)."""
    if not digits.isascii() or not digits.isdigit():
        return False
    odd = sum(int(digit) for digit in digits[-1::-2])
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (odd + even) % 10 == 0


def luhn_digit(digits: str) -> str:
    """The check digit that makes the digits pass the Luhn check."""
    odd = sum(map(_DOUBLED.__getitem__, digits[-1::-2]))
    return str(-(odd + sum(map(int, digits[-2::-2]))) % 10)


def iccid_forms(iccid: str) -> tuple[str, str, str]:
    """The digits under which the same ICCID may be written, the given ones first.

    ITU-T E.118: 18 or 19 digits and a check digit, which some leave out. Digits that pass the Luhn
    check may have it or not, so that there are three forms; equal ones repeat the first.
    """
    has_check = len(iccid) > 18 and luhn_digit(iccid[:-1]) == iccid[-1]
    return iccid, iccid[:-1] if has_check else iccid, iccid + luhn_digit(iccid)


def is_msisdn(text: str) -> bool:
    """Whether these are the digits of an E.164 number, without the plus."""
    return _MSISDN.fullmatch(text) is not None


def is_imsi(text: str) -> bool:
    """Whether these are the digits of an IMSI (E.212)."""
    return _IMSI.fullmatch(text) is not None


class DigitsLost(Exception):
    """The identifier was converted to a number that cannot hold all its digits."""


_DECIMAL = re.compile(r"([0-9]+)[.,]0+")
_SCIENTIFIC = re.compile(r"([0-9])[.,]?([0-9]*)[eE]\+?([0-9]{1,4})")
_SURE = 15
"""Decimal digits that a double holds exactly; spreadsheets keep no more."""
_MOST_EXACT = 2**53


def restore_digits(text: str) -> str:
    """The identifier of a text that a program has converted to a number and back.

    `4915112345678.0` and `4.915112345678E+12` still hold every digit; raises DigitsLost where
    digits may be lost. A text that is not a number's is given back as it is.
    """
    if found := _DECIMAL.fullmatch(text):
        digits = found[1]
    elif (found := _SCIENTIFIC.fullmatch(text)) and not text.isalnum():
        digits = found[1] + found[2]
        if len(digits) != int(found[3]) + 1:
            raise DigitsLost
    else:
        return text
    if len(digits) > 16 or int(digits) > _MOST_EXACT:
        raise DigitsLost
    return digits


def digits_from_number(number: float) -> str:
    """The digits of an identifier that a JSON document gives as a number.

    Raises DigitsLost where it is what a double may have made of other digits: beyond 2**53 only an
    integer that no double prints as is surely the one that was meant.
    """
    if isinstance(number, float):
        if not number.is_integer() or abs(number) > _MOST_EXACT:
            raise DigitsLost
        return str(int(number))
    if abs(number) > _MOST_EXACT and _may_be_a_double(number):
        raise DigitsLost
    return str(number)


def _may_be_a_double(number: int) -> bool:
    if abs(number) >= 10**300 or looks_rounded(str(number)):
        return True
    double = float(number)
    return number in (int(double), int(Decimal(repr(double))))


def looks_rounded(digits: str) -> bool:
    """Whether nothing but zeros follow the 15 digits that a spreadsheet keeps."""
    return len(digits) > _SURE and not digits[_SURE:].strip("0")


def passes_mod_97(eid: str) -> bool:
    """Whether the last two digits are the check digits of an EID (SGP.29, ISO/IEC 7064)."""
    return eid.isascii() and eid.isdigit() and int(eid) % 97 == 1


_TRUNK = re.compile(r"\(\s*(0)([\s0-9]*)\)")
_KEEPS_ZERO = re.compile(r"39|378|379|225|241|242")
"""Countries whose numbers may begin with a zero (Italy, San Marino, the Vatican, Ivory Coast,
Gabon, Congo): there it is no trunk prefix."""


def without_trunk_zero(written: str) -> str | None:
    """A number without the zero in `+44 (0)7700 900123`, which is dialled inside a country only.

    `None` if it may be part of the number: no country code, or a country that keeps the zero.
    """
    found = _TRUNK.search(written)
    if not found:
        return written
    country = re.sub(r"[^0-9]", "", written[: found.start()]).removeprefix("00")
    rest = found[2].strip()
    if not country:
        return written if rest.startswith("0") else None
    if _KEEPS_ZERO.fullmatch(country):
        return written if rest else None
    return f"{written[: found.start()]}{rest}{written[found.end() :]}"
