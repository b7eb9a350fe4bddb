"""Cases of eSIM Go. Source: docs.esim-go.com, API v2.5, "Send SMS to eSIM"."""

from __future__ import annotations

from tests.integration.carriers.upstream_api import SECRET, TEXT, Reply, Request
from tests.integration.carriers.upstream_case import THROTTLED, Case


def _check(request: Request) -> None:
    assert (request.method, request.path) == ("POST", "/v2.5/esims/447700900001/sms")
    assert request.headers["x-api-key"] == SECRET
    assert request.json == {"message": TEXT, "from": "simpost"}


_REFUSED = ("refused", "carrier_refused")
CASES = [
    Case(
        "esim_go",
        {"type": "esim_go", "base_url": "URL/v2.5", "api_key": SECRET},
        _check,
        Reply(200, {"status": "sent"}),
        [
            (Reply(200, {"status": "sent"}), "accepted", None, ""),
            (Reply(200, {"message": "SMS Sent"}), "accepted", None, ""),  # v2.2 and v2.3
            (Reply(200, {"status": "failed"}), "in_doubt", "unclear_response", "HTTP 200"),
            (Reply(200, b"<html>"), "in_doubt", "unclear_response", "HTTP 200"),
            (Reply(200), "in_doubt", "unclear_response", "HTTP 200"),
            (Reply(400, {"message": "esim is deactivated"}), *_REFUSED, "HTTP 400"),
            # 403 has three meanings, and only the text tells them apart.
            (Reply(403, {"message": "access denied"}), *_REFUSED, "HTTP 403: access denied"),
            (Reply(403, {"message": "no bundles"}), *_REFUSED, "HTTP 403: no bundles"),
            (Reply(403, {"status": "no such ICCID"}), *_REFUSED, "HTTP 403: no such ICCID"),
            (Reply(403, {"message": f"bad key {SECRET}"}), *_REFUSED, "HTTP 403"),
            (Reply(403, {"message": "a\r\nb"}), *_REFUSED, "HTTP 403"),
            (Reply(403), *_REFUSED, "HTTP 403"),
            (Reply(500), "in_doubt", "unclear_response", "HTTP 500"),
            *THROTTLED,
        ],
    )
]
