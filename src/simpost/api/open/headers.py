"""The RT- headers of a request."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from simpost.api.open.envelope import ApiError, Code

MAX_OCTETS = 128
"""Longest value of any RT- header."""

_WORDS = {
    b"rt-accesscode": "RT-AccessCode",
    b"rt-secretkey": "RT-SecretKey",
    b"rt-requestid": "RT-RequestID",
    b"rt-timestamp": "RT-Timestamp",
    b"rt-signature": "RT-Signature",
}


class Headers(msgspec.Struct, frozen=True, gc=False):
    """What the caller gave, as octets; empty where it gave nothing."""

    access_code: bytes
    secret: bytes
    request_id: bytes
    timestamp: bytes
    signature: bytes


def parse_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Pick the RT- headers. Raises ApiError for one that is given twice, too long or not ASCII."""
    given: dict[bytes, bytes] = {}
    for name, value in raw:
        if name in _WORDS:
            if name in given:
                raise ApiError(Code.HEADER_MALFORMED, f"{_WORDS[name]} is given twice")
            if len(value) > MAX_OCTETS or not value.isascii() or b"\x00" in value:
                raise ApiError(
                    Code.HEADER_MALFORMED,
                    f"{_WORDS[name]} must be ASCII of at most {MAX_OCTETS} characters",
                )
            given[name] = value.strip()
    get = given.get
    return Headers(
        get(b"rt-accesscode", b""),
        get(b"rt-secretkey", b""),
        get(b"rt-requestid", b""),
        get(b"rt-timestamp", b""),
        get(b"rt-signature", b""),
    )
