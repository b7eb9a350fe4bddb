"""The envelope of every answer of the compatible API, and the codes that stand in it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from simpost.errors import InvalidRequest


class Code(StrEnum):
    """errorCode: six digits, always a string. `docs/api.md` says when each is answered."""

    SERVER_ERROR = "000001"
    HEADER_MISSING = "000101"
    HEADER_MALFORMED = "000102"
    METHOD_NOT_SUPPORTED = "000103"
    JSON_INVALID = "000104"
    PARAMETER_MISSING = "000105"
    PARAMETER_NULL = "000106"
    PARAMETER_LENGTH = "000107"
    TIMESTAMP_EXPIRED = "101001"
    IP_NOT_ALLOWED = "101002"
    CREDENTIALS_WRONG = "101003"
    NOT_ALLOWED = "200002"
    STILL_ALLOCATING = "200010"
    PACKAGE_UNKNOWN = "310241"
    ORDER_UNKNOWN = "310272"
    REQUEST_ID_REUSED = "310402"
    ESIM_UNKNOWN = "310403"
    PARAMETER_INVALID = "400001"
    BUSY = "900001"


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """What every answer looks like, in this order."""

    success: bool
    error_code: str | None
    error_msg: str | None
    obj: Any


class ApiResponse(msgspec.Struct, frozen=True, gc=False):
    """An answer ready to go out. `headers` come beside content type and length."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()


class ApiError(InvalidRequest):
    """What is answered instead of a result; without words of its own, in the dialect's."""

    def __init__(
        self,
        code: Code,
        words: str | None = None,
        *,
        status: int = 200,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(words or code.name)
        self.code = code
        self.words = words
        self.status = status
        self.headers = headers


def encode(envelope: Envelope) -> bytes:
    """The envelope as JSON."""
    return msgspec.json.encode(envelope)
