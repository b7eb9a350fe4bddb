"""What the sends of all shapes have in common."""

from __future__ import annotations

import hashlib
from typing import TypeVar

import msgspec

from simpost.api.open.envelope import ApiError
from simpost.api.open.headers import parse_category
from simpost.api.open.parameters import parse_body
from simpost.api.open.send_sms import detected_category
from simpost.api.shapes.calls import Failure, ShapeCall, ShapeError, header
from simpost.domain.messages import Category
from simpost.domain.senders import is_sender
from simpost.messaging.send_request import SendRequest, SendResult

_T = TypeVar("_T")


def read_json(body: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    """The parameters of a JSON body; unknown ones are ignored. Raises ShapeError."""
    try:
        return parse_body(body, decoder)
    except ApiError as error:
        raise ShapeError(Failure.INVALID, str(error)) from None


def category_of(call: ShapeCall, text: str) -> Category | None:
    """The category of `RT-Category`; without it that of the account, or `code` for a code."""
    given = header(call.scope, b"rt-category")
    if not given:
        return detected_category(call.account, text)
    try:
        return parse_category(given)
    except (ApiError, UnicodeDecodeError):
        names = ", ".join(Category)
        raise ShapeError(Failure.INVALID, f"RT-Category must be one of {names}") from None


def sender_of(given: str | None) -> str | None:
    """The sender; `None` for that of the carrier. Raises ShapeError if it is none."""
    if not given:
        return None
    if not is_sender(given):
        raise ShapeError(
            Failure.INVALID, "The sender must be up to 15 digits, or up to 11 letters and digits"
        )
    return given


def fingerprint_of(call: ShapeCall) -> bytes:
    """The digest of a request, that a repeated request id must have too."""
    category = header(call.scope, b"rt-category")
    return hashlib.sha256(b"\n".join((call.scope["path"].encode(), category, call.body))).digest()


async def send(call: ShapeCall, request: SendRequest) -> SendResult:
    """Give the message to the intake. Raises ShapeError with the reason if it is refused."""
    result = await call.services.intake.send(call.account, request)
    if result.message_id is None:
        assert result.reason
        raise ShapeError(Failure.REFUSED, result.detail, reason=result.reason)
    return result
