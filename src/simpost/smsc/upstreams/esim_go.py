"""The shape of eSIM Go, versions 2.2 to 2.5: `POST /v2.5/esims/{iccid}/sms` and its lists.

Sources: docs.esim-go.com, "Send SMS to eSIM", the guide "Sending SMS to eSIMs", and
"Notifications". There is no message id, and no report but the notification `SMSFailed`. The
documentation does not give the texts of errors.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
from starlette.routing import BaseRoute

from simpost.smpp import MessageState
from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.faults import HttpError, UpstreamName
from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.catalogue import UpstreamEsim
from simpost.smsc.upstreams.esim_go_lists import (
    bundle_list,
    esim_bundles,
    esim_details,
    esim_list,
)
from simpost.smsc.upstreams.shape import (
    JSON,
    Call,
    CallbackRequest,
    RefusedCall,
    UpstreamMessage,
    UpstreamReply,
    UpstreamText,
    is_handset,
    json_object,
    json_reply,
)

PREFIX: Final = "/v2.{minor:int}"
PATH: Final = f"{PREFIX}/esims/{{iccid}}/sms"
MAX_CHARACTERS: Final = 160
FORBIDDEN: Final[Mapping[str, str]] = {
    "bad_key": "access denied",
    "no_bundle": "no available bundles left",
    "not_your_esim": "ICCID not accessible",
}
"""The three meanings of 403, by the code of a fault; the response has only the text."""
_MESSAGES: Final[Mapping[int, str]] = {
    400: "bad request",
    403: FORBIDDEN["bad_key"],
    429: "too many requests",
    503: "processing - please come back later",
}
VERSIONS: Final = range(2, 6)
"""Minor versions; from 2.4 on the response has `status`."""
_FIRST_WITH_STATUS: Final = 4
_NEWEST: Final = 5
"""The catalogue is in an object; before, it was a list."""


class SimulatedEsimGo:
    """One text to an eSIM, by its ICCID."""

    name: UpstreamName = "esim_go"
    refusal = HttpError(status=403, code="no_bundle")
    keeps_messages = False

    def __init__(self, callback_url: str) -> None:
        self._callback_url = callback_url

    def routes(self, api: UpstreamApi) -> list[BaseRoute]:
        def bundles(call: Call) -> UpstreamReply:
            _check(call)
            rows = bundle_list(api.catalogue, call.query)
            return json_reply(200, {"bundles": rows} if call.path["minor"] == _NEWEST else rows)

        def esims(call: Call) -> UpstreamReply:
            _check(call)
            return json_reply(200, esim_list(api.catalogue, call.query))

        def details(call: Call) -> UpstreamReply:
            return json_reply(200, esim_details(_find(api, call)))

        def applied(call: Call) -> UpstreamReply:
            return json_reply(200, esim_bundles(_find(api, call), api.catalogue))

        return [
            api.send_route(PATH, self),
            api.route(f"{PREFIX}/catalogue", self, "plans", bundles),
            api.route(f"{PREFIX}/esims", self, "esims", esims),
            api.route(f"{PREFIX}/esims/{{iccid}}", self, "esim", details),
            api.route(f"{PREFIX}/esims/{{iccid}}/bundles", self, "esim", applied),
        ]

    def read(self, call: Call) -> UpstreamText:
        key = _check(call)
        iccid, body = call.path["iccid"], json_object(call.body) or {}
        message, sender = body.get("message"), body.get("from", "eSIM")
        if not isinstance(message, str) or not 1 <= len(message) <= MAX_CHARACTERS:
            raise _refused(400, f"message must have 1 to {MAX_CHARACTERS} characters")
        if not isinstance(sender, str) or not is_handset(iccid):
            raise _refused(400, _MESSAGES[400])
        details = {"minor": str(call.path["minor"])}
        return UpstreamText(iccid, sender, message, secret=key, details=details)

    def message_id(self, number: int) -> str:
        return str(number)

    def accepted(self, message: UpstreamMessage) -> UpstreamReply:
        has_status = int(message.text.details["minor"]) >= _FIRST_WITH_STATUS
        return json_reply(200, {"status" if has_status else "message": "sent"})

    def error(self, fault: HttpError) -> UpstreamReply:
        text = fault.message or FORBIDDEN.get(fault.code) or _MESSAGES.get(fault.status, "error")
        return json_reply(fault.status, {"message": text}, fault.retry_after)

    def callback(
        self, message: UpstreamMessage, submit: AcceptedSubmit | None
    ) -> CallbackRequest | None:
        """Nothing on success; signed as version 3 of the notifications is."""
        if not self._callback_url or submit is None or submit.is_notice:
            return None
        if submit.state is MessageState.DELIVERED:
            return None
        document = {
            "iccid": message.text.destination,
            "alertType": "SMSFailed",
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        body = msgspec.json.encode(document)
        mac = hmac.digest(message.text.secret.encode(), body, "sha256")
        headers = {**JSON, "X-Signature-SHA256": base64.b64encode(mac).decode()}
        return CallbackRequest("POST", self._callback_url, headers, body)


def _check(call: Call) -> str:
    """The API key of a request. Raises RefusedCall."""
    if call.path["minor"] not in VERSIONS:
        raise _refused(404, "not found")
    key = call.headers.get("x-api-key", "")
    if not key or (call.secret and not hmac.compare_digest(key.encode(), call.secret.encode())):
        raise _refused(403, FORBIDDEN["bad_key"])
    return key


def _find(api: UpstreamApi, call: Call) -> UpstreamEsim:
    _check(call)
    esim = api.catalogue.find(call.path["iccid"])
    if esim is None:
        raise _refused(403, FORBIDDEN["not_your_esim"])
    return esim


def _refused(status: int, text: str) -> RefusedCall:
    return RefusedCall(json_reply(status, {"message": text}))
