import asyncio
from datetime import datetime
from typing import Any

import pytest

from simpost.domain.messages import format_id, parse_id
from simpost.domain.outcomes import Receipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import AttemptResult

GOOD = "26010100000001"
NOW_MS = 1_767_225_600_000
SENT = {"id", "state", "sendAt", "heldUntil", "encoding", "partCount", "replaced"}
SERVED = Any  # the `service` fixture of conftest.py


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document.keys() >= {"type", "title", "status", "code", "detail"}
    return answer.status_code, document["code"]


async def send(service: SERVED, key: str | None = None, **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"esimTranNo": GOOD, "text": "Hello"} | fields
    return await service.native("POST", "messages", json=body, headers=headers)


async def test_a_message_is_accepted_with_its_id_and_cost(service: SERVED) -> None:
    answer = await send(service, text="ж" * 100)
    assert answer.status_code == 202
    document = answer.json()
    assert document.keys() == SENT
    assert (document["state"], document["encoding"], document["partCount"]) == (
        "accepted",
        "ucs2",
        2,
    )
    shown = await service.native("GET", f"messages/{document['id']}")
    assert shown.json()["text"] == "ж" * 100


async def test_a_message_is_shown_with_its_parts_and_times(service: SERVED) -> None:
    sent = await send(service, text="x" * 200, category="notice", validitySeconds=60)
    shown = (await service.native("GET", f"messages/{sent.json()['id']}")).json()
    assert shown["state"] == "accepted"
    assert shown["reason"] is None
    assert (shown["esimTranNo"], shown["iccid"]) == (GOOD, f"8988{GOOD}")
    assert (shown["to"], shown["category"]) == ("66810000001", "notice")
    assert shown["createdAt"] == "2026-01-01T00:00:00.000Z"
    assert shown["expiresAt"] == "2026-01-01T00:01:00.000Z"
    assert shown["partCount"] == 2
    assert [part["number"] for part in shown["parts"]] == [1, 2]
    assert {part["state"] for part in shown["parts"]} == {"accepted"}
    assert shown["attempts"] == []


async def test_receipts_are_shown_with_their_meaning(service: SERVED) -> None:
    id_ = (await send(service, text="hello")).json()["id"]
    took = AttemptResult(
        account_id=1,
        message_id=parse_id(id_) or b"",
        number=1,
        total=1,
        attempt=0,
        repeat=False,
        carrier="down",
        state=State.SENT,
        reason=None,
        outcome="accepted",
        carrier_message_id="c-1",
        carrier_code=None,
        started_ms=NOW_MS,
        ended_ms=NOW_MS,
        due_ms=None,
    )
    await service.store.queue.record([took])
    for state in (State.FAILED, State.DELIVERED, State.DELIVERED):
        code = "3:6" if state is State.FAILED else "0D1"
        await service.store.queue.record(
            (), [Receipt("down", "c-1", state, None, code, NOW_MS + 1000)]
        )
    shown = (await service.native("GET", f"messages/{id_}")).json()
    [part], [kept] = shown["parts"], shown["receipts"]
    assert (part["state"], part["carrierCode"]) == ("failed", "3:6")
    assert part["carrierCodeMeaning"].startswith("GSM network error 6, absent subscriber")
    assert kept == {
        "part": 1,
        "carrier": "down",
        "carrierMessageId": "c-1",
        "state": "delivered",
        "disposition": "late",
        "reason": None,
        "carrierCode": "0D1",
        "carrierCodeMeaning": None,
        "count": 2,
        "firstAt": "2026-01-01T00:00:01.000Z",
        "lastAt": "2026-01-01T00:00:01.000Z",
    }


async def test_messages_of_the_compatible_api_are_in_the_same_log(service: SERVED) -> None:
    sent = await service.send("Hello", RT_RequestID="r1")
    shown = await service.native("GET", f"messages/{sent.headers['RT-MessageID']}")
    assert (shown.json()["text"], shown.json()["requestId"]) == ("Hello", "r1")


async def test_the_native_api_takes_the_headers_of_the_compatible_api(service: SERVED) -> None:
    headers = {"RT-AccessCode": "demo", "RT-SecretKey": "demo-secret"}
    answer = await service.client.get("/v1/messages", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"messages": [], "next": None})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"RT-AccessCode": "demo"},
        {"RT-AccessCode": "demo", "RT-SecretKey": ""},
        {"RT-AccessCode": "demo", "RT-SecretKey": "other-secret"},
        {"RT-AccessCode": "nobody", "RT-SecretKey": "demo-secret"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic ZGVtbw=="},
        {"Authorization": "Bearer admin-token"},
    ],
)
async def test_without_the_right_secret_there_is_no_answer(
    service: SERVED, headers: dict[str, str]
) -> None:
    for path in ("messages", f"messages/{format_id(bytes(16))}"):
        answer = await service.client.get(f"/v1/{path}", headers=headers)
        assert problem(answer) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_an_access_code_alone_is_refused_by_the_native_api(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"accessCodeOnly": True})
    headers = {"RT-AccessCode": "demo"}
    opened = await service.client.post("/api/v1/open/webhook/query", headers=headers)
    assert opened.json()["success"] is True
    answer = await service.client.get("/v1/messages", headers=headers)
    assert problem(answer) == (401, "unauthorized")


