"""JSON from suppliers, read without losing a digit: numbers stay the text that was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from babel.core import get_global

from simpost.domain.identifiers import (
    DigitsLost,
    digits_from_number,
    looks_rounded,
    passes_luhn,
    restore_digits,
)
from simpost.errors import InvalidRequest

MOST_NESTED: Final = 32
"""Arrays and objects within each other in a body."""
MOST_TEXT: Final = 128
"""Characters of a field that is kept."""
MOST_EVENTS: Final = 200
"""Events in one body."""

_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_GAPS: Final = re.compile(r"[\s\-().]+")
_ICCID: Final = re.compile(r"[0-9]{18,20}")
_IDENTIFIER: Final = re.compile(r"[\x21-\x7e]{1,64}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
_SECONDS_BELOW: Final = 10**11
"""A Unix time below this is in seconds, otherwise in milliseconds."""
_LOST: Final = (
    "the iccid {given} was a number that cannot have all its digits (a double has 15 to 17): "
    "ask the sender to send it as text"
)


class NotUnderstood(InvalidRequest):
    """The body is not as the source documents it."""


class UnknownEvent(InvalidRequest):
    """The source has events of this type, which mean nothing to simpost."""


class Number(str):
    """A number of a JSON document, as it was written."""

    __slots__ = ()


def parse_json(body: bytes) -> list[dict[str, Any]]:
    """The object in a body, or those of an array; numbers are `Number`. Raises NotUnderstood."""
    if body.count(b"{") + body.count(b"[") > MOST_NESTED:
        _check_nesting(body)
    try:
        found = _DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise NotUnderstood("the body is not JSON") from None
    objects = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in objects):
        raise NotUnderstood("the body is not a JSON object or an array of them")
    return objects


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
)


def _check_nesting(body: bytes) -> None:
    depth = 0
    for token in _TOKENS.findall(body):
        depth += token in b"[{" if len(token) == 1 else 0
        depth -= token in b"]}" if len(token) == 1 else 0
        if depth > MOST_NESTED:
            raise NotUnderstood(f"the body has more than {MOST_NESTED} levels")


def part(document: Any, name: str) -> dict[str, Any]:
    """The object in a field; an empty one if there is none."""
    found = document.get(name) if isinstance(document, Mapping) else None
    return found if isinstance(found, dict) else {}


def parts(document: Any, name: str) -> list[dict[str, Any]]:
    """The objects in the array of a field. Raises NotUnderstood for too many."""
    found = document.get(name) if isinstance(document, Mapping) else None
    objects = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    if len(objects) > MOST_EVENTS:
        raise NotUnderstood(f"{name} has more than {MOST_EVENTS} entries")
    return objects


def text(document: Any, *names: str) -> str:
    """The first of the fields that has a text or a number, at most MOST_TEXT characters."""
    for name in names:
        found = document.get(name) if isinstance(document, Mapping) else None
        if isinstance(found, str) and found.strip():
            return "".join(filter(str.isprintable, found.strip()))[:MOST_TEXT]
    return ""


def identifier(document: Any, *names: str) -> str:
    """As `text`; empty unless it is at most 64 visible ASCII characters."""
    found = text(document, *names)
    return found if _IDENTIFIER.fullmatch(found) else ""


def iccid(document: Any, *names: str) -> str:
    """The digits of an ICCID, without a trailing F; empty if no field has one.

    Raises NotUnderstood for an ICCID that lost digits, or that is none.
    """
    for name in names:
        found = document.get(name) if isinstance(document, Mapping) else None
        if isinstance(found, str) and found.strip():
            return parse_iccid(found)
    return ""


def parse_iccid(given: str) -> str:
    """The digits of one ICCID. Raises NotUnderstood as `iccid` does."""
    shown = "".join(filter(str.isprintable, given))[:40]
    try:
        if isinstance(given, Number) and given.isdigit():
            restored = digits_from_number(int(given[:40]))
        else:
            restored = restore_digits(given.strip()[:40])
    except DigitsLost:
        raise NotUnderstood(_LOST.format(given=shown)) from None
    digits = _GAPS.sub("", restored).rstrip("Ff")
    if not _ICCID.fullmatch(digits):
        raise NotUnderstood(f"the iccid must be 18 to 20 digits, not {shown!r}")
    if looks_rounded(digits) and not passes_luhn(digits):
        raise NotUnderstood(_LOST.format(given=shown))
    return digits


def number(document: Any, *names: str) -> float | None:
    """The first of the fields that has a number, or a text that is one."""
    for name in names:
        found = document.get(name) if isinstance(document, Mapping) else None
        if isinstance(found, str) and _NUMBER.fullmatch(found.strip()):
            return float(found)
    return None


def octets(document: Any, *names: str, unit: int = 1) -> int | None:
    """A number of octets; `unit` is how many one of the given units has."""
    found = number(document, *names)
    return None if found is None or not 0 <= found * unit < 2**62 else round(found * unit)


def percent(document: Any, *names: str) -> int | None:
    """A percentage from 0 to 100, rounded down."""
    text_ = text(document, *names).removesuffix("%").strip()
    found = number({"": text_}, "")
    return None if found is None else int(min(100, max(0, found)))


def country(document: Any, *names: str) -> str:
    """The ISO 3166-1 Alpha-2 code of a field with two or three letters; otherwise empty."""
    code = text(document, *names).upper()
    if len(code) == 3:
        code = next(iter(get_global("territory_aliases").get(code) or ()), "")
    return code if re.fullmatch(r"[A-Z]{2}", code) else ""


def time_ms(document: Any, *names: str, default: int) -> int:
    """Milliseconds since 1970 of an ISO 8601 or Unix time; the default if no field has one.

    A time without an offset is in UTC.
    """
    found = optional_time_ms(document, *names)
    return default if found is None else found


def optional_time_ms(document: Any, *names: str) -> int | None:
    """As `time_ms`; `None` if no field has a time."""
    for name in names:
        given = text(document, name)
        if not given:
            continue
        if _NUMBER.fullmatch(given):
            seconds = float(given)
            at_ms = round(seconds * 1000 if abs(seconds) < _SECONDS_BELOW else seconds)
            return at_ms if 0 < at_ms < 2**52 else None
        try:
            at = datetime.fromisoformat(given)
        except ValueError:
            continue
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return int(at.timestamp() * 1000)
    return None
