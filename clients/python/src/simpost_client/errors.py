"""Errors of the client, as one tree.

    SimpostError
    ├── NotConnected              nothing was sent
    ├── NoResponse                the response did not come, or not whole
    │   └── InDoubt               the same for a request that changes something
    ├── UnexpectedResponse        it is not what the API documents
    ├── ApiError                  the API answered with an error
    │   ├── InvalidRequest        the request is not as documented
    │   ├── AuthenticationFailed  the credentials are missing or wrong
    │   ├── PermissionDenied      they do not allow it, or not from this address
    │   ├── NotFound              no such eSIM, message, package ...
    │   ├── Refused               not sent, for a reason
    │   │   └── SmsNotSupported   the plan does not support SMS (smsStatus 0)
    │   ├── Conflict              the state of the object does not allow it
    │   │   ├── KeyReused         the idempotency key belongs to another request
    │   │   └── EventsGone        the events that were asked for are deleted
    │   ├── RateLimited           too many requests
    │   └── ServerFailed          the service failed
    └── InvalidWebhook            a request that simpost did not sign
        └── StaleWebhook          signed too long ago, or in the future

No error has the text of a message, a one-time code or a secret.
"""

from __future__ import annotations

from typing import Any


class SimpostError(Exception):
    """The client could not do what it was asked for."""

    idempotency_key: str | None = None
    """The key of the request: with it, the same request can be repeated and is done once."""


class NotConnected(SimpostError):
    """The host could not be reached. Nothing was sent."""


class NoResponse(SimpostError):
    """The request was sent, and no whole response came in time."""


class InDoubt(NoResponse):
    """The request was sent, and no whole response came: it may have been carried out.

    Repeat it with its `idempotency_key`, or look whether it was carried out.
    """


class UnexpectedResponse(SimpostError):
    """The response is not what the API documents: another host may have answered."""


class ApiError(SimpostError):
    """The API answered with an error.

    `code` is the code of the problem or of the envelope, such as `not_found` or `310403`. `reason`
    is one of the documented reasons, such as `sms_not_supported`, if there is one.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str,
        reason: str | None = None,
        remedy: str | None = None,
        retry_after_s: float | None = None,
        problem: dict[str, Any] | None = None,
    ) -> None:
        name = code if reason is None or reason == code else f"{code}, {reason}"
        super().__init__(f"{name}: {detail}")
        self.detail = detail
        self.status = status
        self.code = code
        self.reason = reason
        self.remedy = remedy
        self.retry_after_s = retry_after_s
        self.problem = problem or {}
        """The problem or the envelope, as it came."""


class InvalidRequest(ApiError):
    """The request is not as documented."""


class AuthenticationFailed(ApiError):
    """The credentials are missing or wrong."""


class PermissionDenied(ApiError):
    """The credentials do not allow it, or not from this address."""


class NotFound(ApiError):
    """There is no such object in this account."""


class Refused(ApiError):
    """The message was refused: `reason` says why. It may be accepted later."""


class SmsNotSupported(Refused):
    """The plan of the eSIM does not support SMS (smsStatus 0)."""


class Conflict(ApiError):
    """The present state of the object does not allow it."""


class KeyReused(Conflict):
    """The idempotency key was used for another request."""


class EventsGone(Conflict):
    """The events after this number are deleted. Read on after `last_sequence`."""

    @property
    def last_sequence(self) -> int:
        """The number of the newest event."""
        return int(self.problem.get("lastSequence", 0))


class RateLimited(ApiError):
    """There are too many requests. Wait for `retry_after_s`."""


class ServerFailed(ApiError):
    """The service failed. A request that changes something may have been carried out."""


class InvalidWebhook(SimpostError):
    """The request is not signed with the secret of the endpoint."""


class StaleWebhook(InvalidWebhook):
    """The request was signed too long ago, or in the future."""
