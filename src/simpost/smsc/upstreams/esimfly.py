"""The shape of eSIMfly: `POST /api/v1/business/esims/send-sms` and its lists.

Source: github.com/eSimfly-Official/api-docs, `docs/api/send-sms.md` and `docs/error-codes.md`.
There is no message id and no report of any kind.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from starlette.routing import BaseRoute

from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.faults import HttpError, UpstreamName
from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.esimfly_lists import esim_list, package_list
from simpost.smsc.upstreams.shape import (
    Call,
    RefusedCall,
    UpstreamMessage,
    UpstreamReply,
    UpstreamText,
    is_handset,
    json_object,
    json_reply,
)

PREFIX: Final = "/api/v1/business"
PATH: Final = f"{PREFIX}/esims/send-sms"
MAX_CHARACTERS: Final = 500
MESSAGES: Final[Mapping[str, tuple[int, str]]] = {
    "AUTH_MISSING": (401, "Missing authentication headers"),
    "AUTH_INVALID_SIGNATURE": (401, "Invalid signature"),
    "MISSING_IDENTIFIER": (400, "Provide either iccid or esimId"),
    "MISSING_MESSAGE": (400, "Message is required"),
    "MESSAGE_TOO_LONG": (400, "Message cannot exceed 500 characters"),
    "SMS_NOT_SUPPORTED": (400, "SMS is not supported for this eSIM"),
    "SMS_FAILED": (400, "Failed to send SMS"),
    "FORBIDDEN": (403, "eSIM does not belong to your account"),
    "ESIM_NOT_FOUND": (404, "eSIM not found"),
    "RATE_LIMIT_EXCEEDED": (429, "Rate limit exceeded"),
    "SYSTEM_ERROR": (500, "Internal error"),
    "SERVICE_UNAVAILABLE": (503, "Service unavailable"),
}
"""Error codes with their status and text."""
_CODES: Final = {400: "SMS_FAILED", 403: "FORBIDDEN", 404: "ESIM_NOT_FOUND"} | {
    429: "RATE_LIMIT_EXCEEDED",
    503: "SERVICE_UNAVAILABLE",
}
_HEADERS: Final = ("rt-accesscode", "rt-requestid", "rt-timestamp", "rt-signature")


class SimulatedEsimfly:
    """One text to an eSIM, by its ICCID or its number at eSIMfly."""

    name: UpstreamName = "esimfly"
    refusal = HttpError(status=400, code="SMS_FAILED")
    keeps_messages = False

    def routes(self, api: UpstreamApi) -> list[BaseRoute]:
        def packages(call: Call) -> UpstreamReply:
            _check(call)
            return _data(package_list(api.catalogue, call.query))

        def esims(call: Call) -> UpstreamReply:
            _check(call)
            return _data(esim_list(api.catalogue, call.query))

        return [
            api.send_route(PATH, self),
            api.route(f"{PREFIX}/esims/packages", self, "plans", packages),
            api.route(f"{PREFIX}/esims", self, "esims", esims),
        ]

    def read(self, call: Call) -> UpstreamText:
        _check(call)
        body = json_object(call.body) or {}
        esim_id = body.get("esimId")
        destination = body.get("iccid") or (str(esim_id) if isinstance(esim_id, int) else None)
        if not destination:
            raise _refused("MISSING_IDENTIFIER")
        message = body.get("message")
        if not isinstance(message, str) or not message:
            raise _refused("MISSING_MESSAGE")
        if len(message) > MAX_CHARACTERS:
            raise _refused("MESSAGE_TOO_LONG")
        if not is_handset(destination):
            raise _refused("ESIM_NOT_FOUND")
        return UpstreamText(destination, "eSIMfly", message)

    def message_id(self, number: int) -> str:
        return str(number)

    def accepted(self, message: UpstreamMessage) -> UpstreamReply:
        return json_reply(200, {"success": True, "message": "SMS sent successfully"})

    def error(self, fault: HttpError) -> UpstreamReply:
        code = fault.code or _CODES.get(fault.status, "SYSTEM_ERROR")
        text = fault.message or MESSAGES.get(code, (0, "Error"))[1]
        document = {"success": False, "message": text, "code": code}
        return json_reply(fault.status, document, fault.retry_after)

    def callback(self, message: UpstreamMessage, submit: AcceptedSubmit | None) -> None:
        return None


def _check(call: Call) -> None:
    """Raise RefusedCall for a request without credentials."""
    headers = [call.headers.get(name, "") for name in _HEADERS]
    if not all(headers):
        raise _refused("AUTH_MISSING")
    if call.secret and not _is_signed(call, *headers):
        raise _refused("AUTH_INVALID_SIGNATURE")


def _data(found: dict[str, Any]) -> UpstreamReply:
    return json_reply(200, {"success": True, "data": found})


def _is_signed(call: Call, code: str, request_id: str, timestamp: str, signature: str) -> bool:
    """The signature is in upper case, unlike that of eSIM Access."""
    signed = f"{timestamp}{request_id}{code}".encode() + call.body
    mac = hmac.new(call.secret.encode(), signed, hashlib.sha256).hexdigest().upper()
    return hmac.compare_digest(mac.encode(), signature.encode())


def _refused(code: str) -> RefusedCall:
    status, text = MESSAGES[code]
    return RefusedCall(json_reply(status, {"success": False, "message": text, "code": code}))
