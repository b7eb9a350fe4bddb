"""Cases of eSIM Access and HiRoaming. Sources: docs.esimaccess.com and the HiRoaming B2B docs."""

from __future__ import annotations

import hmac
import re
import uuid
from typing import Any

from tests.integration.carriers.upstream_api import SECRET, TEXT, Reply, Request
from tests.integration.carriers.upstream_case import THROTTLED, Case


def _envelope(code: str | None, *, success: object = False) -> dict[str, Any]:
    return {"success": success, "errorCode": code, "errorMsg": "...", "obj": None}


def _signed(request: Request) -> None:
    given = request.headers
    assert (request.method, request.path) == ("POST", "/api/v1/open/esim/sendSms")
    assert request.json == {"esimTranNo": "447700900001", "message": TEXT}
    text = given["rt-timestamp"] + given["rt-requestid"] + given["rt-accesscode"]
    mac = hmac.new(SECRET.encode(), text.encode() + request.body, "sha256")
    assert given["rt-signature"] == mac.hexdigest()
    assert re.fullmatch("[0-9]{13}", given["rt-timestamp"])
    assert uuid.UUID(given["rt-requestid"])
    assert "rt-secretkey" not in given


def _hiroaming(request: Request) -> None:
    given = request.headers
    assert request.json == {"iccid": "447700900001", "message": TEXT}
    assert (given["rt-accesscode"], given["rt-secretkey"]) == ("code", SECRET)
    assert given["rt-requestid"]
    assert "rt-signature" not in given


_WRONG = ("unreachable", "carrier_unreachable")
_BUSY = ("unreachable", "carrier_busy")
_REFUSED = ("refused", "carrier_refused")
CODES = {
    **dict.fromkeys(("000101", "000102", "101001", "101002", "101003", "401001"), _WRONG),
    **dict.fromkeys(("200007", "200010", "900001"), _BUSY),
    **dict.fromkeys(("000103", "000104", "000105", "000106", "000107", "400001"), _REFUSED),
    **dict.fromkeys(("200002", "310403", "310402", "310272", "999999"), _REFUSED),
    "000001": ("in_doubt", "unclear_response"),
}
"""The table of the documentation, as far as `sendSms` can return it, and codes of the future."""
CASES = [
    Case(
        "esim_access",
        {
            "type": "esim_access",
            "base_url": "URL/api/v1/open/",
            "access_code": "code",
            "secret_key": SECRET,
        },
        _signed,
        Reply(200, {**_envelope("0", success=True), "obj": {}}),
        [
            (Reply(200, {"success": True, "errorCode": "0", "obj": {}}), "accepted", None, ""),
            (Reply(200, {"success": True, "errorCode": None, "obj": None}), "accepted", None, ""),
            (Reply(200, {"success": "true"}), "accepted", None, ""),
            *((Reply(200, _envelope(code)), *meaning, code) for code, meaning in CODES.items()),
            (Reply(400, _envelope("200002")), *_REFUSED, "200002"),
            (Reply(200, _envelope(None)), *_REFUSED, "HTTP 200"),
            (Reply(200, b"<html>"), "in_doubt", "unclear_response", "HTTP 200"),
            (Reply(200, b"[]"), "in_doubt", "unclear_response", "HTTP 200"),
            (Reply(404, b"<html>"), *_REFUSED, "HTTP 404"),
            (Reply(403, _envelope("200002")), *_WRONG, "HTTP 403"),
            (Reply(500, _envelope("200002")), "in_doubt", "unclear_response", "HTTP 500"),
            (Reply(429, _envelope("900001")), "throttled", "throttled", "HTTP 429"),
            *THROTTLED,
        ],
    ),
    Case(
        "hiroaming",
        {
            "type": "esim_access",
            "base_url": "URL/api/v1/open",
            "access_code": "code",
            "secret_key": SECRET,
            "credentials": "secret",
            "address": "iccid",
        },
        _hiroaming,
        Reply(200, _envelope(None, success=True)),
    ),
]
