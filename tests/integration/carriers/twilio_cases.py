"""Cases of Twilio. Sources: github.com/twilio/twilio-oai, and Twilio's list of error codes."""

from __future__ import annotations

import base64

from tests.integration.carriers.upstream_api import SECRET, TEXT, Reply, Request
from tests.integration.carriers.upstream_case import THROTTLED, Case

ACCOUNT = "AC" + "0" * 32
SID = "SM" + "a1" * 16


def _check(request: Request) -> None:
    assert request.method == "POST"
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    given = base64.b64decode(request.headers["authorization"].removeprefix("Basic "))
    assert given == f"{ACCOUNT}:{SECRET}".encode()
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    form = dict(request.form)
    assert 3_590 <= int(form.pop("ValidityPeriod")) <= 3_600
    assert form == {
        "To": "+447700900001",
        "Body": TEXT,
        "SmartEncoded": "false",
        "From": "simpost",
    }


def _error(status: int, code: int) -> Reply:
    return Reply(status, {"code": code, "message": "...", "more_info": "...", "status": status})


def _message(status: str, error_code: int | None = None) -> Reply:
    body = {"sid": SID, "status": status, "num_segments": "1", "error_code": error_code}
    return Reply(201, body)


CASES = [
    Case(
        "twilio",
        {"type": "twilio", "base_url": "URL", "account_sid": ACCOUNT, "auth_token": SECRET},
        _check,
        _message("queued"),
        [
            (_message("queued"), "accepted", None, SID),
            (_message("accepted"), "accepted", None, SID),
            (Reply(201), "accepted", None, ""),  # created, whatever its body is
            (Reply(200, {"sid": SID, "status": "queued"}), "accepted", None, SID),
            (Reply(200, b"<html>"), "in_doubt", "unclear_response", "HTTP 200"),
            (_message("failed", 30007), "refused", "carrier_refused", "30007"),
            (_error(400, 21211), "refused", "undeliverable", "21211"),
            (_error(400, 21614), "refused", "undeliverable", "21614"),
            (_error(400, 21610), "refused", "opted_out", "21610"),
            (_error(400, 21606), "refused", "sender_not_allowed", "21606"),
            (_error(400, 21617), "refused", "text_too_long", "21617"),
            (_error(400, 21408), "refused", "carrier_refused", "21408"),
            (_error(401, 20003), "unreachable", "carrier_unreachable", "20003"),
            (_error(429, 20429), "throttled", "throttled", "20429"),
            (_error(400, 21611), "throttled", "throttled", "21611"),
            (_error(400, 63038), "unreachable", "carrier_busy", "63038"),
            (_error(500, 20500), "in_doubt", "unclear_response", "20500"),
            *THROTTLED,
        ],
    )
]