async def test_a_key_repeats_the_first_message_and_says_so(service: SERVED) -> None:
    first = await send(service, key="k1", text="x" * 200)
    again = await send(service, key="k1", text="x" * 200)
    assert again.status_code == 202
    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await service.native("GET", "messages")).json()["messages"]) == 1


async def test_concurrent_requests_with_one_key_are_one_message(service: SERVED) -> None:
    answers = await asyncio.gather(*(send(service, key="k1") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_key_with_another_body_is_refused(service: SERVED) -> None:
    await send(service, key="k1")
    assert problem(await send(service, key="k1", text="Other")) == (422, "request_id_reused")


async def test_idempotency_keys_and_request_ids_are_the_same(service: SERVED) -> None:
    await service.send(RT_RequestID="k1")
    assert problem(await send(service, key="k1")) == (422, "request_id_reused")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"esimTranNo": "26010100000099"}, 404, "esim_unknown"),
        ({"esimTranNo": "26010100000090"}, 404, "esim_unknown"),
        ({"iccid": "898826010100000006"}, 404, "esim_unknown"),
        ({"esimTranNo": "26010100000002"}, 409, "sms_not_supported"),
        ({"esimTranNo": "26010100000003"}, 409, "not_installed"),
        ({"text": "  "}, 422, "text_blank"),
        ({"text": "ж" * 400}, 422, "too_many_parts"),
    ],
)
async def test_a_refusal_is_a_problem_named_by_its_reason(
    service: SERVED, fields: Any, status: int, code: str
) -> None:
    answer = await send(service, **fields)
    assert problem(answer) == (status, code)
    assert answer.json()["remedy"] == Reason(code).remedy


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": None},
        {"text": 5},
        {"text": "hush" * 1251},
        {"esimTranNo": None},
        {"text": "a\x00b"},
        {"text": "x", "esimTranNo": None},
        {"esimTranNo": 26010100000001},
        {"esimTranNo": "1 2"},
        {"iccid": ""},
        {"category": "spam"},
        {"validitySeconds": 0},
        {"validitySeconds": "60"},
        {"validitySeconds": 2_592_001},
        {"dryRun": "yes"},
        {"validitySecs": 60},
    ],
)
async def test_undocumented_values_are_refused_without_being_quoted(
    service: SERVED, fields: Any
) -> None:
    answer = await send(service, **({"text": "hush hush"} | fields))
    assert problem(answer) == (422, "invalid_request")
    assert answer.json()["errors"]
    assert "hush" not in answer.text
    assert (await service.native("GET", "messages")).json()["messages"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff",
        b'{"text":"\xff","iccid":"1"}',
        b'{"text":"\\ud800","iccid":"1"}',
        b'{"text":NaN,"iccid":"1"}',
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b'{"validitySeconds":' + b"9" * 5000 + b',"text":"x","iccid":"1"}',
    ],
)
async def test_a_body_that_cannot_be_read_is_the_callers_problem(
    service: SERVED, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await service.native("POST", "messages", content=body, headers=headers)
    status, code = problem(answer)
    assert status in (400, 422)
    assert code == "invalid_request"


async def test_a_dry_run_shows_the_parts_and_sends_nothing(service: SERVED) -> None:
    answer = await send(service, dryRun=True, text="It’s " + "x" * 100, category="code")
    assert answer.status_code == 200
    preview = answer.json()
    assert (preview["decision"], preview["reason"]) == ("send", None)
    assert (preview["carrier"], preview["to"], preview["category"]) == (
        "down",
        "66810000001",
        "code",
    )
    assert (preview["encoding"], preview["partCount"]) == ("ucs2", 2)
    assert "".join(preview["segments"]) == "It’s " + "x" * 100
    (trigger,) = preview["ucs2Triggers"]
    assert (trigger["character"], trigger["codePoint"], trigger["lookAlike"]) == (
        "’",
        "U+2019",
        "'",
    )
    assert (await service.native("GET", "messages")).json()["messages"] == []


async def test_a_dry_run_that_would_be_refused_says_why(service: SERVED) -> None:
    answer = await send(service, dryRun=True, esimTranNo="26010100000003")
    assert answer.status_code == 200
    preview = answer.json()
    assert preview["decision"] == "refuse"
    assert preview["reason"]["code"] == "not_installed"
    assert preview["reason"]["explanation"]
    assert preview["reason"]["remedy"]
    assert (preview["carrier"], preview["partCount"]) == (None, 1)


async def test_a_dry_run_does_not_use_up_its_key(service: SERVED) -> None:
    await send(service, key="k1", dryRun=True)
    assert (await send(service, key="k1")).status_code == 202


async def test_the_log_is_paged_newest_first_and_stays_stable(service: SERVED) -> None:
    ids = [(await send(service, text=f"{number}")).json()["id"] for number in range(5)]
    first = (await service.native("GET", "messages", params={"limit": 2})).json()
    await send(service, text="in between")
    seen, page = list(first["messages"]), first
    while page["next"]:
        params = {"limit": 2, "cursor": page["next"]}
        page = (await service.native("GET", "messages", params=params)).json()
        seen += page["messages"]
    assert [message["id"] for message in seen] == ids[::-1]


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({}, 2),
        ({"esimTranNo": GOOD}, 1),
        ({"iccid": f"8988{GOOD}"}, 1),
        ({"esimTranNo": "26010100000099"}, 0),
        ({"state": "accepted"}, 2),
        ({"state": "delivered"}, 0),
        ({"from": "2026-01-01T00:00:00Z"}, 2),
        ({"from": "2026-01-01T01:00:01+01:00"}, 0),
        ({"to": "2025-12-31T23:59:59Z"}, 0),
    ],
)
async def test_the_log_is_filtered(service: SERVED, params: dict[str, str], count: int) -> None:
    await send(service)
    await send(service, esimTranNo="26010100000006")
    answer = await service.native("GET", "messages", params=params)
    assert len(answer.json()["messages"]) == count


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "many"},
        {"state": "gone"},
        {"from": "2026-01-01"},
        {"from": "1767225600"},
        {"to": "0.5"},
        {"from": "2026-01-01T00:00:00"},
        {"cursor": "x"},
        {"cursor": "!" * 22},
        {"cursor": "A" * 64},
        {"cursor": "A" * 21 + "B"},
        {"esimTranNo": "a\x00b"},
        {"status": "accepted"},
    ],
)
async def test_unknown_filters_are_refused(service: SERVED, params: dict[str, str]) -> None:
    answer = await service.native("GET", "messages", params=params)
    assert problem(answer) == (422, "invalid_request")


