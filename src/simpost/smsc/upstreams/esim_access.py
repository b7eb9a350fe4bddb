"""The shape of eSIM Access and HiRoaming: `POST /api/v1/open/esim/sendSms` and its lists.

Sources: docs.esimaccess.com and the HiRoaming B2B documentation, "Send SMS". Errors have the status
200: the outcome is in the body. There is no message id and no report of any kind. A caller with
`RT-SecretKey` gets the responses of HiRoaming, which differ in what is empty.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from starlette.routing import BaseRoute

from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.faults import HttpError, UpstreamName
from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.catalogue import UpstreamCatalogue
from simpost.smsc.upstreams.esim_access_lists import esim_query, package_list
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

PREFIX: Final = "/api/v1/open"
PATH: Final = f"{PREFIX}/esim/sendSms"
MAX_CHARACTERS: Final = 500
MESSAGES: Final[Mapping[str, str]] = {
    "000001": "Server error",
    "000101": "Request header is mandatory",
    "000102": "Request header has a wrong format",
    "000104": "Request is not valid JSON",
    "000105": "Request parameters are missing",
    "000106": "Request parameter is mandatory",
    "000107": "Request parameter has a wrong length",
    "101001": "The timestamp of the request has expired",
    "101003": "The signature of the request is wrong",
    "200002": "This operation is not allowed",
    "200007": "Insufficient account balance",
    "310403": "The eSIM transaction number does not exist",
    "900001": "The system is busy, try again later",
}
"""What error codes say. Those of the documentation of HiRoaming are literal."""
_BUSY: Final = (429, 503)
_Answer: TypeAlias = Callable[[UpstreamCatalogue, dict[str, Any]], dict[str, Any]]
_SENDER: Final = "eSIMAccess"
"""Shown on the handset: the API has no sender."""


class SimulatedEsimAccess:
    """One text to an eSIM, by its esimTranNo or ICCID."""

    name: UpstreamName = "esim_access"
    refusal = HttpError(status=200, code="200002")
    keeps_messages = False

    def routes(self, api: UpstreamApi) -> list[BaseRoute]:
        plans, esims = _lister(api, package_list), _lister(api, esim_query)
        return [
            api.send_route(PATH, self),
            api.route(f"{PREFIX}/package/list", self, "plans", plans, "POST"),
            api.route(f"{PREFIX}/esim/query", self, "esims", esims, "POST"),
        ]

    def read(self, call: Call) -> UpstreamText:
        body = _read(call)
        destination = body.get("esimTranNo") or body.get("iccid")
        if not destination or "message" not in body:
            raise _refused("000105")
        message = body["message"]
        if not isinstance(message, str) or not message.strip():
            raise _refused("000106")
        if len(message) > MAX_CHARACTERS:
            raise _refused("000107")
        if not is_handset(destination):
            raise _refused("310403")
        details = {"dialect": "hiroaming"} if "rt-secretkey" in call.headers else {}
        return UpstreamText(destination, _SENDER, message, details=details)

    def message_id(self, number: int) -> str:
        return str(number)

    def accepted(self, message: UpstreamMessage) -> UpstreamReply:
        is_hiroaming = bool(message.text.details)
        return _envelope(200, None if is_hiroaming else "0", None, None if is_hiroaming else {})

    def error(self, fault: HttpError) -> UpstreamReply:
        code = fault.code or ("900001" if fault.status in _BUSY else "000001")
        text = fault.message or MESSAGES.get(code, "Error")
        return _envelope(fault.status, code, text, None, fault.retry_after)

    def callback(self, message: UpstreamMessage, submit: AcceptedSubmit | None) -> None:
        return None


def _lister(api: UpstreamApi, answer: _Answer) -> Callable[[Call], UpstreamReply]:
    def respond(call: Call) -> UpstreamReply:
        body = _read(call)
        is_hiroaming = "rt-secretkey" in call.headers
        return _envelope(200, None if is_hiroaming else "0", None, answer(api.catalogue, body))

    return respond


def _read(call: Call) -> dict[str, Any]:
    """The body of a request with credentials. Raises RefusedCall."""
    if not call.headers.get("rt-accesscode"):
        raise _refused("000101")
    if call.secret and not _is_proven(call):
        raise _refused("101003")
    body = json_object(call.body or b"{}")
    if body is None:
        raise _refused("000104")
    return body


def _is_proven(call: Call) -> bool:
    """By the secret itself, by a signature of either case, or by an access code that is secret."""
    headers = call.headers
    code, given = headers.get("rt-accesscode", ""), headers.get("rt-signature", "")
    if given:
        head = f"{headers.get('rt-timestamp', '')}{headers.get('rt-requestid', '')}{code}"
        signed = hmac.new(call.secret.encode(), head.encode() + call.body, hashlib.sha256)
        return hmac.compare_digest(signed.hexdigest().encode(), given.lower().encode())
    return hmac.compare_digest(headers.get("rt-secretkey", code).encode(), call.secret.encode())


def _refused(code: str) -> RefusedCall:
    return RefusedCall(_envelope(200, code, MESSAGES[code], None))


def _envelope(
    status: int, code: str | None, text: str | None, content: Any, retry_after: int | None = None
) -> UpstreamReply:
    document = {
        "success": code in (None, "0"),
        "errorCode": code,
        "errorMsg": text,
        "obj": content,
    }
    return json_reply(status, document, retry_after)
