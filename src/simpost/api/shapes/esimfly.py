"""The send call of eSIMfly's business API: `esims/send-sms`.

Source: github.com/eSimfly-Official/api-docs, `docs/api/send-sms.md` and `docs/error-codes.md`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.types import Scope

from simpost.api.open import auth
from simpost.api.open.envelope import ApiError
from simpost.api.open.headers import Headers, parse_headers
from simpost.api.open.parameters import MAX_ID, Given
from simpost.api.open.send_sms import MAX_CHARACTERS, repeated_headers, result_headers
from simpost.api.shapes.calls import (
    WORDS,
    Failure,
    ShapeCall,
    ShapeError,
    ShapeResponse,
    ShapeRoute,
    reason_header,
    retry_header,
    worded,
)
from simpost.api.shapes.messages import category_of, fingerprint_of, read_json, send
from simpost.api.shared.credentials import NOBODY, look_up
from simpost.api.shared.services import Services
from simpost.api.shared.wrong_credentials import UNKNOWN
from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason
from simpost.messaging.send_request import SendRequest

PATH: Final = "/api/v1/business/esims/send-sms"
WAIT_S: Final = 60

CODES: Final[Mapping[Failure, tuple[int, str]]] = {
    Failure.CREDENTIALS: (401, "AUTH_INVALID_SIGNATURE"),
    Failure.SCOPE: (403, "FORBIDDEN"),
    Failure.ADDRESS: (403, "FORBIDDEN"),
    Failure.NOT_OFFERED: (404, "VALIDATION_FAILED"),
    Failure.METHOD: (404, "VALIDATION_FAILED"),
    Failure.NOT_FOUND: (404, "ESIM_NOT_FOUND"),
    Failure.CONFLICT: (400, "VALIDATION_FAILED"),
    Failure.INVALID: (400, "VALIDATION_FAILED"),
    Failure.TOO_LARGE: (400, "VALIDATION_FAILED"),
    Failure.TOO_SLOW: (400, "VALIDATION_FAILED"),
    Failure.RATE_LIMITED: (429, "RATE_LIMIT_EXCEEDED"),
    Failure.BUSY: (503, "SERVICE_UNAVAILABLE"),
    Failure.STORE: (503, "SERVICE_UNAVAILABLE"),
    Failure.SILENT: (504, "PROVIDER_ERROR"),
    Failure.CRASH: (500, "SYSTEM_ERROR"),
    Failure.REFUSED: (400, "SMS_FAILED"),
}
"""Status and code of each failure."""
REASONS: Final[Mapping[Reason, tuple[int, str]]] = {
    Reason.ESIM_UNKNOWN: (404, "ESIM_NOT_FOUND"),
    Reason.SMS_NOT_SUPPORTED: (400, "SMS_NOT_SUPPORTED"),
    Reason.PLAN_UNKNOWN: (400, "SMS_NOT_SUPPORTED"),
    Reason.TEXT_BLANK: (400, "MISSING_MESSAGE"),
    Reason.TEXT_TOO_LONG: (400, "MESSAGE_TOO_LONG"),
    Reason.TOO_MANY_PARTS: (400, "MESSAGE_TOO_LONG"),
    Reason.CATEGORY_PARTS: (400, "MESSAGE_TOO_LONG"),
    Reason.REQUEST_ID_REUSED: (401, "AUTH_DUPLICATE_REQUEST_ID"),
    Reason.RATE_LIMITED: (429, "RATE_LIMIT_EXCEEDED"),
    Reason.BUDGET_REACHED: (429, "DAILY_LIMIT_EXCEEDED"),
    Reason.CAP_REACHED: (429, "DAILY_LIMIT_EXCEEDED"),
    Reason.NO_ROUTE: (503, "SERVICE_UNAVAILABLE"),
    Reason.SENDING_STOPPED: (503, "SERVICE_UNAVAILABLE"),
    Reason.CATALOGUE_STALE: (503, "SERVICE_UNAVAILABLE"),
}
"""Status and code of a refusal; every other reason is 400 SMS_FAILED."""

_TIMESTAMP = re.compile(rb"\d{13}")
_SENT: Final = b'{"success":true,"message":"SMS sent successfully"}'


class EsimflyMessage(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The request. `esimId` is the `esimTranNo` as a number."""

    iccid: Given = msgspec.UNSET
    esim_id: int | str | msgspec.UnsetType | None = msgspec.UNSET
    message: Given = msgspec.UNSET


_DECODER = msgspec.json.Decoder(EsimflyMessage)