async def test_another_accounts_message_is_as_unknown_as_none(service: SERVED) -> None:
    sent = (await send(service)).json()["id"]
    theirs = await service.native("GET", f"messages/{sent}", account="other")
    none = await service.native("GET", f"messages/{format_id(bytes(16))}", account="other")
    assert problem(theirs) == (404, "not_found")
    assert theirs.content == none.content
    listed = await service.native("GET", "messages", account="other")
    assert listed.json()["messages"] == []


@pytest.mark.parametrize("path", ["messages/x", "messages/%00", "messages/..%2fx", "nothing", ""])
async def test_an_unknown_resource_is_a_problem(service: SERVED, path: str) -> None:
    assert problem(await service.native("GET", path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/messages", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("PUT", "/openapi.json", "GET, HEAD"),
        ("DELETE", "/v1/admin/accounts/demo", "PATCH"),
    ],
)
async def test_a_method_a_path_does_not_take_is_a_problem_that_names_those_it_takes(
    service: SERVED, method: str, path: str, allowed: str
) -> None:
    answer = await service.client.request(method, path)
    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/doc", "/api", "/api/v1/opening", "/v1/messages/"])
async def test_an_unknown_path_is_a_problem(service: SERVED, path: str) -> None:
    assert problem(await service.client.get(path)) == (404, "not_found")


async def test_a_body_over_the_limit_is_a_problem(service: SERVED) -> None:
    answer = await send(service, text="x" * 1_100_000)
    assert problem(answer) == (413, "body_too_large")


async def test_the_rate_limit_of_an_account_counts_in_both_apis(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"requestsPerSecond": 1})
    assert (await service.send()).status_code == 200
    answer = await service.native("GET", "messages")
    assert problem(answer) == (429, "too_many_requests")
    assert answer.headers["Retry-After"] == "1"


async def test_times_are_rfc_3339_in_utc(service: SERVED) -> None:
    sent = await send(service)
    shown = (await service.native("GET", f"messages/{sent.json()['id']}")).json()
    offset = datetime.fromisoformat(shown["updatedAt"]).utcoffset()
    assert offset is not None
    assert not offset
