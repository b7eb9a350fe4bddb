"""The send calls of eSIM Go and eSIMfly as their documentation has them, on the real intake."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from simpost.api.shared.wrong_credentials import WrongCredentials
from simpost.domain.api_keys import KeyScope
from tests.integration.api.conftest import ESIMS, GOOD, NOW_MS, Service

SERVE = Any  # the `serve` fixture of conftest.py
ICCID = f"8988{GOOD}"
THEIRS = "898826010100000090"
NOT_INSTALLED, NO_SMS = ESIMS[2]["iccid"], ESIMS[1]["iccid"]
FLY = "/api/v1/business/esims/send-sms"


@pytest_asyncio.fixture
async def served(serve: SERVE) -> Service:
    service: Service = await serve(shapes=("esim_go", "esimfly"))
    return service


async def key_of(service: Service, *scopes: KeyScope, account: str = "demo") -> str:
    owner = service.services.accounts.get(account)
    assert owner
    added = await service.services.api_keys.add(owner, "shape", scopes, None)
    assert added
    return added.text


async def go(
    service: Service, body: Any, key: str | None = None, iccid: str = ICCID, **headers: str
) -> httpx2.Response:
    """Send as a client of eSIM Go does."""
    key = await key_of(service, KeyScope.MESSAGES_WRITE) if key is None else key
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"/v2.5/esims/{iccid}/sms"
    return await service.client.post(url, content=content, headers={"X-API-Key": key, **headers})


async def fly(
    service: Service,
    body: Any,
    request_id: str = "6a2f",
    secret: str = "demo-secret",
    **headers: str,
) -> httpx2.Response:
    """Send as a client of eSIMfly does: signed, the signature in upper case."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = f"{NOW_MS}{request_id}demo".encode() + content
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().upper()
    given = {
        "RT-AccessCode": "demo",
        "RT-RequestID": request_id,
        "RT-Timestamp": str(NOW_MS),
        "RT-Signature": signature,
    }
    return await service.client.post(FLY, content=content, headers=given | headers)


async def sent(service: Service, account: str = "demo") -> list[Any]:
    found = (await service.native("GET", "messages", account=account)).json()
    messages: list[Any] = found["messages"]
    return messages


async def test_without_the_setting_no_path_of_a_shape_exists(serve: SERVE) -> None:
    service = await serve()
    assert (await go(service, {"message": "Hi"})).status_code == 404
    assert (await fly(service, {"iccid": ICCID, "message": "Hi"})).status_code == 404
    assert await sent(service) == []


async def test_esim_go_answers_as_documented_and_tells_the_id_in_a_header(served: Service) -> None:
    answer = await go(served, {"message": "Hello", "from": "eSIM"})
    assert (answer.status_code, answer.json()) == (200, {"status": "sent"})
    [message] = await sent(served)
    assert message["id"] == answer.headers["RT-MessageID"]
    assert (message["text"], message["iccid"]) == ("Hello", ICCID)


GO_CASES = [
    ({"message": ""}, ICCID, 400, "text_blank"),
    ({}, ICCID, 400, "text_blank"),
    ({"message": "x" * 161}, ICCID, 400, "text_too_long"),
    ({"message": "Hi", "from": "a sender that is long"}, ICCID, 400, None),
    ({"message": "Hi", "from": "Shop"}, ICCID, 400, "sender_not_allowed"),
    ({"message": 7}, ICCID, 400, None),
    (b"{", ICCID, 400, None),
    ({"message": "Hi"}, NOT_INSTALLED, 400, "not_installed"),
    ({"message": "Hi"}, NO_SMS, 400, "sms_not_supported"),
    ({"message": "Hi"}, "8999999999999999999", 403, "esim_unknown"),
    ({"message": "Hi"}, THEIRS, 403, "esim_unknown"),
    ({"message": "Hi"}, "%00%ff", 403, "esim_unknown"),
]


