"""Form bodies and queries, with bounds."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from simpost.api.shapes.calls import Failure, ShapeError

MAX_FIELDS: Final = 100
_MAX_DIGITS: Final = 9


def read_form(octets: bytes, known: Collection[str]) -> dict[str, str]:
    """The known fields, blank ones left out; others are ignored. Raises ShapeError."""
    try:
        pairs = parse_qsl(
            octets.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:  # and UnicodeDecodeError
        detail = f"The form is not UTF-8, or has more than {MAX_FIELDS} fields"
        raise ShapeError(Failure.INVALID, detail) from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            continue
        if name in fields:
            raise ShapeError(Failure.INVALID, f"{name} is given twice")
        if "\x00" in value:
            raise ShapeError(Failure.INVALID, f"{name} contains a NUL character")
        fields[name] = value
    return {name: value for name, value in fields.items() if value and not value.isspace()}


def whole_number(name: str, text: str, code: str = "") -> int:
    """A number of at most nine digits. Raises ShapeError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise ShapeError(Failure.INVALID, f"{name} must be a whole number", code=code)
    return int(text)


def instant_ms(name: str, text: str, code: str = "") -> int:
    """An ISO 8601 time, in UTC without an offset, or a day. Raises ShapeError."""
    try:
        found = datetime.fromisoformat(text)
        at = found if found.tzinfo else found.replace(tzinfo=UTC)
        return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise ShapeError(Failure.INVALID, f"{name} must be an ISO 8601 time", code=code) from None
