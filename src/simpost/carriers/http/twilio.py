"""The Messages API of Twilio: `Accounts/{sid}/Messages.json`.

Sources: github.com/twilio/twilio-oai, `twilio_api_v2010`, and Twilio's list of error codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from simpost.carriers.http.credentials import FORM_HEADERS, basic
from simpost.carriers.http.document import code_of, id_at, read_json, text_at
from simpost.carriers.http.outcome import (
    BUSY,
    CREATED,
    REFUSED,
    THROTTLED,
    UNCLEAR,
    UNDELIVERABLE,
    Meaning,
    outcome_of,
)
from simpost.carriers.http.twilio_callbacks import TwilioCallbacks
from simpost.carriers.http.upstream import CONCATENATIONS, UpstreamRequest, text_of
from simpost.config.twilio_carrier import TwilioCarrierSettings
from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.net.http_client import HttpResponse
from simpost.ports.carrier import OutboundPart
from simpost.text import CallLimit

_SENDER: Final = (OutcomeKind.REFUSED, Reason.SENDER_NOT_ALLOWED)
CODES: Final[Mapping[str, Meaning]] = {
    "14107": THROTTLED,  # messages per second
    "20429": THROTTLED,
    "21211": UNDELIVERABLE,  # no such number
    "21212": _SENDER,
    "21603": _SENDER,  # a sender is required
    "21606": _SENDER,  # not a sender of the account
    "21610": (OutcomeKind.REFUSED, Reason.OPTED_OUT),
    "21611": THROTTLED,  # the queue of the sender is full
    "21614": UNDELIVERABLE,  # not a mobile number
    "21617": (OutcomeKind.REFUSED, Reason.TEXT_TOO_LONG),
    "21659": _SENDER,
    "63038": BUSY,  # the limit of the day
}
"""What error codes mean; with any other one the status decides."""
_FAILED: Final = frozenset({"failed", "undelivered", "canceled"})
_SHORTEST_NUMBER: Final = 8
_MAX_VALIDITY_S: Final = 36_000


class Twilio:
    """One text to a phone number; Twilio splits it."""

    log_in = None
    reader = None
    id_reader = None
    has_ids = True
    call_limit = CallLimit(1_600, "utf16")

    def __init__(self, settings: TwilioCarrierSettings) -> None:
        self.concatenation = CONCATENATIONS[settings.long_texts]
        self._service = settings.messaging_service_sid
        self._callback = url = settings.status_callback
        self.receipts = bool(url)
        self.callbacks = (
            TwilioCallbacks(url, settings.auth_token.get_secret_value()) if url else None
        )
        self._url = f"{settings.base_url}/2010-04-01/Accounts/{settings.account_sid}/Messages.json"
        credentials = basic(settings.account_sid, settings.auth_token.get_secret_value())
        self._headers = {**FORM_HEADERS, "Authorization": credentials}

    def request(self, part: OutboundPart, now_ms: int) -> UpstreamRequest:
        """`SmartEncoded` is off: Twilio would replace characters of the text."""
        left_s = min(max((part.expires_ms - now_ms) // 1000, 1), _MAX_VALIDITY_S)
        form = {
            "To": f"+{part.destination}",
            "Body": text_of(part),
            "SmartEncoded": "false",
            "ValidityPeriod": str(left_s),
        }
        if self._callback and part.options.receipt:
            form["StatusCallback"] = self._callback
        if part.sender:
            form["From"] = _sender(part.sender)
        elif self._service:
            form["MessagingServiceSid"] = self._service
        return UpstreamRequest("POST", self._url, self._headers, urlencode(form).encode())

    def outcome(self, response: HttpResponse, now_ms: int) -> Outcome:
        document = read_json(response.body)
        if not 200 <= response.status < 300:
            code = code_of(text_at(document, "code"))
            return outcome_of(response, now_ms, meaning=CODES.get(code), code=code)
        code = code_of(text_at(document, "error_code"))
        sid = id_at(document, "sid")
        meaning: Meaning | None = None if sid or response.status == CREATED else UNCLEAR
        if text_at(document, "status") in _FAILED:
            meaning = CODES.get(code, REFUSED)
        return outcome_of(response, now_ms, meaning=meaning, code=code, message_id=sid)


def _sender(sender: str) -> str:
    """A number in E.164 has a plus; short codes and names have none."""
    return f"+{sender}" if sender.isdecimal() and len(sender) >= _SHORTEST_NUMBER else sender
