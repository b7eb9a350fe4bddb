"""What every shape is made of: requests, responses, and errors that each shape words itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Protocol

import msgspec
from starlette.types import Scope

from simpost.api.shared.services import Services
from simpost.api.shared.wrong_credentials import UNKNOWN
from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope
from simpost.domain.reasons import Reason
from simpost.errors import InvalidRequest

Headers = tuple[tuple[bytes, bytes], ...]


class Failure(StrEnum):
    """Why a request was not answered as it asked; each shape has a status and a code for each."""

    CREDENTIALS = "credentials"
    """Missing or wrong."""
    SCOPE = "scope"
    """The API key may not do this."""
    ADDRESS = "address"
    """The account does not allow the address of the client."""
    NOT_OFFERED = "not_offered"
    """There is no such path here."""
    METHOD = "method"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    STORE = "store"
    """Nothing could be committed."""
    SILENT = "silent"
    """The supplier got the request and did not answer."""
    CRASH = "crash"
    REFUSED = "refused"
    """The message was refused with a reason."""


class ShapeError(InvalidRequest):
    """A request that failed.

    Attributes:
        code: of the shape, where it is not that of the failure or the reason.
        reason: of a refused message.
        wait_s: seconds until the next try; 0: those of the shape.
        account: the account whose credentials were wrong.
    """

    def __init__(
        self,
        failure: Failure,
        detail: str = "",
        *,
        code: str = "",
        reason: Reason | None = None,
        wait_s: int = 0,
        account: str = UNKNOWN,
    ) -> None:
        super().__init__(detail or failure.value)
        self.failure = failure
        self.detail = detail
        self.code = code
        self.reason = reason
        self.wait_s = wait_s
        self.account = account


class ShapeResponse(msgspec.Struct, frozen=True, gc=False):
    """A serialized response."""

    body: bytes
    status: int = 200
    headers: Headers = ()
    content_type: bytes = b"application/json"


class ShapeCall(msgspec.Struct, frozen=True, gc=False):
    """The argument of an endpoint.

    Attributes:
        place: what the path names: an ICCID or a message.
    """

    services: Services
    account: Account
    scope: Scope
    body: bytes
    place: str = ""


class ShapeRoute(msgspec.Struct, frozen=True, gc=False):
    """What answers a path, and the scope that an API key needs for it."""

    endpoint: Callable[[ShapeCall], Awaitable[ShapeResponse]]
    needs: KeyScope = KeyScope.MESSAGES_WRITE
    place: str = ""


class ApiShape(Protocol):
    """One API that simpost answers.

    Attributes:
        prefix: the beginning of its paths.
        is_signed: whether `verify` authenticates the account, with the body.
        supplier: the type of sources that serve its other paths; empty: none does.
    """

    prefix: str
    is_signed: bool
    supplier: str

    def find(self, method: str, path: str) -> ShapeRoute:
        """The route. Raises ShapeError."""
        ...

    def identify(self, services: Services, scope: Scope, route: ShapeRoute) -> Account:
        """The account that the headers name, before a body is read. Raises ShapeError."""
        ...

    def verify(self, account: Account, scope: Scope, body: bytes) -> None:
        """Check what only the body can prove. Raises ShapeError."""
        ...

    def error(self, error: ShapeError, now_ms: int) -> ShapeResponse:
        """The documented response to an error."""
        ...


def header(scope: Scope, name: bytes) -> bytes:
    """The value of a header; empty if it is missing. Raises ShapeError if it is given twice."""
    values = [value for each, value in scope["headers"] if each == name]
    if len(values) > 1:
        raise ShapeError(Failure.INVALID, f"{name.decode()} is given twice")
    return values[0].strip() if values else b""


def reason_header(error: ShapeError) -> Headers:
    """`RT-Reason` with the exact reason."""
    return ((b"rt-reason", error.reason.encode()),) if error.reason else ()


def retry_header(status: int, error: ShapeError, usual_s: int = 1) -> Headers:
    """`Retry-After` with every 429 and 503."""
    if status not in (429, 503):
        return ()
    return ((b"retry-after", b"%d" % (error.wait_s or usual_s)),)


def worded(error: ShapeError, words: Mapping[Failure, str]) -> str:
    """The sentence of an error: that of its reason, its own, or that of its failure."""
    if error.reason:
        return f"{error.reason.explanation} {error.detail}".strip()
    return error.detail or words[error.failure]


WORDS: Mapping[Failure, str] = {
    Failure.CREDENTIALS: "The credentials are missing or wrong.",
    Failure.SCOPE: "This API key does not have the scope for this request.",
    Failure.ADDRESS: "This IP address is not allowed.",
    Failure.NOT_OFFERED: "simpost does not offer this endpoint.",
    Failure.METHOD: "This method is not supported here.",
    Failure.NOT_FOUND: "The account has no such object.",
    Failure.CONFLICT: "The state of the message does not allow this.",
    Failure.INVALID: "The request is not as documented.",
    Failure.TOO_LARGE: "The body is too large.",
    Failure.TOO_SLOW: "The body did not arrive in time.",
    Failure.RATE_LIMITED: "The account sent more requests per second than it may.",
    Failure.BUSY: "The service is busy: try again.",
    Failure.STORE: "Nothing could be committed: try again.",
    Failure.SILENT: "The supplier did not answer.",
    Failure.CRASH: "simpost failed.",
    Failure.REFUSED: "The message was refused.",
}
