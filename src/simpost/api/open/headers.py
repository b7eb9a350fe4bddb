"""The RT- headers of a request."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from simpost.api.open.envelope import ApiError, Code
from simpost.domain.messages import Category

MAX_OCTETS = 128
"""Longest value of any RT- header."""

_FIELDS = {
    b"rt-accesscode": "access_code",
    b"rt-secretkey": "secret",
    b"rt-requestid": "request_id",
    b"rt-timestamp": "timestamp",
    b"rt-signature": "signature",
    b"rt-category": "category",
}
_NAMES = {
    "access_code": "RT-AccessCode",
    "secret": "RT-SecretKey",
    "request_id": "RT-RequestID",
    "timestamp": "RT-Timestamp",
    "signature": "RT-Signature",
    "category": "RT-Category",
}


class Headers(msgspec.Struct, frozen=True, gc=False):
    """The values as octets; empty for a missing header."""

    access_code: bytes = b""
    secret: bytes = b""
    request_id: bytes = b""
    timestamp: bytes = b""
    signature: bytes = b""
    category: bytes = b""


def parse_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The RT- headers. Raises ApiError if one is repeated, too long or not ASCII."""
    given: dict[str, bytes] = {}
    for name, value in raw:
        if name in _FIELDS:
            field = _FIELDS[name]
            if field in given:
                raise ApiError(Code.HEADER_MALFORMED, f"{_NAMES[field]} is given twice")
            if len(value) > MAX_OCTETS or not value.isascii() or 0 in value:
                raise ApiError(
                    Code.HEADER_MALFORMED,
                    f"{_NAMES[field]} must be ASCII of at most {MAX_OCTETS} characters",
                )
            given[field] = value.strip()
    return Headers(**given)


def parse_category(value: bytes) -> Category:
    """The category of a RT-Category header. Raises ApiError for an unknown one."""
    try:
        return Category(value.decode("ascii"))
    except ValueError:
        names = ", ".join(Category)
        raise ApiError(Code.HEADER_MALFORMED, f"RT-Category must be one of {names}") from None
