"""The send call of eSIM Go, versions 2.2 to 2.5: `esims/{iccid}/sms`.

Source: docs.esim-go.com, "Send SMS to eSIM". There is no message id and no idempotency key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.types import Scope

from simpost.api.open.parameters import Given
from simpost.api.open.send_sms import result_headers
from simpost.api.shapes.calls import (
    WORDS,
    Failure,
    ShapeCall,
    ShapeError,
    ShapeResponse,
    ShapeRoute,
    header,
    reason_header,
    retry_header,
    worded,
)
from simpost.api.shapes.keys import prove_key
from simpost.api.shapes.messages import category_of, read_json, send, sender_of
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason
from simpost.messaging.plan import SendOptions
from simpost.messaging.send_request import SendRequest

MAX_CHARACTERS: Final = 160
WAIT_S: Final = 60
"""Seconds in `Retry-After` of a message that an administrator has to let pass."""

STATUSES: Final[Mapping[Failure, int]] = {
    Failure.CREDENTIALS: 403,
    Failure.SCOPE: 403,
    Failure.ADDRESS: 403,
    Failure.NOT_OFFERED: 404,
    Failure.METHOD: 404,
    Failure.NOT_FOUND: 403,
    Failure.CONFLICT: 400,
    Failure.INVALID: 400,
    Failure.TOO_LARGE: 400,
    Failure.TOO_SLOW: 400,
    Failure.RATE_LIMITED: 429,
    Failure.BUSY: 503,
    Failure.STORE: 503,
    Failure.SILENT: 504,
    Failure.CRASH: 500,
    Failure.REFUSED: 400,
}
REASONS: Final[Mapping[Reason, int]] = {
    Reason.ESIM_UNKNOWN: 403,
    Reason.ESIM_EXPIRED: 403,
    Reason.BUDGET_REACHED: 403,
    Reason.CAP_REACHED: 403,
    Reason.RATE_LIMITED: 429,
    Reason.NO_ROUTE: 503,
    Reason.SENDING_STOPPED: 503,
    Reason.CATALOGUE_STALE: 503,
}
"""The status of a refusal; every other reason is 400."""

_PATH = re.compile(r"/v2\.[2-5]/esims/([^/]+)/sms")
_ICCID = re.compile(r"[0-9]{1,22}")
_DEFAULT_SENDER: Final = "eSIM"
_SENT: Final = b'{"status":"sent"}'


class EsimGoMessage(msgspec.Struct, frozen=True, gc=False):
    """The request."""

    message: Given = msgspec.UNSET
    sender: Given = msgspec.field(default=msgspec.UNSET, name="from")


_DECODER = msgspec.json.Decoder(EsimGoMessage)


class EsimGoShape:
    """`POST /v2.5/esims/{iccid}/sms` with an API key in `X-API-Key`."""

    prefix = "/v2."
    is_signed = False
    supplier = "esim_go"

    def find(self, method: str, path: str) -> ShapeRoute:
        """The send call, the only one that is offered."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise ShapeError(Failure.NOT_OFFERED)
        if method != "POST":
            raise ShapeError(Failure.METHOD)
        return ShapeRoute(send_sms, place=found[1])

    def identify(self, services: Services, scope: Scope, route: ShapeRoute) -> Account:
        """The account of the key, before the body is read."""
        return prove_key(services, header(scope, b"x-api-key"), route.needs).account

    def verify(self, account: Account, scope: Scope, body: bytes) -> None:
        """The key has proven all."""

    def error(self, error: ShapeError, now_ms: int) -> ShapeResponse:
        """The status of the failure, or of the reason, with a sentence."""
        status = STATUSES[error.failure]
        if error.reason:
            status = REASONS.get(error.reason, status)
        usual_s = WAIT_S if error.reason else 1
        headers = (*reason_header(error), *retry_header(status, error, usual_s))
        body = msgspec.json.encode({"message": worded(error, WORDS)})
        return ShapeResponse(body, status, headers)


async def send_sms(call: ShapeCall) -> ShapeResponse:
    """Send a text to the eSIM with the ICCID of the path."""
    given = read_json(call.body, _DECODER)
    text = given.message or ""
    if not text or text.isspace():
        raise ShapeError(Failure.REFUSED, reason=Reason.TEXT_BLANK)
    if len(text) > MAX_CHARACTERS:
        detail = f"It has {len(text)} characters, {MAX_CHARACTERS} at most."
        raise ShapeError(Failure.REFUSED, detail, reason=Reason.TEXT_TOO_LONG)
    if "\x00" in text:
        raise ShapeError(Failure.INVALID, "message contains a NUL character")
    iccid = call.place.rstrip("Ff")
    if not _ICCID.fullmatch(iccid):
        raise ShapeError(Failure.REFUSED, reason=Reason.ESIM_UNKNOWN)
    sender = None if given.sender == _DEFAULT_SENDER else sender_of(given.sender or None)
    result = await send(
        call,
        SendRequest(
            esim_tran_no=None,
            iccid=iccid,
            text=text,
            category=category_of(call, text),
            options=SendOptions(sender=sender),
        ),
    )
    return ShapeResponse(_SENT, headers=result_headers(result))
