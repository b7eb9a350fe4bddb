"""The shape of Twilio: `Messages.json`, to send, fetch and list, and status callbacks.

Sources: github.com/twilio/twilio-oai, `twilio_api_v2010`, Twilio's list of error codes, and its
documentation, "Webhooks security".
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.routing import BaseRoute

from simpost.smpp import MessageState
from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.faults import HttpError, UpstreamName
from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.messages import UpstreamMessages
from simpost.smsc.upstreams.shape import (
    FORM,
    Call,
    CallbackRequest,
    RefusedCall,
    UpstreamMessage,
    UpstreamReply,
    UpstreamText,
    json_reply,
)

ACCOUNT: Final = "/2010-04-01/Accounts/{account}"
MAX_CHARACTERS: Final = 1_600
MAX_LISTED: Final = 1_000
MESSAGES: Final[Mapping[str, str]] = {
    "20003": "Authenticate",
    "20404": "The requested resource was not found",
    "20429": "Too Many Requests",
    "21211": "Invalid 'To' Phone Number",
    "21212": "Invalid 'From' Phone Number",
    "21602": "Message body is required.",
    "21603": "A 'From' phone number is required.",
    "21609": "Invalid 'StatusCallback' URL",
    "21610": "Attempt to send to unsubscribed recipient",
    "21617": "The concatenated message body exceeds the 1600 character limit.",
}
_STATES: Final[Mapping[MessageState, tuple[str, int | None]]] = {
    MessageState.DELIVERED: ("delivered", None),
    MessageState.EXPIRED: ("undelivered", 30003),
    MessageState.REJECTED: ("undelivered", 30004),
    MessageState.UNDELIVERABLE: ("undelivered", 30005),
    MessageState.DELETED: ("canceled", None),
    MessageState.UNKNOWN: ("undelivered", 30008),
    MessageState.ENROUTE: ("sent", None),
}
_CODES: Final = {400: "21212", 401: "20003", 404: "20404", 429: "20429"}
_TO: Final = re.compile(r"\+[0-9]{1,15}")
_URL: Final = re.compile(r"https?://[\x21-\x7e]+")
_MAX_FIELDS: Final = 100


class SimulatedTwilio:
    """One text to a phone number."""

    name: UpstreamName = "twilio"
    refusal = HttpError(status=400, code="21610")
    keeps_messages = True
    _messages: UpstreamMessages

    def routes(self, api: UpstreamApi) -> list[BaseRoute]:
        self._messages = api.messages
        return [
            api.send_route(f"{ACCOUNT}/Messages.json", self),
            api.route(f"{ACCOUNT}/Messages.json", self, "state", self._list),
            api.route(f"{ACCOUNT}/Messages/{{sid}}.json", self, "state", self._fetch),
        ]

    def read(self, call: Call) -> UpstreamText:
        token = _token_of(call)
        try:
            fields = dict(
                parse_qsl(call.body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
            )
        except ValueError:
            raise _refused(400, "21602") from None
        to, text = fields.get("To", ""), fields.get("Body", "")
        service = fields.get("MessagingServiceSid", "")
        if not _TO.fullmatch(to):
            raise _refused(400, "21211")
        if not text:
            raise _refused(400, "21602")
        if len(text) > MAX_CHARACTERS:
            raise _refused(400, "21617")
        if not fields.get("From") and not service:
            raise _refused(400, "21603")
        callback_url = fields.get("StatusCallback", "")
        if callback_url and not _URL.fullmatch(callback_url):
            raise _refused(400, "21609")
        validity = fields.get("ValidityPeriod", "")
        return UpstreamText(
            to.removeprefix("+"),
            fields.get("From") or "Twilio",
            text,
            validity_s=float(validity) if validity.isdecimal() and len(validity) < 6 else None,
            secret=token,
            callback_url=callback_url,
            details={"account": call.path["account"], "service": service},
        )

    def message_id(self, number: int) -> str:
        return f"SM{number:032x}"

    def accepted(self, message: UpstreamMessage) -> UpstreamReply:
        first = "accepted" if message.text.details["service"] else "queued"
        return json_reply(201, _resource(message, first, None))

    def error(self, fault: HttpError) -> UpstreamReply:
        code = fault.code or _CODES.get(fault.status, f"{fault.status}00")
        return _error(fault.status, code, fault.message, fault.retry_after)

    def callback(
        self, message: UpstreamMessage, submit: AcceptedSubmit | None
    ) -> CallbackRequest | None:
        text = message.text
        if not text.callback_url or (submit is not None and submit.is_notice):
            return None
        state = submit.state if submit else MessageState.ENROUTE
        status, code = _STATES.get(state, _STATES[MessageState.UNKNOWN])
        fields = {
            "AccountSid": text.details["account"],
            "ApiVersion": "2010-04-01",
            "From": text.sender,
            "MessageSid": message.id,
            "MessageStatus": status,
            "SmsSid": message.id,
            "SmsStatus": status,
            "To": f"+{text.destination}",
        }
        if code:
            fields["ErrorCode"] = str(code)
        signed = text.callback_url + "".join(name + fields[name] for name in sorted(fields))
        mac = hmac.digest(text.secret.encode(), signed.encode(), "sha1")
        headers = {**FORM, "X-Twilio-Signature": base64.b64encode(mac).decode()}
        return CallbackRequest("POST", text.callback_url, headers, urlencode(fields).encode())

    def _fetch(self, call: Call) -> UpstreamReply:
        _token_of(call)
        message = self._messages.find(self.name, call.path["sid"])
        if message is None or message.text.details["account"] != call.path["account"]:
            raise _refused(404, "20404")
        return json_reply(200, self._shown(message))

    def _list(self, call: Call) -> UpstreamReply:
        """The newest messages of the account: one page."""
        _token_of(call)
        size = call.query.get("PageSize", "50")
        limit = min(int(size), MAX_LISTED) if size.isdecimal() and len(size) < 6 else 50
        account, to = call.path["account"], call.query.get("To", "").removeprefix("+")
        found = (
            self._shown(each)
            for each in self._messages.newest(self.name)
            if each.text.details["account"] == account and to in ("", each.text.destination)
        )
        uri = ACCOUNT.format(account=account) + "/Messages.json"
        shown = list(islice(found, limit))
        page = {"page": 0, "page_size": limit, "start": 0, "end": max(len(shown) - 1, 0)}
        uris = {"uri": uri, "first_page_uri": uri, "next_page_uri": None}
        return json_reply(200, {"messages": shown, **page, **uris, "previous_page_uri": None})

    def _shown(self, message: UpstreamMessage) -> dict[str, Any]:
        return _resource(message, *_STATES.get(self._messages.state(message), ("sent", None)))


def _resource(message: UpstreamMessage, status: str, code: int | None) -> dict[str, Any]:
    text = message.text
    at = format_datetime(datetime.fromtimestamp(message.at, UTC))
    account = text.details["account"]
    uri = f"{ACCOUNT.format(account=account)}/Messages/{message.id}"
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text.text,
        "date_created": at,
        "date_sent": None if status in ("queued", "accepted") else at,
        "date_updated": at,
        "direction": "outbound-api",
        "error_code": code,
        "error_message": None,
        "from": None if text.details["service"] else text.sender,
        "messaging_service_sid": text.details["service"] or None,
        "num_media": "0",
        "num_segments": str(message.parts),
        "price": None,
        "price_unit": "USD",
        "sid": message.id,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": f"+{text.destination}",
        "uri": f"{uri}.json",
    }


def _token_of(call: Call) -> str:
    """The auth token of the caller. Raises RefusedCall without one, or for a wrong one."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    try:
        _, _, token = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        token = ""
    if scheme.lower() != "basic" or not token:
        raise _refused(401, "20003")
    if call.secret and not hmac.compare_digest(token.encode(), call.secret.encode()):
        raise _refused(401, "20003")
    return token


def _refused(status: int, code: str) -> RefusedCall:
    return RefusedCall(_error(status, code))


def _error(status: int, code: str, text: str = "", retry_after: int | None = None) -> UpstreamReply:
    document = {
        "code": int(code) if code.isdecimal() else code,
        "message": text or MESSAGES.get(code, "Error"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return json_reply(status, document, retry_after)
