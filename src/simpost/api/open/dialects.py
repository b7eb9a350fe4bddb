"""The two documented dialects as data: what differs between them, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import msgspec

from simpost.api.open.envelope import ApiError, ApiResponse, Code, Envelope, encode
from simpost.domain.accounts import Dialect


class Paging(msgspec.Struct, frozen=True):
    """Bounds of esim/query's pager. Clients of both dialects leave it out."""

    most_size: int
    most_number: int
    default_size: int = 20


class DialectRules(msgspec.Struct, frozen=True, dict=True):
    """The rules of one dialect.

    Attributes:
        success_code: errorCode of a success.
        nothing: obj of a success without a result.
        messages: errorMsg by code, where the error has no message of its own.
        checks_webhook: a webhook is saved only after it answered CHECK_HEALTH with 200.
    """

    success_code: str | None
    nothing: Mapping[str, Any] | None
    messages: Mapping[Code, str]
    paging: Paging
    checks_webhook: bool

    @cached_property
    def done(self) -> ApiResponse:
        """A success without a result."""
        return self.result(self.nothing)

    def result(self, obj: Any) -> ApiResponse:
        """A success with `obj`."""
        return ApiResponse(encode(Envelope(True, self.success_code, None, obj)))

    def error(self, error: ApiError) -> ApiResponse:
        """The response to an error."""
        message = error.message or self.messages[error.code]
        body = encode(Envelope(False, error.code, message, None))
        return ApiResponse(body, error.status, error.headers)


_MESSAGES = {
    Code.SERVER_ERROR: "Server error",
    Code.HEADER_MISSING: "A mandatory request header is missing",
    Code.HEADER_MALFORMED: "A request header has the wrong format",
    Code.METHOD_NOT_SUPPORTED: "This HTTPS request method is not supported: use POST",
    Code.JSON_INVALID: "The request is not in valid JSON format",
    Code.PARAMETER_MISSING: "A mandatory request parameter is not contained",
    Code.PARAMETER_NULL: "A mandatory request parameter is null",
    Code.PARAMETER_LENGTH: "The length of a request parameter does not meet the requirement",
    Code.TIMESTAMP_EXPIRED: "The timestamp of the request has expired",
    Code.IP_NOT_ALLOWED: "This IP address is not allowed",
    Code.CREDENTIALS_WRONG: "The access code, secret or signature does not match",
    Code.NOT_ALLOWED: "This operation is not allowed",
    Code.STILL_ALLOCATING: "the batchOrder has been getting resource",
    Code.PACKAGE_UNKNOWN: "The packageCode does not exist",
    Code.ORDER_UNKNOWN: "the orderNo doesn't exist",
    Code.REQUEST_ID_REUSED: "This RT-RequestID was used before for another request",
    Code.ESIM_UNKNOWN: "The eSIM transaction number does not exist",
    Code.PARAMETER_INVALID: "A request parameter has a value that is not documented",
    Code.BUSY: "The system is busy, try again later",
}

RULES: Mapping[Dialect, DialectRules] = MappingProxyType(
    {
        Dialect.HIROAMING: DialectRules(
            success_code=None,
            nothing=None,
            messages=_MESSAGES,
            paging=Paging(most_size=100, most_number=1_000_000),
            checks_webhook=False,
        ),
        Dialect.ESIM_ACCESS: DialectRules(
            success_code="0",
            nothing={},
            messages=_MESSAGES
            | {
                Code.NOT_ALLOWED: "This operation is not allowed due to the order status.",
                Code.ESIM_UNKNOWN: "The ICCID does not exist in the order.",
            },
            paging=Paging(most_size=500, most_number=10_000),
            checks_webhook=True,
        ),
    }
)
