"""Cases of emnify and 1NCE. Sources: their OpenAPI documents (github.com/api-evangelist)."""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.integration.carriers.upstream_api import SECRET, TEXT, Reply, Request
from tests.integration.carriers.upstream_case import THROTTLED, Case

_REFUSED = ("refused", "carrier_refused")
_BODY = {
    "payload": TEXT,
    "dcs": 0,
    "source_address": "simpost",
    "source_address_type": {"id": 208},
}


def _check_body(request: Request) -> None:
    body = request.json
    assert re.fullmatch(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}Z", body.pop("expiry_date"))
    assert body == _BODY


def _emnify(request: Request) -> None:
    assert (request.method, request.path) == ("POST", "/api/v1/endpoint/447700900001/sms")
    assert request.headers["authorization"] == "Bearer jwt-1"
    _check_body(request)


def _once(request: Request) -> None:
    assert (request.method, request.path) == ("POST", "/management-api/v2/sims/447700900001/sms")
    assert request.headers["authorization"] == "Bearer jwt-2"
    _check_body(request)


def check_log_in_of_emnify(request: Request) -> None:
    assert (request.method, request.json) == ("POST", {"application_token": SECRET})


def check_log_in_of_once(request: Request) -> None:
    given = base64.b64decode(request.headers["authorization"].removeprefix("Basic "))
    assert given == f"api-user:{SECRET}".encode()
    assert request.json == {"grant_type": "client_credentials"}


def _error(status: int, token: str) -> Reply:
    return Reply(status, {"error_code": 1000, "error_token": token, "message": "..."})


def _outcomes(*, found: str) -> list[Any]:
    return [
        (Reply(201, {"id": 589}), "accepted", None, "589"),
        (Reply(201, {"id": "589"}), "accepted", None, "589"),
        (Reply(201, headers={"Location": f"{found}/589"}), "accepted", None, "589"),
        (Reply(201), "accepted", None, ""),
        (Reply(200, {"id": 589}), "accepted", None, "589"),
        (Reply(200, b"<html>"), "in_doubt", "unclear_response", "HTTP 200"),
        (_error(400, "BadRequest"), *_REFUSED, "BadRequest"),
        (_error(404, "NotFound"), *_REFUSED, "NotFound"),
        (_error(409, "Conflict"), *_REFUSED, "Conflict"),
        (Reply(422), *_REFUSED, "HTTP 422"),
        (Reply(401), "unreachable", "carrier_unreachable", "HTTP 401"),
        (_error(500, "InternalServerError"), "in_doubt", "unclear_response", "InternalServerError"),
        *THROTTLED,
    ]


CASES = [
    Case(
        "emnify",
        {
            "type": "emnify",
            "base_url": "URL/api/v1",
            "application_token": SECRET,
            "receipts": "off",
        },
        _emnify,
        Reply(201),
        _outcomes(found="/api/v1/endpoint/1/sms"),
        log_in=("/api/v1/authenticate", Reply(200, {"auth_token": "jwt-1"})),
    ),
    Case(
        "once",
        {
            "type": "once",
            "base_url": "URL/management-api",
            "username": "api-user",
            "password": SECRET,
            "receipts": "off",
        },
        _once,
        Reply(201, {"id": "589"}),
        _outcomes(found="https://api.1nce.com/management-api/v2/sims/1/sms"),
        log_in=(
            "/management-api/oauth/token",
            Reply(200, {"access_token": "jwt-2", "expires_in": 3600, "token_type": "bearer"}),
        ),
    ),
]
