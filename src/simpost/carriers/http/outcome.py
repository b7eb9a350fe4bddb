"""The outcome of an attempt, from the response of an HTTP carrier.

docs/carriers.md shows the table of statuses with its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.net.http_client import HttpResponse

MAX_RETRY_AFTER_S: Final = 3600.0
_MAX_ID: Final = 255
CREDENTIALS_REFUSED: Final = 401
_REQUEST_TIMED_OUT: Final = 408
_TOO_MANY_REQUESTS: Final = 429
_NOT_IMPLEMENTED: Final = 501
_UNAVAILABLE: Final = 503

NOT_SENT: Final = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
NO_RESPONSE: Final = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)


def outcome_of(response: HttpResponse, id_path: str, now_ms: int) -> Outcome:
    """Return the outcome of an attempt from the status of its response."""
    status = response.status
    code = f"HTTP {status}"
    if 200 <= status < 300:
        return Outcome(OutcomeKind.ACCEPTED, carrier_message_id=message_id(response.body, id_path))
    wait_s = retry_after_s(response.headers, now_ms)
    if status == _TOO_MANY_REQUESTS:
        return Outcome(
            OutcomeKind.THROTTLED,
            reason=Reason.THROTTLED,
            carrier_code=code,
            retry_after_s=wait_s,
        )
    if status in (_REQUEST_TIMED_OUT, _UNAVAILABLE):
        return Outcome(
            OutcomeKind.UNREACHABLE,
            reason=Reason.CARRIER_BUSY,
            carrier_code=code,
            retry_after_s=wait_s,
        )
    if status == CREDENTIALS_REFUSED:
        return Outcome(
            OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE, carrier_code=code
        )
    if status >= 500 and status != _NOT_IMPLEMENTED:
        return Outcome(OutcomeKind.IN_DOUBT, reason=Reason.UNCLEAR_RESPONSE, carrier_code=code)
    return Outcome(OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED, carrier_code=code)


def message_id(body: bytes, path: str) -> str:
    """Return the string or integer at the path; empty if there is none or it is too long."""
    if not path:
        return ""
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return ""
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if len(text) <= _MAX_ID else ""


def retry_after_s(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Return the seconds of Retry-After (RFC 9110 10.2.3), at most one hour; `None` if invalid."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        wait_s = float(text)
    else:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        wait_s = (when - datetime.fromtimestamp(now_ms / 1000, UTC)).total_seconds()
    return min(max(0.0, wait_s), MAX_RETRY_AFTER_S)
