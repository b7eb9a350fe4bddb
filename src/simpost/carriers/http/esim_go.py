"""The API of eSIM Go, versions 2.2 to 2.5: `esims/{iccid}/sms`.

Source: docs.esim-go.com, "Send SMS to eSIM" and the guide "Sending SMS to eSIMs". There is no
message id. 403 means a wrong key, no bundle left, or an ICCID of another account.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from simpost.carriers.http.credentials import JSON_HEADERS
from simpost.carriers.http.document import read_json, text_at
from simpost.carriers.http.esim_go_callbacks import EsimGoCallbacks
from simpost.carriers.http.outcome import UNCLEAR, outcome_of
from simpost.carriers.http.upstream import CONCATENATIONS, UpstreamRequest, path_segment, text_of
from simpost.config.esim_go_carrier import EsimGoCarrierSettings
from simpost.domain.outcomes import Outcome
from simpost.net.http_client import HttpResponse
from simpost.ports.carrier import OutboundPart
from simpost.text import CallLimit

_FORBIDDEN: Final = 403
_MOST_SAID: Final = 48


class EsimGo:
    """One SMS to an eSIM, by its ICCID.

    The limit is "160 characters of UTF-8". Whether `€` or a text of UCS-2 has as much room is not
    documented, so that a request never has more than one SMS.
    """

    receipts = False
    log_in = None
    reader = None
    id_reader = None
    has_ids = False
    call_limit = CallLimit(1, "sms")

    def __init__(self, settings: EsimGoCarrierSettings) -> None:
        self.concatenation = CONCATENATIONS[settings.long_texts]
        self._url = f"{settings.base_url}/esims/"
        self._key = settings.api_key.get_secret_value()
        self.callbacks = EsimGoCallbacks(self._key) if settings.callback_path else None
        self._headers = {**JSON_HEADERS, "X-API-Key": self._key}

    def request(self, part: OutboundPart, now_ms: int) -> UpstreamRequest:
        body: dict[str, Any] = {"message": text_of(part)}
        if part.sender:
            body["from"] = part.sender
        url = f"{self._url}{path_segment(part.destination)}/sms"
        return UpstreamRequest("POST", url, self._headers, msgspec.json.encode(body))

    def outcome(self, response: HttpResponse, now_ms: int) -> Outcome:
        document = read_json(response.body)
        if response.status == _FORBIDDEN:
            return outcome_of(response, now_ms, code=self._said(document))
        stated = text_at(document, "status")
        is_sent = stated == "sent" or (not stated and bool(text_at(document, "message")))
        if 200 <= response.status < 300 and not is_sent:
            return outcome_of(response, now_ms, meaning=UNCLEAR)
        return outcome_of(response, now_ms)

    def _said(self, document: Any) -> str:
        """What the response to a forbidden request says: only its text tells which case it is."""
        text = text_at(document, "message") or text_at(document, "status")
        is_safe = text.isprintable() and self._key not in text
        return f"HTTP 403: {text[:_MOST_SAID]}" if text and is_safe else ""
