"""Identifiers in imported rows: ICCID, MSISDN, IMSI, EID and names, restored from spreadsheets."""

from __future__ import annotations

import re
from typing import Any

from simpost.catalogue.row_fields import RefusedRow, clipped, quoted, text_of
from simpost.domain.identifiers import (
    DigitsLost,
    is_imsi,
    is_msisdn,
    looks_rounded,
    passes_luhn,
    passes_mod_97,
    restore_digits,
    without_trunk_zero,
)

_SPREADSHEET = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
_FRACTION = re.compile(r"\+?[0-9]{5,}[.,][0-9]{1,3}")
_NAME = re.compile(r"[\x21-\x7e]{1,64}")
_ICCID = re.compile(r"[0-9]{18,20}")
_GAPS = re.compile(r"[\s\-().]+")


def name_of(document: dict[str, Any], name: str) -> str:
    """An identifier: printable ASCII without spaces; empty when absent."""
    text = restored(name, text_of(document, name))
    if text and not _NAME.fullmatch(text):
        raise RefusedRow(f"{name} must be at most 64 visible characters, not {quoted(text)}")
    return put(document, name, text)


def restored(name: str, text: str) -> str:
    """The identifier without what a spreadsheet or a data frame did to it."""
    try:
        return restore_digits(text)
    except DigitsLost:
        raise _rounded(name, text) from None


def iccid_of(document: dict[str, Any]) -> str:
    """The ICCID in digits, as ITU-T E.118 writes it; empty when absent."""
    raw = restored("iccid", text_of(document, "iccid"))
    digits = _GAPS.sub("", raw).rstrip("Ff")
    if raw and not _ICCID.fullmatch(digits):
        _refuse_if_mangled("iccid", raw)
        raise RefusedRow(f"iccid must be 18 to 20 digits, not {quoted(raw)}")
    if looks_rounded(digits) and not passes_luhn(digits):
        raise _rounded("iccid", raw)
    return put(document, "iccid", digits)


def msisdn_of(document: dict[str, Any]) -> str:
    """The MSISDN in E.164 digits without plus; empty when absent."""
    raw = text_of(document, "msisdn")
    plain = restored("msisdn", raw.removeprefix("+"))
    if _FRACTION.fullmatch(plain):
        raise RefusedRow(f"msisdn must be E.164 digits, not {quoted(raw)}")
    international = without_trunk_zero(plain)
    if international is None:
        raise RefusedRow(f"msisdn {quoted(raw)} has a (0): write the number as E.164 does")
    digits = _GAPS.sub("", international).removeprefix("+").removeprefix("00")
    if raw and not is_msisdn(digits):
        _refuse_if_mangled("msisdn", raw)
        raise RefusedRow(f"msisdn must be E.164 digits, not {quoted(raw)}")
    return put(document, "msisdn", digits)


def imsi_of(document: dict[str, Any]) -> str:
    """The IMSI in digits (TS 23.003 2.2); empty when absent."""
    digits = restored("imsi", text_of(document, "imsi"))
    if digits and not is_imsi(digits):
        _refuse_if_mangled("imsi", digits)
        raise RefusedRow(f"imsi must be 14 or 15 digits, not {quoted(digits)}")
    return put(document, "imsi", digits)


def check_eid(document: dict[str, Any]) -> None:
    """Check the EID. It is only displayed, so an unusual one is accepted, but not a rounded one."""
    text = restored("eid", text_of(document, "eid"))
    _refuse_if_mangled("eid", text)
    if looks_rounded(text) and not passes_mod_97(text):
        raise _rounded("eid", text)
    put(document, "eid", text)


def put(document: dict[str, Any], name: str, text: str) -> str:
    """Set the field of the document, unless the text is empty, and return the text."""
    if text:
        document[name] = text
    return text


def _refuse_if_mangled(name: str, text: str) -> None:
    if _SPREADSHEET.fullmatch(text):
        raise _rounded(name, text)


def _rounded(name: str, text: str) -> RefusedRow:
    return RefusedRow(
        f"{name} {clipped(text)} was rounded by a spreadsheet: export the column as text"
    )
