"""The envelope of every response of the compatible API, and its error codes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from simpost.api.shared.problems import DEFAULT_RETRY_S, RETRY_STATUSES
from simpost.errors import InvalidRequest


class Code(StrEnum):
    """errorCode: six digits, always a string. `docs/api.md` describes each."""

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
    """The fields of every response, in this order."""

    success: bool
    error_code: str | None
    error_msg: str | None
    obj: Any


class ApiResponse(msgspec.Struct, frozen=True, gc=False):
    """A serialized response. `headers` are sent in addition to content type and length."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()


class ApiError(InvalidRequest):
    """The response to a request that failed; without a message, that of the dialect is used."""

    def __init__(
        self,
        code: Code,
        message: str | None = None,
        *,
        status: int = 200,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(message or code.name)
        self.code = code
        self.message = message
        self.status = status
        if status in RETRY_STATUSES and all(name != b"retry-after" for name, _ in headers):
            headers = (*headers, (b"retry-after", b"%d" % DEFAULT_RETRY_S))
        self.headers = headers


def encode(envelope: Envelope) -> bytes:
    """The envelope as JSON."""
    return msgspec.json.encode(envelope)