async def test_esim_go_has_the_documented_status_and_the_exact_reason(served: Service) -> None:
    key = await key_of(served, KeyScope.MESSAGES_WRITE)
    for body, iccid, status, reason in GO_CASES:
        answer = await go(served, body, key, iccid)
        assert (answer.status_code, answer.headers.get("RT-Reason")) == (status, reason), body
        assert list(answer.json()) == ["message"]
    assert await sent(served) == []
    assert await sent(served, "other") == []


async def test_esim_go_wants_a_key_that_may_send(served: Service) -> None:
    reader = await key_of(served, KeyScope.MESSAGES_READ)
    for key in ("", "wrong", "demo-secret", reader):
        answer = await go(served, {"message": "Hi"}, key)
        assert (answer.status_code, list(answer.json())) == (403, ["message"])
    theirs = await key_of(served, KeyScope.MESSAGES_WRITE, account="other")
    assert (await go(served, {"message": "Hi"}, theirs)).headers["RT-Reason"] == "esim_unknown"
    assert await sent(served) == []


async def test_esimfly_answers_as_documented_and_sends_a_request_id_once(served: Service) -> None:
    body = {"iccid": ICCID, "message": "Welcome!"}
    first = await fly(served, body)
    assert first.status_code == 200
    assert first.json() == {"success": True, "message": "SMS sent successfully"}
    again = await fly(served, body)
    assert again.headers["RT-MessageID"] == first.headers["RT-MessageID"]
    other = await fly(served, {"iccid": ICCID, "message": "Another"})
    assert (other.status_code, other.json()["code"]) == (401, "AUTH_DUPLICATE_REQUEST_ID")
    by_id = await fly(served, {"esimId": int(GOOD), "message": "By number"}, "2")
    assert by_id.status_code == 200
    assert [each["text"] for each in await sent(served)] == ["By number", "Welcome!"]


FLY_CASES = [
    ({"message": "Hi"}, 400, "MISSING_IDENTIFIER", None),
    ({"iccid": ICCID}, 400, "MISSING_MESSAGE", "text_blank"),
    ({"iccid": ICCID, "message": "x" * 501}, 400, "MESSAGE_TOO_LONG", "text_too_long"),
    ({"iccid": NO_SMS, "message": "Hi"}, 400, "SMS_NOT_SUPPORTED", "sms_not_supported"),
    ({"iccid": NOT_INSTALLED, "message": "Hi"}, 400, "SMS_FAILED", "not_installed"),
    ({"iccid": THEIRS, "message": "Hi"}, 404, "ESIM_NOT_FOUND", "esim_unknown"),
    ({"iccid": "é", "message": "Hi"}, 404, "ESIM_NOT_FOUND", "esim_unknown"),
    ({"esimId": 10**30, "message": "Hi"}, 404, "ESIM_NOT_FOUND", "esim_unknown"),
    (b"[", 400, "VALIDATION_FAILED", None),
    ({"iccid": 5, "message": "Hi"}, 400, "VALIDATION_FAILED", None),
]


async def test_esimfly_has_the_documented_code_and_the_exact_reason(served: Service) -> None:
    for number, (body, status, code, reason) in enumerate(FLY_CASES):
        answer = await fly(served, body, str(number))
        found = (answer.status_code, answer.json()["code"], answer.headers.get("RT-Reason"))
        assert found == (status, code, reason), body
        assert answer.json()["success"] is False
    assert await sent(served) == []


FLY_HEADERS = [
    ({"RT-Signature": ""}, "AUTH_MISSING"),
    ({"RT-AccessCode": ""}, "AUTH_MISSING"),
    ({"RT-Timestamp": "now"}, "AUTH_EXPIRED_TIMESTAMP"),
    ({"RT-Timestamp": str(NOW_MS - 400_000)}, "AUTH_EXPIRED_TIMESTAMP"),
    ({"RT-Signature": "0" * 64}, "AUTH_INVALID_SIGNATURE"),
    ({"RT-AccessCode": "nobody"}, "AUTH_INVALID_SIGNATURE"),
]


