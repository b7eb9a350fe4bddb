"""The business API of eSIMfly: `esims/send-sms`.

Source: github.com/eSimfly-Official/api-docs, `docs/api/send-sms.md` and `docs/error-codes.md`.
There is no message id and no report of any kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from simpost.carriers.http.credentials import JSON_HEADERS, sha256_mac, write_mac
from simpost.carriers.http.document import code_of, read_json, text_at
from simpost.carriers.http.outcome import (
    ACCEPTED,
    BUSY,
    MAX_RETRY_AFTER_S,
    REFUSED,
    THROTTLED,
    UNCLEAR,
    UNDELIVERABLE,
    WRONG_CREDENTIALS,
    Meaning,
    outcome_of,
)
from simpost.carriers.http.upstream import (
    CONCATENATIONS,
    UpstreamRequest,
    request_id_of,
    text_of,
)
from simpost.config.esimfly_carrier import EsimflyCarrierSettings
from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.net.http_client import HttpResponse
from simpost.ports.carrier import OutboundPart
from simpost.text import CallLimit

CODES: Final[Mapping[str, Meaning]] = {
    "AUTH_MISSING": WRONG_CREDENTIALS,
    "AUTH_INVALID_SIGNATURE": WRONG_CREDENTIALS,
    "AUTH_EXPIRED_TIMESTAMP": WRONG_CREDENTIALS,
    "AUTH_INVALID_ACCESS_CODE": WRONG_CREDENTIALS,
    "AUTH_DUPLICATE_REQUEST_ID": UNCLEAR,  # of an attempt in doubt: it came, its outcome is unknown
    "SMS_NOT_SUPPORTED": (OutcomeKind.REFUSED, Reason.SMS_NOT_SUPPORTED),
    "SMS_FAILED": UNDELIVERABLE,
    "MESSAGE_TOO_LONG": (OutcomeKind.REFUSED, Reason.TEXT_TOO_LONG),
    "INSUFFICIENT_BALANCE": BUSY,
    "RATE_LIMIT_EXCEEDED": THROTTLED,
    "DAILY_LIMIT_EXCEEDED": BUSY,
    "PROVIDER_ERROR": UNCLEAR,
    "SYSTEM_ERROR": UNCLEAR,
    "SERVICE_UNAVAILABLE": BUSY,
}
"""What error codes mean; any other one refuses the message."""


class Esimfly:
    """One text to an eSIM, by its ICCID."""

    receipts = False
    log_in = None
    reader = None
    id_reader = None
    callbacks = None
    has_ids = False
    call_limit = CallLimit(500, "utf16")

    def __init__(self, settings: EsimflyCarrierSettings) -> None:
        self.concatenation = CONCATENATIONS[settings.long_texts]
        self._url = f"{settings.base_url}/esims/send-sms"
        self._access_code = settings.access_code.get_secret_value()
        self._secret = settings.secret_key.get_secret_value()

    def request(self, part: OutboundPart, now_ms: int) -> UpstreamRequest:
        """Signed over the raw octets of the body, with the signature in upper case."""
        body = msgspec.json.encode({"iccid": part.destination, "message": text_of(part)})
        timestamp, request_id = str(now_ms), request_id_of(part)
        signed = f"{timestamp}{request_id}{self._access_code}".encode() + body
        headers = {
            **JSON_HEADERS,
            "RT-AccessCode": self._access_code,
            "RT-RequestID": request_id,
            "RT-Timestamp": timestamp,
            "RT-Signature": write_mac(sha256_mac(self._secret, signed), "hex_upper"),
        }
        return UpstreamRequest("POST", self._url, headers, body)

    def outcome(self, response: HttpResponse, now_ms: int) -> Outcome:
        document = read_json(response.body)
        code = code_of(text_at(document, "code"))
        meaning = _meaning(response.status, text_at(document, "success"), code)
        outcome = outcome_of(response, now_ms, meaning=meaning, code=code)
        if outcome.kind is OutcomeKind.THROTTLED and outcome.retry_after_s is None:
            return msgspec.structs.replace(outcome, retry_after_s=_reset_s(response, now_ms))
        return outcome


def _meaning(status: int, success: str, code: str) -> Meaning | None:
    if 200 <= status < 300:
        if success == "true":
            return ACCEPTED
        return CODES.get(code, REFUSED) if success == "false" else UNCLEAR
    return CODES.get(code)


def _reset_s(response: HttpResponse, now_ms: int) -> float | None:
    """Seconds until the limit of the hour is reset."""
    text = response.headers.get("x-ratelimit-reset", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    return min(max(0.0, int(text) - now_ms / 1000), MAX_RETRY_AFTER_S)