class EsimflyShape:
    """`POST /api/v1/business/esims/send-sms`, signed with the secret of the account."""

    prefix = "/api/v1/business/"
    is_signed = True
    supplier = "esimfly"

    def find(self, method: str, path: str) -> ShapeRoute:
        """The send call, the only one that is offered."""
        if path != PATH:
            raise ShapeError(Failure.NOT_OFFERED)
        if method != "POST":
            raise ShapeError(Failure.METHOD)
        return ShapeRoute(send_sms)

    def identify(self, services: Services, scope: Scope, route: ShapeRoute) -> Account:
        """The account of the access code, not proven yet, before the body is read."""
        headers = _headers(scope)
        if not (
            headers.access_code and headers.request_id and headers.timestamp and headers.signature
        ):
            raise ShapeError(
                Failure.CREDENTIALS,
                "RT-AccessCode, RT-RequestID, RT-Timestamp and RT-Signature are required",
                code="AUTH_MISSING",
            )
        window_ms = services.timestamp_window_s * 1000
        is_time = _TIMESTAMP.fullmatch(headers.timestamp)
        if not is_time or abs(services.clock_ms() - int(headers.timestamp)) > window_ms:
            raise ShapeError(
                Failure.CREDENTIALS,
                "RT-Timestamp is not the present Unix time in milliseconds",
                code="AUTH_EXPIRED_TIMESTAMP",
            )
        return look_up(services.accounts, headers.access_code)

    def verify(self, account: Account, scope: Scope, body: bytes) -> None:
        """The signature is over the raw octets of the body, in hex digits in upper case."""
        headers = _headers(scope)
        expected = auth.sign(
            account.secret.encode(),
            headers.timestamp,
            headers.request_id,
            headers.access_code,
            body,
        )
        same = hmac.compare_digest(expected.upper().encode(), headers.signature)
        if not same or account is NOBODY:
            name = UNKNOWN if account is NOBODY else account.access_code
            raise ShapeError(
                Failure.CREDENTIALS, "The access code or the signature is wrong", account=name
            )

    def error(self, error: ShapeError, now_ms: int) -> ShapeResponse:
        """The sentence is in `message` and in `error`: the documentation has both."""
        status, code = CODES[error.failure]
        if error.reason:
            status, code = REASONS.get(error.reason, (status, code))
        code = error.code or code
        said = worded(error, WORDS)
        retry = retry_header(status, error, WAIT_S if error.reason else 1)
        if status == 429:
            reset_s = now_ms // 1000 + int(retry[0][1])
            retry = (*retry, (b"x-ratelimit-reset", b"%d" % reset_s))
        document = {"success": False, "error": said, "message": said, "code": code}
        return ShapeResponse(msgspec.json.encode(document), status, (*reason_header(error), *retry))


async def send_sms(call: ShapeCall) -> ShapeResponse:
    """Send a text. `RT-RequestID` is the idempotency key."""
    given = read_json(call.body, _DECODER)
    iccid = _identifier(given.iccid)
    esim_tran_no = None if iccid else _identifier(given.esim_id)
    if not iccid and not esim_tran_no:
        raise ShapeError(
            Failure.INVALID, "Provide either iccid or esimId", code="MISSING_IDENTIFIER"
        )
    text = given.message or ""
    if not text or text.isspace():
        raise ShapeError(Failure.REFUSED, reason=Reason.TEXT_BLANK)
    if len(text) > MAX_CHARACTERS:
        detail = f"It has {len(text)} characters, {MAX_CHARACTERS} at most."
        raise ShapeError(Failure.REFUSED, detail, reason=Reason.TEXT_TOO_LONG)
    if "\x00" in text:
        raise ShapeError(Failure.INVALID, "message contains a NUL character")
    headers = _headers(call.scope)
    result = await send(
        call,
        SendRequest(
            esim_tran_no=esim_tran_no,
            iccid=iccid,
            text=text,
            category=category_of(call, text),
            request_id=headers.request_id.decode("ascii"),
            fingerprint=fingerprint_of(call),
            signature=headers.signature.lower().decode("ascii"),
        ),
    )
    if result.repeated:
        shown = await repeated_headers(call.services, call.account, result)
    else:
        shown = result_headers(result)
    return ShapeResponse(_SENT, headers=shown)


def _headers(scope: Scope) -> Headers:
    try:
        return parse_headers(scope["headers"])
    except ApiError as error:
        raise ShapeError(Failure.INVALID, str(error)) from None


def _identifier(given: int | str | msgspec.UnsetType | None) -> str | None:
    """The identifier; `None` if it is absent or blank. Raises ShapeError if nothing can have it."""
    text = "" if given is msgspec.UNSET or given is None else str(given).strip().rstrip("Ff")
    if len(text) > MAX_ID or not text.isascii() or not text.isprintable():
        raise ShapeError(Failure.REFUSED, reason=Reason.ESIM_UNKNOWN)
    return text or None
