"""The shape of emnify: `POST /api/v1/endpoint/{id}/sms`; 1NCE has the same form of messages.

Sources: the OpenAPI document of emnify (github.com/api-evangelist/emnify); docs.emnify.com, "SMS
callbacks". The response to a text is 201 with an empty body: its id is in the list of the endpoint.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import msgspec
from starlette.routing import BaseRoute

from simpost.smpp import MessageState
from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.faults import HttpError, UpstreamName
from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.emnify_calls import receipt_of, signed_headers
from simpost.smsc.upstreams.messages import UpstreamMessages
from simpost.smsc.upstreams.shape import (
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

MAX_TOKENS: Final = 1_000
MAX_LISTED: Final = 100
_MAX_SEPTETS: Final = 160
_CODINGS: Final = (0, 8)
_ALPHANUMERIC: Final = 208
_BUFFERED: Final = 3
STATES: Final[Mapping[MessageState, tuple[int, str]]] = {
    MessageState.DELIVERED: (4, "DELIVERED"),
    MessageState.EXPIRED: (6, "EXPIRED"),
    MessageState.DELETED: (7, "CANCELED"),
}
FAILED: Final = (5, "FAILED")
"""`status` by the state of the handset's text; any other final state is a failure."""


class IssuedTokens:
    """Tokens that a log-in gave, the latest ones; without a secret any token will do."""

    def __init__(self) -> None:
        self._issued: OrderedDict[str, None] = OrderedDict()

    def issue(self) -> str:
        token = secrets.token_urlsafe(24)
        self._issued[token] = None
        if len(self._issued) > MAX_TOKENS:
            self._issued.popitem(last=False)
        return token

    def check(self, call: Call) -> None:
        """Raise RefusedCall for a request without a valid token."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token or (call.secret and token not in self._issued):
            raise refused(401, "Unauthorized", "the token is not valid")


class SimulatedEmnify:
    """One SMS to an endpoint, by its id."""

    name: UpstreamName = "emnify"
    refusal = HttpError(status=422, code="UnprocessableEntity")
    keeps_messages = True
    path = "/api/v1/endpoint/{number}/sms"
    pending = (1, "PENDING")
    shows_buffered = True
    _messages: UpstreamMessages

    def __init__(self, callback_url: str) -> None:
        self.tokens = IssuedTokens()
        self._callback_url = callback_url

    def routes(self, api: UpstreamApi) -> list[BaseRoute]:
        log_in = api.route("/api/v1/authenticate", self, "log_in", self._log_in, "POST")
        return [log_in, *self.sms_routes(api)]

    def sms_routes(self, api: UpstreamApi) -> list[BaseRoute]:
        self._messages = api.messages
        return [
            api.send_route(self.path, self),
            api.route(self.path, self, "state", self._list),
            api.route(f"{self.path}/{{id}}", self, "state", self._fetch),
        ]

    def _log_in(self, call: Call) -> UpstreamReply:
        token = (json_object(call.body) or {}).get("application_token")
        if not isinstance(token, str) or not token:
            raise refused(400, "BadRequest", "application_token is missing")
        if call.secret and not hmac.compare_digest(token.encode(), call.secret.encode()):
            raise refused(401, "Unauthorized", "the application token is not valid")
        return json_reply(200, {"auth_token": self.tokens.issue()})

    def read(self, call: Call) -> UpstreamText:
        self.tokens.check(call)
        number, body = call.path["number"], json_object(call.body) or {}
        payload, coding = body.get("payload"), body.get("dcs", 0)
        if not is_handset(number):
            raise refused(404, "NotFound", "no such endpoint")
        if not isinstance(payload, str) or coding not in _CODINGS:
            raise refused(400, "BadRequest", "payload or dcs is not valid")
        if len(payload) > _MAX_SEPTETS:
            raise refused(422, "UnprocessableEntity", "the payload is too long")
        try:
            header = bytes.fromhex(body.get("udh") or "")
        except (ValueError, TypeError):
            raise refused(400, "BadRequest", "udh is not hex") from None
        sender = body.get("source_address") or self.name
        kind = body.get("source_address_type")
        kind_id = kind.get("id") if isinstance(kind, dict) else None
        if not isinstance(sender, str):
            raise refused(400, "BadRequest", "source_address is not valid")
        if "source_address" in body and not sender.isdecimal() and kind_id != _ALPHANUMERIC:
            raise refused(422, "UnprocessableEntity", "source_address_type must be 208")
        return UpstreamText(
            number,
            sender,
            payload,
            coding=coding,
            header=header,
            validity_s=_seconds_until(body.get("expiry_date")),
            secret=call.secret,
            details={"version": str(call.path.get("version", ""))},
        )

    def message_id(self, number: int) -> str:
        return str(number)

    def accepted(self, message: UpstreamMessage) -> UpstreamReply:
        return UpstreamReply(201, b"", {})

    def error(self, fault: HttpError) -> UpstreamReply:
        return _error(
            fault.status, fault.code or "Error", fault.message or "error", fault.retry_after
        )

    def callback(
        self, message: UpstreamMessage, submit: AcceptedSubmit | None
    ) -> CallbackRequest | None:
        """The final state, by PATCH."""
        if not self._callback_url or submit is None or submit.is_notice:
            return None
        status = STATES.get(submit.state, FAILED)
        headers, document = self.receipt_call(message, receipt_of(message, submit, status))
        body = msgspec.json.encode(document)
        return CallbackRequest("PATCH", self._callback_url, headers, body)

    def receipt_call(
        self, message: UpstreamMessage, receipt: dict[str, Any]
    ) -> tuple[Mapping[str, str], dict[str, Any]]:
        """The headers and the body of a call with a receipt."""
        return signed_headers(message.text.secret), receipt

    def _list(self, call: Call) -> UpstreamReply:
        """The newest messages of the endpoint."""
        self.tokens.check(call)
        found = (
            self.shown(each)
            for each in self._messages.newest(self.name)
            if each.text.destination == call.path["number"]
        )
        return json_reply(200, list(islice(found, MAX_LISTED)))

    def _fetch(self, call: Call) -> UpstreamReply:
        self.tokens.check(call)
        message = self._messages.find(self.name, call.path["id"])
        if message is None or message.text.destination != call.path["number"]:
            raise refused(404, "NotFound", "no such SMS")
        return json_reply(200, self.shown(message))

    def shown(self, message: UpstreamMessage) -> dict[str, Any]:
        """A message as the API shows it."""
        text, submit = message.text, message.submit
        state = self._messages.state(message)
        shown: dict[str, Any] = {
            "id": self.shown_id(message),
            "payload": text.text,
            "dcs": text.coding,
            "source_address": text.sender,
            "submit_date": time_of(message.at),
            "status": self._status(message, state),
        }
        if text.header:
            shown["udh"] = text.header.hex().upper()
        if submit and state is not MessageState.ENROUTE:
            shown["final_date"] = time_of(submit.done_at)
            if submit.error:
                shown["gsm_map_error"] = str(submit.error)
        return shown

    def shown_id(self, message: UpstreamMessage) -> int | str:
        return int(message.id)

    def _status(self, message: UpstreamMessage, state: MessageState) -> dict[str, Any]:
        submit = message.submit
        if state is not MessageState.ENROUTE:
            number, word = STATES.get(state, FAILED)
        elif self.shows_buffered and submit and submit.state is MessageState.ENROUTE:
            number, word = _BUFFERED, "BUFFERED"
        else:
            number, word = self.pending
        return {"id": number, "status": word}


def refused(status: int, token: str, text: str) -> RefusedCall:
    """An error in the form of emnify and 1NCE."""
    return RefusedCall(_error(status, token, text))


def time_of(at: float) -> str:
    """A time in ISO 8601."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _error(status: int, token: str, text: str, retry_after: int | None = None) -> UpstreamReply:
    document = {"error_code": status, "error_token": token, "message": text}
    return json_reply(status, document, retry_after)


def _seconds_until(text: object) -> float | None:
    try:
        when = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if when is None:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
