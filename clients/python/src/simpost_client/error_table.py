"""Which error a response is: problems of the native API, envelopes of the compatible API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simpost_client.errors import (
    ApiError,
    AuthenticationFailed,
    Conflict,
    EventsGone,
    InvalidRequest,
    KeyReused,
    NotFound,
    PermissionDenied,
    RateLimited,
    Refused,
    ServerFailed,
    SmsNotSupported,
)

MAX_DETAIL: Final = 500
"""Characters of a host's own words in an error."""

CODES: Final[Mapping[str, type[ApiError]]] = {
    "sms_not_supported": SmsNotSupported,
    "request_id_reused": KeyReused,
    "events_gone": EventsGone,
    "code_wait": RateLimited,
    "code_budget_reached": RateLimited,
}
"""Errors of the native API that their code decides."""

STATUSES: Final[Mapping[int, type[ApiError]]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    405: InvalidRequest,
    409: Conflict,
    410: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
}

ENVELOPE_CODES: Final[Mapping[str, type[ApiError]]] = {
    "000001": ServerFailed,
    "000101": AuthenticationFailed,
    "000102": InvalidRequest,
    "000103": InvalidRequest,
    "000104": InvalidRequest,
    "000105": InvalidRequest,
    "000106": InvalidRequest,
    "000107": InvalidRequest,
    "101001": AuthenticationFailed,
    "101002": PermissionDenied,
    "101003": AuthenticationFailed,
    "200002": Refused,
    "200010": Conflict,
    "310201": NotFound,
    "310211": NotFound,
    "310241": NotFound,
    "310243": NotFound,
    "310272": NotFound,
    "310402": KeyReused,
    "310403": NotFound,
    "400001": InvalidRequest,
    "401001": AuthenticationFailed,
    "900001": RateLimited,
}
"""The documented codes of both dialects, as far as they concern texts, plans and eSIMs."""

_WITH_A_REMEDY: Final = frozenset({Conflict, InvalidRequest})
"""Refusals have a reason, and its remedy: other errors with these statuses have none."""


def problem_error(
    status: int, body: Mapping[str, Any], retry_after_s: float | None = None
) -> ApiError:
    """The error of a problem of the native API."""
    code = _text(body.get("code")) or f"http_{status}"
    remedy = _text(body.get("remedy"))
    kind = CODES.get(code) or STATUSES.get(status) or (ServerFailed if status >= 500 else ApiError)
    if remedy is not None and kind in _WITH_A_REMEDY:
        kind = Refused
    return kind(
        _text(body.get("detail")) or _text(body.get("title")) or "no explanation",
        status=status,
        code=code,
        reason=None if remedy is None else code,
        remedy=remedy,
        retry_after_s=retry_after_s,
        problem=dict(body),
    )


def envelope_error(
    status: int,
    body: Mapping[str, Any],
    *,
    reason: str | None = None,
    retry_after_s: float | None = None,
) -> ApiError:
    """The error of an envelope of the compatible API; `reason` is that of simpost, if it says."""
    code = _text(body.get("errorCode")) or f"http_{status}"
    kind = ENVELOPE_CODES.get(code, ServerFailed if status >= 500 else ApiError)
    if status == 429:
        kind = RateLimited
    if kind is Refused and reason == "sms_not_supported":
        kind = SmsNotSupported
    detail = _text(body.get("errorMsg")) or _text(body.get("errorMessage")) or "no explanation"
    return kind(
        detail,
        status=status,
        code=code,
        reason=reason,
        retry_after_s=retry_after_s,
        problem=dict(body),
    )


def _text(value: object) -> str | None:
    return value[:MAX_DETAIL] if isinstance(value, str) and value else None
