"""The body of POST /v1/messages: one message, or a batch of them.

Usual messages are decoded in one pass by msgspec. Anything else is read by the schemas of
`send_schema`, which say what is wrong and where.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from msgspec import UNSET, Meta, UnsetType
from pydantic import ValidationError

from simpost.api.shared.error_messages import error_message
from simpost.api.shared.problems import Problem, ProblemCode, invalid, require_json
from simpost.api.v1.messages.send_schema import (
    MAX_BATCH,
    MAX_CHARACTERS,
    MAX_VALIDITY_S,
    MessageRequest,
)
from simpost.domain.messages import Category
from simpost.messaging.plan import DEFAULT_SEND_OPTIONS, SendOptions
from simpost.messaging.send_request import SendRequest

_NUL: Final = b"\\u0000"
_NO_RECEIPT: Final = SendOptions(receipt=False)

_Identifier = Annotated[str, Meta(pattern=r"\A[!-~]{1,64}\Z")]
_Reference = Annotated[str, Meta(pattern=r"\A[!-~](?:[ -~]{0,126}[!-~])?\Z")]
_Key = Annotated[str, Meta(pattern=r"\A[ -~]{1,128}\Z")]


class UsualMessage(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
    gc=False,
):
    """A message with the fields that most messages have; a subset of `MessageRequest`."""

    esim_tran_no: _Identifier | None = None
    iccid: _Identifier | None = None
    msisdn: Annotated[str, Meta(pattern=r"\A[0-9]{1,15}\Z")] | None = None
    text: Annotated[str, Meta(min_length=1, max_length=MAX_CHARACTERS)] | None = None
    category: Category | None = None
    validity_seconds: Annotated[int, Meta(ge=1, le=MAX_VALIDITY_S)] | None = None
    reference: _Reference | None = None
    receipt: bool | UnsetType = UNSET
    idempotency_key: _Key | None = None

    @property
    def options(self) -> SendOptions:
        """The options of the message, as the decision reads them."""
        return _NO_RECEIPT if self.receipt is False else DEFAULT_SEND_OPTIONS

    def request(self, request_id: str | None, fingerprint: bytes) -> SendRequest:
        """The request to send it."""
        return SendRequest(
            esim_tran_no=self.esim_tran_no,
            iccid=self.iccid,
            text=self.text or "",
            category=self.category,
            validity_s=self.validity_seconds,
            msisdn=self.msisdn,
            request_id=request_id,
            fingerprint=fingerprint,
            options=self.options,
            caller_reference=self.reference,
        )


class _UsualBody(UsualMessage, frozen=True, gc=False):
    """One message, or `messages`."""

    messages: Annotated[list[UsualMessage], Meta(min_length=1, max_length=MAX_BATCH)] | None = None


Single: TypeAlias = UsualMessage | MessageRequest


class ValidItem(NamedTuple):
    """A message of a batch, with its own key and the digest that belongs to it, if any."""

    message: Single
    key: str | None
    fingerprint: bytes


Item: TypeAlias = ValidItem | Problem
"""A message of a batch, or what is wrong with it."""


class Body(NamedTuple):
    """One message or the messages of a batch, and whether the body asks for a dry run."""

    content: Single | list[Item]
    dry_run: bool = False


_decode = msgspec.json.Decoder(_UsualBody).decode
_encode = msgspec.json.Encoder(order="sorted").encode


async def fingerprint_of(request: Request) -> bytes:
    """Digest of the request; a repeated Idempotency-Key must have the same one."""
    return hashlib.sha256(request.url.path.encode() + b"\n" + await request.body()).digest()


async def read_body(request: Request) -> Body:
    """The message, or the messages of a batch. Raises Problem or RequestValidationError."""
    require_json(request)
    body = await request.body()
    usual = _read_usual(body)
    return _read(body) if usual is None else Body(usual)


def _read_usual(body: bytes) -> UsualMessage | list[Item] | None:
    """`None` for a body that is not usual, which may be right or wrong."""
    if _NUL in body:
        return None
    try:
        given = _decode(body)
    except (ValueError, RecursionError):
        return None
    messages = given.messages
    if messages is None:
        return given if _is_complete(given) else None
    if given != _UsualBody(messages=messages):
        return None
    return [_usual_item(each) for each in messages] if all(map(_is_complete, messages)) else None


def _usual_item(message: UsualMessage) -> ValidItem:
    key = message.idempotency_key
    return ValidItem(message, key, _digest(message) if key else b"")


def _is_complete(message: UsualMessage) -> bool:
    """Whether it has a recipient and a text."""
    recipient = message.esim_tran_no or message.iccid or message.msisdn
    return message.text is not None and recipient is not None


def _read(body: bytes) -> Body:
    document = _load(body)
    if not isinstance(document, dict) or "messages" not in document:
        try:
            message = MessageRequest.model_validate(document)
        except ValidationError as error:
            raise RequestValidationError(_located(error)) from None
        return Body(message, message.dry_run)
    errors = [
        {"type": "extra_forbidden", "loc": ("body", name)}
        for name in document.keys() - {"messages", "dryRun"}
    ]
    messages, dry_run = document["messages"], document.get("dryRun", False)
    errors += _check_count(messages)
    if not isinstance(dry_run, bool):
        errors.append({"type": "bool_type", "loc": ("body", "dryRun")})
    if errors:
        raise RequestValidationError(errors)
    return Body([_read_item(place, each) for place, each in enumerate(messages)], dry_run)


def _check_count(messages: Any) -> list[dict[str, Any]]:
    at = ("body", "messages")
    if not isinstance(messages, list):
        return [{"type": "list_type", "loc": at}]
    if not messages:
        return [{"type": "too_short", "loc": at, "ctx": {"min_length": 1}}]
    if len(messages) > MAX_BATCH:
        return [{"type": "too_long", "loc": at, "ctx": {"max_length": MAX_BATCH}}]
    return []


def _read_item(place: int, document: Any) -> Item:
    try:
        message = MessageRequest.model_validate(document)
    except ValidationError as error:
        errors = [error_message(each) for each in _located(error, "messages", place)]
        return invalid("The message is not as documented.", errors)
    if message.dry_run:
        at = f"body.messages.{place}.dryRun"
        reason = "belongs beside messages: a batch is sent or previewed as a whole"
        return invalid("The message is not as documented.", [{"at": at, "reason": reason}])
    key = message.idempotency_key
    given = {name: value for name, value in document.items() if value is not None}
    return ValidItem(message, key, _digest(given) if key else b"")


def _digest(message: Mapping[str, Any] | UsualMessage) -> bytes:
    """Digest of what was given; a repeated `idempotencyKey` must have the same one."""
    return hashlib.sha256(_encode(message)).digest()


def _load(body: bytes) -> Any:
    if not body:
        raise RequestValidationError([{"type": "missing", "loc": ("body",)}])
    try:
        return json.loads(body)
    except json.JSONDecodeError:
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body",)}]) from None
    except (ValueError, RecursionError):
        detail = "The request cannot be read."
        raise Problem(400, ProblemCode.INVALID_REQUEST, detail) from None


def _located(error: ValidationError, *at: str | int) -> list[Mapping[str, Any]]:
    return [{**each, "loc": ("body", *at, *each["loc"])} for each in error.errors()]
