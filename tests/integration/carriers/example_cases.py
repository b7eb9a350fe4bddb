"""Cases of `examples/carriers/`: each file against the documented shapes of its API.

The credentials in the files are replaced by the secret of the tests, hosts by that of the double.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from tests.integration.carriers.upstream_api import SECRET, TEXT, Reply, Request
from tests.integration.carriers.upstream_case import THROTTLED, Case, Row

FOLDER = Path(__file__).parents[3] / "examples" / "carriers"
NUMBER = "447700900001"
REFUSED = ("refused", "carrier_refused")


def settings_in(name: str) -> dict[str, Any]:
    """The carrier of a file."""
    (carrier,) = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))["carriers"]
    callback = carrier.get("callback_token", "")
    text = re.sub(r'"https://(?!YOUR-HOST)[^/"]+', '"URL', json.dumps(carrier))
    for placeholder in ("KEY", "SECRET", "AUTH-TOKEN", "PASSWORD", "secret-X", "TOKEN"):
        text = text.replace(f'"{placeholder}"', f'"{SECRET}"')
    found: dict[str, Any] = json.loads(text)
    assert found.get("callback_token", "") == callback
    return found


def _case(
    name: str,
    path: str,
    body: Any,
    accepted: Row,
    *outcomes: Row,
    form: bool = False,
    log_in: tuple[str, Reply] | None = None,
    **headers: str,
) -> Case:
    def check(request: Request) -> None:
        assert (request.method, request.path) == ("POST", path)
        given = dict(request.form) if form else request.json
        for key in ("client-ref", "client_reference"):
            given.pop(key, None)
        assert given == body
        wanted = {key.replace("_", "-"): value for key, value in headers.items()}
        assert {key: request.headers[key] for key in wanted} == wanted

    return Case(
        name,
        settings_in(name),
        check,
        accepted[0],
        [accepted, *outcomes, *THROTTLED],
        log_in,
    )


def _infobip(request: Request) -> None:
    assert request.path == "/sms/3/messages"
    assert request.headers["authorization"] == f"App {SECRET}"
    (message,) = request.json["messages"]
    (destination,) = message["destinations"]
    assert destination["to"] == NUMBER
    assert destination["messageId"].endswith("-1")
    assert (message["sender"], message["content"]) == ("simpost", {"text": TEXT})


def _infobip_status(group: int, name: str) -> Reply:
    status = {"groupId": group, "groupName": "...", "id": 26, "name": name}
    return Reply(200, {"bulkId": "b", "messages": [{"messageId": "m-1", "status": status}]})


def _vonage(status: str) -> Reply:
    return Reply(200, {"message-count": "1", "messages": [{"status": status, "message-id": "v-1"}]})


def _hologram(request: Request) -> None:
    assert request.path == "/api/1/sms/incoming"
    assert request.headers["authorization"] == "Basic YXBpa2V5Omh1c2gtaHVzaC1rZXk="  # apikey:SECRET
    assert request.json == {"deviceid": NUMBER, "body": TEXT, "fromnumber": "simpost"}


def _xml(done: str, code: str = "") -> Reply:
    error = f"<errorCode>{code}</errorCode><errorMessage>...</errorMessage>" if code else ""
    return Reply(200, f"<result><done>{done}</done>{error}</result>".encode())


CASES = [
    Case(
        "infobip",
        settings_in("infobip"),
        _infobip,
        _infobip_status(1, "PENDING_ACCEPTED"),
        [
            (_infobip_status(1, "PENDING_ACCEPTED"), "accepted", None, "m-1"),
            (_infobip_status(5, "REJECTED_SENDER"), *REFUSED, "REJECTED_SENDER"),
            (
                _infobip_status(5, "REJECTED_NOT_ENOUGH_CREDITS"),
                "unreachable",
                "carrier_busy",
                "REJECTED_NOT_ENOUGH_CREDITS",
            ),
            (Reply(401), "unreachable", "carrier_unreachable", "HTTP 401"),
            *THROTTLED,
        ],
    ),
    _case(
        "vonage",
        "/sms/json",
        {
            "from": "simpost",
            "to": NUMBER,
            "text": TEXT,
            "type": "text",
            "api_key": SECRET,
            "api_secret": SECRET,
        },
        (_vonage("0"), "accepted", None, "v-1"),
        (_vonage("1"), "throttled", "throttled", "1"),
        (_vonage("4"), "unreachable", "carrier_unreachable", "4"),
        (_vonage("5"), "in_doubt", "unclear_response", "5"),
        (_vonage("9"), "unreachable", "carrier_busy", "9"),
        (_vonage("15"), "refused", "sender_not_allowed", "15"),
        (_vonage("29"), *REFUSED, "29"),
        form=True,
    ),
    _case(
        "sinch",
        "/xms/v1/PLAN/batches",
        {"from": "simpost", "to": [NUMBER], "body": TEXT, "delivery_report": "per_recipient"},
        (Reply(201, {"id": "01FC66621"}), "accepted", None, "01FC66621"),
        (
            Reply(400, {"code": "syntax_invalid_json", "text": "..."}),
            *REFUSED,
            "syntax_invalid_json",
        ),
        authorization=f"Bearer {SECRET}",
    ),
    _case(
        "telnyx",
        "/v2/messages",
        {"from": "+simpost", "to": f"+{NUMBER}", "text": TEXT},
        (Reply(200, {"data": {"id": "4031", "parts": 1}}), "accepted", None, "4031"),
        (Reply(422, {"errors": [{"code": "40300", "title": "..."}]}), *REFUSED, "40300"),
        authorization=f"Bearer {SECRET}",
    ),
    _case(
        "plivo",
        "/v1/Account/AUTH-ID/Message/",
        {
            "src": "simpost",
            "dst": NUMBER,
            "text": TEXT,
            "url": "https://YOUR-HOST/carriers/plivo/a-secret-of-24-characters-or-more",
            "method": "POST",
        },
        (Reply(202, {"message_uuid": ["p-1"], "api_id": "a"}), "accepted", None, "p-1"),
        (Reply(400, {"error": "..."}), *REFUSED, "HTTP 400"),
        authorization="Basic QVVUSC1JRDpodXNoLWh1c2gta2V5",  # AUTH-ID:SECRET
    ),
    _case(
        "monogoto",
        f"/thing/ThingId_ICCID_{NUMBER}/sms",
        {"Message": TEXT, "From": "simpost"},
        (Reply(200, {}), "accepted", None, ""),
        authorization="Bearer t",
        apikey="c-1",
        log_in=("/Auth", Reply(200, {"token": "t", "CustomerId": "c-1"})),
    ),
    Case(
        "hologram",
        settings_in("hologram"),
        _hologram,
        Reply(200, {"success": True}),
        [
            (Reply(200, {"success": True}), "accepted", None, ""),
            (Reply(200, {"success": False, "error": "no such device"}), *REFUSED, "false"),
            (Reply(200), "in_doubt", "unclear_response", "HTTP 200"),
            *THROTTLED,
        ],
    ),
    _case(
        "soracom",
        f"/v1/sims/{NUMBER}/send_sms",
        {"payload": TEXT, "encodingType": 1},
        (Reply(202, {"messageId": "s-1"}), "accepted", None, "s-1"),
        (Reply(400, {"code": "SEM0001", "message": "..."}), *REFUSED, "SEM0001"),
        x_soracom_api_key="k",
        x_soracom_token="t",
        log_in=("/v1/auth", Reply(200, {"apiKey": "k", "token": "t", "operatorId": "OP1"})),
    ),
    _case(
        "onomondo",
        f"/sms/{NUMBER}",
        {"from": "simpost", "text": TEXT},
        (Reply(200), "accepted", None, ""),
        authorization=SECRET,
    ),
    _case(
        "things-mobile",
        "/services/business-api/sendSms",
        {"msisdn": NUMBER, "message": TEXT, "username": "USER", "token": SECRET},
        (_xml("true"), "accepted", None, ""),
        (_xml("false", "32"), *REFUSED, "32"),
        form=True,
    ),
]
