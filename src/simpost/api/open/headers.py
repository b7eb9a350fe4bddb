"""The RT- headers of a request."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from simpost.api.open.envelope import ApiError, Code
from simpost.domain.messages import Category

MAX_OCTETS = 128
"""Longest value of any RT- header."""

_NAMES = {
    b"rt-accesscode": "RT-AccessCode",
    b"rt-secretkey": "RT-SecretKey",
    b"rt-requestid": "RT-RequestID",
    b"rt-timestamp": "RT-Timestamp",
    b"rt-signature": "RT-Signature",
    b"rt-category": "RT-Category",
}


class Headers(msgspec.Struct, frozen=True, gc=False):
    """The values as octets; empty for a missing header."""

    access_code: bytes
    secret: bytes
    request_id: bytes
    timestamp: bytes
    signature: bytes
    category: bytes


def parse_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The RT- headers. Raises ApiError if one is repeated, too long or not ASCII."""
    given: dict[bytes, bytes] = {}
    for name, value in raw:
        if name in _NAMES:
            if name in given:
                raise ApiError(Code.HEADER_MALFORMED, f"{_NAMES[name]} is given twice")
            if len(value) > MAX_OCTETS or not value.isascii() or 0 in value:
                raise ApiError(
                    Code.HEADER_MALFORMED,
                    f"{_NAMES[name]} must be ASCII of at most {MAX_OCTETS} characters",
                )
            given[name] = value.strip()
    get = given.get
    return Headers(
        get(b"rt-accesscode", b""),
        get(b"rt-secretkey", b""),
        get(b"rt-requestid", b""),
        get(b"rt-timestamp", b""),
        get(b"rt-signature", b""),
        get(b"rt-category", b""),
    )


def parse_category(value: bytes) -> Category:
    """The category of a RT-Category header. Raises ApiError for an unknown one."""
    try:
        return Category(value.decode("ascii"))
    except ValueError:
        names = ", ".join(Category)
        raise ApiError(Code.HEADER_MALFORMED, f"RT-Category must be one of {names}") from None
