"""Status callbacks and incoming messages of Twilio: signed forms.

Source: Twilio's documentation, "Webhooks security" and "Track the message status". The signature is
an HMAC of the URL that Twilio was given and of the parameters, sorted by name.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from simpost.carriers.http.callbacks import NotUnderstoodCallback, StateReport, TextReport
from simpost.carriers.http.document import code_of
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.carrier_callbacks import Callback, CallbackAnswer, WrongCallbackSignature

_MAX_FIELDS: Final = 200
_STATES: Final[Mapping[str, tuple[State, Reason | None]]] = {
    "delivered": (State.DELIVERED, None),
    "read": (State.DELIVERED, None),
    "undelivered": (State.FAILED, Reason.UNDELIVERABLE),
    "failed": (State.FAILED, Reason.UNDELIVERABLE),
    "canceled": (State.FAILED, Reason.DELETED_AT_CARRIER),
}
"""The other ones say that it is still on its way."""
_STORED: Final = ("MessageSid", "SmsSid", "From", "To")


class TwilioCallbacks:
    """Reads calls to one URL."""

    methods = frozenset({"GET", "POST"})
    answer = CallbackAnswer("application/xml", b"<Response/>")

    def __init__(self, url: str, auth_token: str) -> None:
        self._url = url
        self._key = auth_token.encode()

    def read(self, callback: Callback, now_ms: int) -> list[StateReport | TextReport]:
        fields = self._signed_fields(callback)
        message_id = fields.get("MessageSid") or fields.get("SmsSid", "")
        status = fields.get("MessageStatus") or fields.get("SmsStatus", "")
        if not message_id or not status:
            raise NotUnderstoodCallback("MessageSid or MessageStatus is missing")
        if any("\0" in fields.get(name, "") for name in _STORED):  # PostgreSQL stores none
            raise NotUnderstoodCallback("a field has a NUL")
        if status == "received":
            source, destination, text = (fields.get(name, "") for name in ("From", "To", "Body"))
            return [TextReport(message_id, source, destination, text)]
        known = _STATES.get(status)
        if known is None:
            return []
        code = code_of(fields.get("ErrorCode", ""))
        return [StateReport(message_id, *known, code, (fields.get("To", ""),))]

    def _signed_fields(self, callback: Callback) -> dict[str, str]:
        url = f"{self._url}?{callback.query}" if callback.query else self._url
        try:
            text = callback.body.decode() if callback.method == "POST" else ""
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
            query = parse_qsl(callback.query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise NotUnderstoodCallback("the body is no form") from None
        signed = url + "".join(name + value for name, value in sorted(set(pairs)))
        mac = hmac.digest(self._key, signed.encode(), "sha1")
        given = callback.headers.get("x-twilio-signature", "")
        if not hmac.compare_digest(given.encode("latin-1", "replace"), base64.b64encode(mac)):
            raise WrongCallbackSignature
        return dict(query if callback.method == "GET" else pairs)
