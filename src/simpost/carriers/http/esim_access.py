"""The API of eSIM Access and HiRoaming: `esim/sendSms`.

Sources: docs.esimaccess.com and the HiRoaming B2B documentation, "Send SMS". The outcome is in the
body: errors have the status 200. There is no message id and no report of any kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simpost.carriers.http.credentials import JSON_HEADERS, sha256_mac
from simpost.carriers.http.document import code_of, read_json, text_at
from simpost.carriers.http.outcome import (
    ACCEPTED,
    BUSY,
    REFUSED,
    UNCLEAR,
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
from simpost.config.esim_access_carrier import EsimAccessCarrierSettings
from simpost.domain.outcomes import Outcome
from simpost.net.http_client import HttpResponse
from simpost.ports.carrier import OutboundPart
from simpost.text import CallLimit

_TEXT_LIMIT: Final = CallLimit(500, "utf16")
"""The documentation says 500 characters and not which: no way of counting has more than UTF-16."""

CODES: Final[Mapping[str, Meaning]] = {
    "000001": UNCLEAR,  # server error
    "000101": WRONG_CREDENTIALS,  # a header is missing
    "000102": WRONG_CREDENTIALS,  # a header is wrong
    "101001": WRONG_CREDENTIALS,  # the timestamp has expired: our clock is wrong
    "101002": WRONG_CREDENTIALS,  # our address is blocked
    "101003": WRONG_CREDENTIALS,  # the signature is wrong
    "401001": WRONG_CREDENTIALS,
    "200007": BUSY,  # insufficient balance
    "200010": BUSY,  # the eSIM is being allocated
    "900001": BUSY,  # system busy
}
"""What error codes mean; any other one, such as 200002 and 310403, refuses the message."""
_OF_THE_ENVELOPE: Final = frozenset({*range(200, 300), 400, 404, 409, 422})
"""Statuses of responses whose body decides. Others come from what is in front of the API."""
_BLOCKED: Final = 403


class EsimAccess:
    """One text to an eSIM, by its esimTranNo or ICCID."""

    receipts = False
    log_in = None
    reader = None
    id_reader = None
    callbacks = None
    has_ids = False
    call_limit = _TEXT_LIMIT

    def __init__(self, settings: EsimAccessCarrierSettings) -> None:
        self.concatenation = CONCATENATIONS[settings.long_texts]
        self._url = f"{settings.base_url}/esim/sendSms"
        self._key = "esimTranNo" if settings.address == "esim_tran_no" else "iccid"
        self._access_code = settings.access_code.get_secret_value()
        self._secret = settings.secret_key.get_secret_value()
        self._credentials = settings.credentials

    def request(self, part: OutboundPart, now_ms: int) -> UpstreamRequest:
        body = msgspec.json.encode({self._key: part.destination, "message": text_of(part)})
        headers = self._headers(body, request_id_of(part), now_ms)
        return UpstreamRequest("POST", self._url, headers, body)

    def _headers(self, body: bytes, request_id: str, now_ms: int) -> dict[str, str]:
        """`RT-RequestID` is "for idempotency" at HiRoaming, and part of what is signed."""
        code, timestamp = self._access_code, str(now_ms)
        headers = {**JSON_HEADERS, "RT-AccessCode": code, "RT-RequestID": request_id}
        if self._credentials == "secret":
            headers["RT-SecretKey"] = self._secret
        elif self._credentials == "signature":
            signed = f"{timestamp}{request_id}{code}".encode() + body
            headers["RT-Timestamp"] = timestamp
            headers["RT-Signature"] = sha256_mac(self._secret, signed).hex()
        return headers

    def outcome(self, response: HttpResponse, now_ms: int) -> Outcome:
        if response.status not in _OF_THE_ENVELOPE:
            meaning = WRONG_CREDENTIALS if response.status == _BLOCKED else None
            return outcome_of(response, now_ms, meaning=meaning)
        document = read_json(response.body)
        code = code_of(text_at(document, "errorCode"))
        return outcome_of(response, now_ms, meaning=_meaning(response, document, code), code=code)


def _meaning(response: HttpResponse, document: Any, code: str) -> Meaning | None:
    success = text_at(document, "success").lower()
    if success == "true":
        return ACCEPTED
    if success == "false" or code:
        return CODES.get(code, REFUSED)
    return UNCLEAR if response.status < 300 else None  # not the API's envelope
