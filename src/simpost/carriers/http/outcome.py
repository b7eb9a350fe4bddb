"""The outcome of an attempt, from the response of an HTTP carrier.

docs/carriers.md shows the table of statuses with its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.net import retry_after
from simpost.net.http_client import HttpResponse

MAX_RETRY_AFTER_S: Final = 3600.0
CREATED: Final = 201
CREDENTIALS_REFUSED: Final = 401
_REQUEST_TIMED_OUT: Final = 408
_TOO_MANY_REQUESTS: Final = 429
_NOT_IMPLEMENTED: Final = 501
_UNAVAILABLE: Final = 503

NOT_SENT: Final = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
NO_SUCH_ADDRESS: Final = Outcome(OutcomeKind.REFUSED, reason=Reason.UNDELIVERABLE)
TOO_LONG: Final = Outcome(OutcomeKind.REFUSED, reason=Reason.TEXT_TOO_LONG)
NO_RESPONSE: Final = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)

ACCEPTED: Final = OutcomeKind.ACCEPTED, None
THROTTLED: Final = OutcomeKind.THROTTLED, Reason.THROTTLED
BUSY: Final = OutcomeKind.UNREACHABLE, Reason.CARRIER_BUSY
WRONG_CREDENTIALS: Final = OutcomeKind.UNREACHABLE, Reason.CARRIER_UNREACHABLE
UNCLEAR: Final = OutcomeKind.IN_DOUBT, Reason.UNCLEAR_RESPONSE
REFUSED: Final = OutcomeKind.REFUSED, Reason.CARRIER_REFUSED
UNDELIVERABLE: Final = OutcomeKind.REFUSED, Reason.UNDELIVERABLE

Meaning = tuple[OutcomeKind, Reason | None]
"""The kind of an outcome and its reason."""


def meaning_of(status: int) -> Meaning:
    """What a status means where the API says nothing else."""
    if 200 <= status < 300:
        return ACCEPTED
    if status == _TOO_MANY_REQUESTS:
        return THROTTLED
    if status in (_REQUEST_TIMED_OUT, _UNAVAILABLE):
        return BUSY
    if status == CREDENTIALS_REFUSED:
        return WRONG_CREDENTIALS
    if status >= 500 and status != _NOT_IMPLEMENTED:
        return UNCLEAR
    return REFUSED


def outcome_of(
    response: HttpResponse,
    now_ms: int,
    *,
    meaning: Meaning | None = None,
    code: str = "",
    message_id: str = "",
) -> Outcome:
    """The outcome of a response: what its status means, or the meaning given.

    Args:
        code: the error code of its body; empty for its status.
        message_id: if it is accepted.
    """
    kind, reason = meaning or meaning_of(response.status)
    if kind is OutcomeKind.ACCEPTED:
        return Outcome(kind, carrier_message_id=message_id)
    can_wait = reason in (Reason.THROTTLED, Reason.CARRIER_BUSY)
    return Outcome(
        kind,
        reason=reason,
        carrier_code=code or f"HTTP {response.status}",
        retry_after_s=retry_after_s(response.headers, now_ms) if can_wait else None,
    )


def retry_after_s(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Return the seconds of Retry-After (RFC 9110 10.2.3), at most one hour; `None` if invalid."""
    wait_s = retry_after.retry_after_s(headers.get("retry-after", ""), now_ms)
    return None if wait_s is None else min(wait_s, MAX_RETRY_AFTER_S)