async def test_esimfly_refuses_what_is_not_signed_in_upper_case_and_now(served: Service) -> None:
    body = {"iccid": ICCID, "message": "Hi"}
    for headers, code in FLY_HEADERS:
        answer = await fly(served, body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    content = json.dumps(body).encode()
    signed = f"{NOW_MS}6a2fdemo".encode() + content
    lower = hmac.new(b"demo-secret", signed, hashlib.sha256).hexdigest()
    answer = await fly(served, content, **{"RT-Signature": lower})
    assert answer.json()["code"] == "AUTH_INVALID_SIGNATURE"
    assert await sent(served) == []


@pytest.mark.parametrize("shape", [go, fly])
async def test_a_rate_limit_is_429_with_retry_after_and_in_the_log(
    served: Service, shape: Any
) -> None:
    await served.operate("PATCH", "accounts/demo", json={"requestsPerSecond": 0.001})
    answers = [
        await shape(served, {"iccid": ICCID, "message": "Hi"}, **{"RT-Category": "service"})
        for _ in range(3)
    ]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].headers["RT-Reason"] == "rate_limited"


async def test_a_stop_of_the_administrator_is_503_with_its_reason(served: Service) -> None:
    await served.operate("POST", "stops", json={"account": "demo", "reason": "maintenance"})
    for answer in (
        await go(served, {"message": "Hi"}),
        await fly(served, {"iccid": ICCID, "message": "Hi"}),
    ):
        assert (answer.status_code, answer.headers["RT-Reason"]) == (503, "sending_stopped")
        assert answer.headers["Retry-After"] == "60"


HOSTILE = [
    *(b"", b"null", b"[]", b'"', b"\xff\xfe", b"\x00", b"[" * 50_000, b"{" * 9, b"1e999"),
    b'{"message":"\\ud800"}',
    b'{"message":"\\u0000","iccid":"x"}',
    b'{"iccid":"8988","message":{"a":1}}',
    b'{"message":["' + b"x" * 70_000 + b'"]}',
    b'{"message":"' + b"x" * 200_000 + b'"}',
    b"To=%2B66&Body=%FF%FE&Body=2",
    b"&" * 5_000,
]
DOCUMENTED = {"go": {200, 400, 403, 404, 429}, "fly": {200, 400, 401, 403, 404, 429}}


async def no_delay(_seconds: float) -> None:
    """Wrong signatures are answered at once: the delays have tests of their own."""


async def test_hostile_requests_get_a_documented_answer(serve: SERVE) -> None:
    failures = WrongCredentials(sleep=no_delay)
    served = await serve(shapes=("esim_go", "esimfly"), wrong_credentials=failures)
    rng = random.Random(13)
    key = await key_of(served, KeyScope.MESSAGES_WRITE)
    for number in range(120):
        body = rng.choice(HOSTILE)
        if rng.random() < 0.5 and body:
            at = rng.randrange(len(body))
            body = body[:at] + rng.randbytes(3) + body[at:]
        extra = rng.choice(({}, {"RT-Category": "x" * 300}, {"RT-RequestID": "\x7f"}))
        iccid = rng.choice((ICCID, "1" * 60, "%F0%9F%93%B6", "a b"))
        for shape, answer in (
            ("go", await go(served, body, key, iccid, **extra)),
            ("fly", await fly(served, body, str(number), **extra)),
        ):
            assert answer.status_code in DOCUMENTED[shape], body[:80]
            assert isinstance(answer.json(), dict)
    assert served.services.response_counts.counts.total() == 240
    method = await served.client.request("DELETE", FLY)
    assert method.status_code == 404
    assert (await served.client.get("/v2.5/esims")).json() == {
        "message": "simpost does not offer this endpoint."
    }
