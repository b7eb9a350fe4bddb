"""esim/sendSms: an SMS to an eSIM of the account."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from simpost.api.open.envelope import ApiError, ApiResponse, Code
from simpost.api.open.parameters import (
    Given,
    bounded,
    is_blank,
    optional,
    optional_iccid,
    parse_body,
)
from simpost.api.open.request import AuthenticatedRequest
from simpost.api.shared.schemas import format_time
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account
from simpost.domain.messages import Category, format_id
from simpost.domain.one_time_codes import looks_like_code
from simpost.domain.options import Replacement
from simpost.domain.reasons import Reason
from simpost.messaging.send_request import SendRequest, SendResult

MAX_CHARACTERS = 500
"""Unicode code points of `message`."""


class SendSms(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The request. `esimTranNo`, `iccid` or both must name one eSIM."""

    message: Given = msgspec.UNSET
    esim_tran_no: Given = msgspec.UNSET
    iccid: Given = msgspec.UNSET


Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

CODES = {
    Reason.ESIM_UNKNOWN: Code.ESIM_UNKNOWN,
    Reason.TEXT_BLANK: Code.PARAMETER_NULL,
    Reason.TEXT_TOO_LONG: Code.PARAMETER_LENGTH,
    Reason.TOO_MANY_PARTS: Code.PARAMETER_LENGTH,
    Reason.REQUEST_ID_REUSED: Code.REQUEST_ID_REUSED,
}
"""The code of a refusal; every other reason is 200002."""

_DECODER = msgspec.json.Decoder(SendSms)


async def send_sms(call: AuthenticatedRequest) -> ApiResponse:
    """Send a text to an eSIM of the account."""
    parameters = parse_body(call.body, _DECODER)
    message = _message(parameters)
    answer = await call.services.intake.send(
        call.account,
        SendRequest(
            esim_tran_no=optional("esimTranNo", parameters.esim_tran_no),
            iccid=optional_iccid(parameters.iccid),
            text=message,
            category=call.category or detected_category(call.account, message),
            request_id=call.request_id,
            fingerprint=_fingerprint(call) if call.request_id else b"",
            signature=call.signature,
        ),
    )
    if answer.message_id is None:
        assert answer.reason
        raise refusal(answer.reason, answer.detail)
    if answer.repeated:
        headers = await repeated_headers(call.services, call.account, answer)
    else:
        headers = result_headers(answer)
    return ApiResponse(call.rules.done.body, headers=headers)


def result_headers(result: SendResult) -> Headers:
    """The headers of an accepted message: its id, look-alikes, and until when it is held."""
    assert result.message_id
    replaced = result.plan.options.replaced if result.plan else ()
    hold = result.hold
    if hold is None:
        return _headers(result.message_id, replaced)
    return _headers(result.message_id, replaced, hold.until_ms, hold.reason)


async def repeated_headers(services: Services, account: Account, result: SendResult) -> Headers:
    """The headers of a repeated request, by its message as it is now. Raises StoreError."""
    assert result.message_id
    found = await services.store.log.find_message(account.id, result.message_id)
    if found is None:
        return _headers(result.message_id, ())
    return _headers(found.id, found.options.replaced, found.held_until_ms, found.reason)


def _headers(
    message_id: bytes,
    replaced: Sequence[Replacement],
    until_ms: int | None = None,
    reason: Reason | None = None,
) -> Headers:
    headers: Headers = ((b"rt-messageid", format_id(message_id).encode()),)
    if replaced:
        headers += ((b"rt-replaced", b"%d" % sum(each.count for each in replaced)),)
    if until_ms is not None and reason is not None:
        headers += (
            (b"rt-held-until", format_time(until_ms).encode()),
            (b"rt-reason", reason.encode()),
        )
    return headers


def refusal(reason: Reason, detail: str) -> ApiError:
    """The error for a reason. `RT-Reason` has the reason itself."""
    code = CODES.get(reason, Code.NOT_ALLOWED)
    message = f"message needs {detail}" if reason is Reason.TOO_MANY_PARTS and detail else None
    return ApiError(code, message, headers=((b"rt-reason", reason.encode()),))


def _message(parameters: SendSms) -> str:
    """The text to send. Checks in the documented order: missing, then null, then length."""
    message = parameters.message
    if message is msgspec.UNSET:
        raise ApiError(Code.PARAMETER_MISSING, "message is missing")
    if parameters.esim_tran_no is msgspec.UNSET and parameters.iccid is msgspec.UNSET:
        raise ApiError(Code.PARAMETER_MISSING, "esimTranNo or iccid is missing")
    if not message or message.isspace():
        raise ApiError(Code.PARAMETER_NULL, "message is null or blank")
    if is_blank(parameters.esim_tran_no) and is_blank(parameters.iccid):
        raise ApiError(Code.PARAMETER_NULL, "esimTranNo or iccid is null or blank")
    return bounded("message", message, MAX_CHARACTERS)


def detected_category(account: Account, message: str) -> Category | None:
    """`code` for a one-time code, if the account wants that; `None` for its default."""
    if account.detect_codes and looks_like_code(message):
        return Category.CODE
    return None


def _fingerprint(call: AuthenticatedRequest) -> bytes:
    category = b"\n" + call.category.encode() if call.category else b""
    return hashlib.sha256(call.path.encode() + category + b"\n" + call.body).digest()
