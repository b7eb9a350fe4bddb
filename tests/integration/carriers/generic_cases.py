"""Cases of the generic carrier: bodies, credentials, and outcomes by tables."""

from __future__ import annotations

from tests.integration.carriers.upstream_api import SECRET, TEXT, Reply, Request
from tests.integration.carriers.upstream_case import THROTTLED, Case


def _json(request: Request) -> None:
    assert (request.method, request.path, request.query) == ("POST", "/v1/messages", {})
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == f"App {SECRET}"
    assert request.json == {
        "to": "+447700900001",
        "n": [1, 2],
        "from": "simpost",
        "text": TEXT,
        "type": 1,
    }


def _form(request: Request) -> None:
    assert (request.method, request.path) == ("PUT", "/things/447700900001%2F/sms")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == [("dst", "1"), ("dst", "2"), ("text", TEXT), ("api_key", SECRET)]


def _get(request: Request) -> None:
    assert (request.method, request.path, request.body) == ("GET", "/send", b"")
    assert request.query == {"to": "447700900001", "text": TEXT, "key": SECRET, "v": "a&b"}
    assert "content-type" not in request.headers


def _basic(request: Request) -> None:
    assert request.headers["authorization"] == "Basic dMO8cjpodXNoLWh1c2gta2V5"  # tür:SECRET


BODY = {"to": "{destination}", "text": "{text}"}
CASES = [
    Case(
        "json_body",
        {
            "type": "http",
            "url": "URL/v1/messages",
            "auth": {"type": "bearer", "token": SECRET, "scheme": "App"},
            "body": {
                "to": "+{destination}",
                "n": [1, 2],
                "from": "{sender}",
                "text": "{text}",
                "type": "{encoding}",
            },
            "encodings": {"gsm7": 1, "ucs2": 2},
            "id_path": "messages.0.id",
            "outcome_path": "messages.0.status",
            "accepted": ["0"],
            "errors": {
                "1": "throttled",
                "5": "in_doubt",
                "7": "refused/opted_out",
                "9": "accepted",
            },
            "statuses": {"409": "accepted", "4xx": "unreachable/carrier_unreachable"},
        },
        _json,
        Reply(200, {"messages": [{"status": "0", "id": "a-1"}]}),
        [
            (Reply(200, {"messages": [{"status": "0", "id": "a-1"}]}), "accepted", None, "a-1"),
            (Reply(200, {"messages": [{"status": 0, "id": 17}]}), "accepted", None, "17"),
            (Reply(200, {"messages": [{"status": "1"}]}), "throttled", "throttled", "1"),
            (Reply(200, {"messages": [{"status": "5"}]}), "in_doubt", "unclear_response", "5"),
            (Reply(200, {"messages": [{"status": "7"}]}), "refused", "opted_out", "7"),
            (Reply(200, {"messages": [{"status": "8"}]}), "refused", "carrier_refused", "8"),
            (Reply(400, {"messages": [{"status": "9", "id": "b"}]}), "accepted", None, "b"),
            (Reply(200), "in_doubt", "unclear_response", "HTTP 200"),
            (Reply(200, b"<html>"), "in_doubt", "unclear_response", "HTTP 200"),
            (Reply(409), "accepted", None, ""),
            (Reply(400), "unreachable", "carrier_unreachable", "HTTP 400"),
            (Reply(502), "in_doubt", "unclear_response", "HTTP 502"),
        ],
    ),
    Case(
        "form_body",
        {
            "type": "http",
            "method": "PUT",
            "url": "URL/things/{destination}%2F/sms",
            "auth": {"type": "api_key", "place": "body", "keys": {"api_key": SECRET}},
            "body": {"dst": ["1", 2], "text": "{text}"},
            "body_format": "form",
            "response_format": "xml",
            "outcome_path": "done",
            "code_path": "errorCode",
            "id_path": "id",
        },
        _form,
        Reply(200, b"<?xml version='1.0'?><result><done>true</done><id>x</id></result>"),
        [
            (Reply(201, b"<result><done>true</done><id>x</id></result>"), "accepted", None, "x"),
            (Reply(200, b"<result xmlns='urn:a'><done>true</done></result>"), "accepted", None, ""),
            (
                Reply(200, b"<result><done>false</done><errorCode>32</errorCode></result>"),
                "refused",
                "carrier_refused",
                "32",
            ),
            (
                Reply(200, b"<!DOCTYPE a [<!ENTITY b 'true'>]><result><done>&b;</done></result>"),
                "in_doubt",
                "unclear_response",
                "HTTP 200",
            ),
            *THROTTLED,
        ],
    ),
    Case(
        "get",
        {
            "type": "http",
            "method": "GET",
            "url": "URL/send?to={destination}&text={text}&v=a%26b",
            "auth": {"type": "api_key", "place": "query", "keys": {"key": SECRET}},
        },
        _get,
        Reply(204),
        [
            (Reply(204), "accepted", None, ""),
            (Reply(401), "unreachable", "carrier_unreachable", "HTTP 401"),
            (Reply(404), "refused", "carrier_refused", "HTTP 404"),
            *THROTTLED,
        ],
    ),
    Case(
        "basic",
        {
            "type": "http",
            "url": "URL/",
            "auth": {"type": "basic", "username": "tür", "password": SECRET},
            "body": BODY,
        },
        _basic,
        Reply(),
    ),
]
