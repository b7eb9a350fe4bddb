"""Cases of eSIMfly. Source: github.com/eSimfly-Official/api-docs, `docs/api/send-sms.md`."""

from __future__ import annotations

import hmac
import uuid

from tests.integration.carriers.upstream_api import SECRET, TEXT, Reply, Request
from tests.integration.carriers.upstream_case import THROTTLED, Case


def _check(request: Request) -> None:
    given = request.headers
    assert (request.method, request.path) == ("POST", "/api/v1/business/esims/send-sms")
    assert request.json == {"iccid": "447700900001", "message": TEXT}
    assert uuid.UUID(given["rt-requestid"])
    signed = given["rt-timestamp"] + given["rt-requestid"] + "esf_code"
    mac = hmac.new(SECRET.encode(), signed.encode() + request.body, "sha256").hexdigest()
    assert given["rt-signature"] == mac.upper() != mac


def _failed(code: str) -> dict[str, object]:
    return {"success": False, "message": "...", "code": code}


_REFUSED = ("refused", "carrier_refused")
_WRONG = ("unreachable", "carrier_unreachable")
_UNCLEAR = ("in_doubt", "unclear_response")
_BUSY = ("unreachable", "carrier_busy")
CASES = [
    Case(
        "esimfly",
        {
            "type": "esimfly",
            "base_url": "URL/api/v1/business",
            "access_code": "esf_code",
            "secret_key": SECRET,
        },
        _check,
        Reply(200, {"success": True, "message": "SMS sent successfully"}),
        [
            (Reply(200, {"success": True}), "accepted", None, ""),
            (Reply(200, _failed("SMS_FAILED")), "refused", "undeliverable", "SMS_FAILED"),
            (Reply(200, b"ok"), *_UNCLEAR, "HTTP 200"),
            *(
                (Reply(400, _failed(code)), *_REFUSED, code)
                for code in ("MISSING_IDENTIFIER", "MISSING_MESSAGE", "VALIDATION_FAILED")
            ),
            (
                Reply(400, _failed("MESSAGE_TOO_LONG")),
                "refused",
                "text_too_long",
                "MESSAGE_TOO_LONG",
            ),
            (
                Reply(400, _failed("SMS_NOT_SUPPORTED")),
                "refused",
                "sms_not_supported",
                "SMS_NOT_SUPPORTED",
            ),
            (Reply(400, _failed("SMS_FAILED")), "refused", "undeliverable", "SMS_FAILED"),
            (Reply(403, _failed("FORBIDDEN")), *_REFUSED, "FORBIDDEN"),
            (Reply(404, _failed("ESIM_NOT_FOUND")), *_REFUSED, "ESIM_NOT_FOUND"),
            (Reply(401, _failed("AUTH_INVALID_SIGNATURE")), *_WRONG, "AUTH_INVALID_SIGNATURE"),
            (Reply(400, _failed("AUTH_EXPIRED_TIMESTAMP")), *_WRONG, "AUTH_EXPIRED_TIMESTAMP"),
            # An earlier attempt that ended in doubt had arrived.
            (
                Reply(409, _failed("AUTH_DUPLICATE_REQUEST_ID")),
                *_UNCLEAR,
                "AUTH_DUPLICATE_REQUEST_ID",
            ),
            (Reply(400, _failed("PROVIDER_ERROR")), *_UNCLEAR, "PROVIDER_ERROR"),
            (Reply(400, _failed("INSUFFICIENT_BALANCE")), *_BUSY, "INSUFFICIENT_BALANCE"),
            (
                Reply(429, _failed("RATE_LIMIT_EXCEEDED")),
                "throttled",
                "throttled",
                "RATE_LIMIT_EXCEEDED",
            ),
            *THROTTLED,
        ],
    )
]
