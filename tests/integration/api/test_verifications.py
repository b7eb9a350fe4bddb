"""/v1/verifications: starts, sends again, checks, and nothing that shows a code."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from simpost.messaging.routes import Route, Routing
from simpost.ports.carrier import CarrierCapabilities
from tests.integration.api.conftest import GOOD, NOW_MS

WITHOUT_SMS = "26010100000002"
OTHER_CODE = "000000"
WAIT_MS, DAY_MS = 60_000, 86_400_000


class Clock:
    now_ms = NOW_MS

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock}


async def start(service, *, account="demo", **fields):
    body = {"esimTranNo": GOOD, "purpose": "login"} | fields
    return await service.native("POST", "verifications", account=account, json=body)


async def check(service, verification, code, *, account="demo"):
    path = f"verifications/{verification['id']}/check"
    answer = await service.native("POST", path, account=account, json={"code": code})
    assert answer.status_code == 200
    return answer.json()


async def sent(service):
    """The texts of codes that wait for the carrier, and when they expire."""
    queued = await service.store.routing.queued_messages("down", after=None, limit=99)
    assert {each.category for each in queued} <= {"code"}
    return [(each.text, each.expires_ms) for each in queued]


async def sent_code(service):
    return (await sent(service))[-1][0].split()[0]


def at(clock_ms):
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=clock_ms)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_a_start_sends_a_code_that_verifies_once(service):
    answer = await start(service)
    assert answer.status_code == 201
    started = answer.json()
    [(text, expires_ms)] = await sent(service)
    code = text.split()[0]
    assert text == f"{code} is your verification code. Do not share it."
    assert (len(code), expires_ms) == (6, NOW_MS + 600_000)
    assert started == {
        "id": started["id"],
        "step": "create",
        "esimTranNo": GOOD,
        "purpose": "login",
        "sessionKey": None,
        "state": "pending",
        "sends": 1,
        "checksLeft": 5,
        "createdAt": at(NOW_MS),
        "expiresAt": at(NOW_MS + 600_000),
        "resendAt": at(NOW_MS + 60_000),
        "endedAt": None,
        "messageId": started["messageId"],
    }
    wrong = await check(service, started, OTHER_CODE if code != OTHER_CODE else "111111")
    assert (wrong["verdict"], wrong["state"], wrong["checksLeft"]) == ("wrong_code", "pending", 4)
    right = await check(service, started, f" {code[:3]}-{code[3:]} ")
    assert (right["verdict"], right["state"], right["checksLeft"]) == ("verified", "verified", 0)
    assert (await check(service, started, code))["verdict"] == "already_used"
    shown = await service.native("GET", f"verifications/{started['id']}")
    assert shown.json() == {key: value for key, value in right.items() if key != "verdict"}


async def test_a_repeated_start_says_when_it_may_send_again(service, clock):
    first = (await start(service)).json()
    clock.now_ms += 20_500
    answer = await start(service)
    assert (answer.status_code, answer.headers["retry-after"]) == (200, "40")
    assert answer.json() == first | {"step": "keep"}
    clock.now_ms = NOW_MS + 60_000
    again = await start(service)
    assert (again.status_code, again.json()["step"], again.json()["sends"]) == (
        200,
        "send_again",
        2,
    )
    assert again.json()["id"] == first["id"]
    texts = [text for text, _ in await sent(service)]
    assert len(texts) == 2
    assert len(set(texts)) == 1
    code = await sent_code(service)
    assert (await check(service, first, code))["verdict"] == "verified"


async def test_concurrent_starts_send_one_text(service):
    answers = await asyncio.gather(*(start(service) for _ in range(20)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len({answer.json()["messageId"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len(await sent(service)) == 1


async def test_a_start_whose_commit_fails_leaves_nothing(service):
    database = service.store.database
    trigger = "BEFORE INSERT ON parts BEGIN SELECT RAISE(ABORT, 'no'); END"
    database.session.execute(f"CREATE TRIGGER fails {trigger}")
    assert (await start(service)).status_code == 503
    database.session.execute("DROP TRIGGER fails")
    assert await sent(service) == []
    begun = await start(service)
    assert (begun.status_code, begun.json()["step"], len(await sent(service))) == (201, "create", 1)


async def test_another_session_supersedes_and_a_cancel_ends(service, clock):
    first = (await start(service, sessionKey="tab-1")).json()
    code = await sent_code(service)
    clock.now_ms += WAIT_MS
    second = await start(service, sessionKey="tab-2")
    assert (second.status_code, second.json()["step"]) == (201, "supersede")
    assert second.json()["sessionKey"] == "tab-2"
    assert (await check(service, first, code))["verdict"] == "superseded"
    cancelled = await service.native("DELETE", f"verifications/{second.json()['id']}")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert (await check(service, second.json(), code))["verdict"] == "cancelled"


async def test_a_code_expires_and_too_many_checks_lock_the_verification_only(service, clock):
    first = (await start(service)).json()
    code = await sent_code(service)
    wrong = str((int(code) + 1) % 10**6).zfill(6)
    verdicts = [(await check(service, first, wrong))["verdict"] for _ in range(6)]
    assert verdicts == ["wrong_code"] * 5 + ["too_many_checks"]
    assert (await check(service, first, code))["verdict"] == "too_many_checks"
    clock.now_ms += WAIT_MS
    second = (await start(service)).json()
    assert (second["step"], second["state"]) == ("create", "pending")
    clock.now_ms += 600_000
    assert (await check(service, second, await sent_code(service)))["verdict"] == "expired"


async def test_the_text_is_as_requested(service, clock):
    able = CarrierCapabilities(name="down", max_parts=4, senders=frozenset({"Acme"}))
    service.services.intake.routing = Routing((Route(("down",)),), {"down": able})
    await start(service, digits=4, language="de-AT", host="login.example.com", **{"from": "Acme"})
    [(text, _)] = await sent(service)
    code = text.split()[0]
    assert len(code) == 4
    assert text == (
        f"{code} ist dein Bestätigungscode. Gib ihn nicht weiter.\n\n@login.example.com #{code}"
    )
    clock.now_ms += WAIT_MS
    await start(service, purpose="app", appHash="FA+9qCX9VSu")
    assert (await sent(service))[-1][0].endswith("\n\nFA+9qCX9VSu")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"esimTranNo": "26010100009999"}, 404, "esim_unknown"),
        ({"esimTranNo": WITHOUT_SMS}, 409, "sms_not_supported"),
        ({"esimTranNo": "26010100000090"}, 404, "esim_unknown"),
        ({"esimTranNo": None, "iccid": "8988"}, 404, "esim_unknown"),
    ],
)
async def test_a_refused_start_is_refused_as_a_message_is(service, fields, status, code):
    answer = await start(service, **fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    preview = (await start(service, dryRun=True, **fields)).json()
    assert (preview["decision"], preview["reason"]["code"]) == ("refuse", code)
    assert await sent(service) == []
    await service.services.intake.refusals.flush()
    refusals = (await service.native("GET", "refusals")).json()["refusals"]
    assert [each["reason"]["code"] for each in refusals] == [code]


async def test_a_dry_run_stores_and_sends_nothing(service):
    answer = await start(service, dryRun=True, digits=8)
    assert answer.status_code == 200
    assert answer.json()["decision"] == "send"
    assert answer.json()["segments"] == ["00000000 is your verification code. Do not share it."]
    assert await sent(service) == []
    assert (await start(service)).json()["step"] == "create"


async def test_a_budget_that_is_used_up_refuses_and_a_dry_run_says_which(service, clock):
    body = {"budgets": [{"day": 1}]}
    assert (await service.operate("PUT", "accounts/demo/budgets", json=body)).status_code == 200
    assert (await start(service)).status_code == 201
    clock.now_ms += WAIT_MS
    refused = await start(service, purpose="payment")
    assert (refused.status_code, refused.json()["code"]) == (409, "budget_reached")
    assert (refused.json()["budget"], refused.json()["resendAt"]) == ("day", at(NOW_MS + DAY_MS))
    preview = (await start(service, purpose="payment", dryRun=True)).json()
    assert preview["reason"]["code"] == "budget_reached"
    [rule] = [each for each in preview["rules"] if each["rule"] == "budget"]
    assert rule["verdict"] == "refuse"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"purpose": None}, "body.purpose"),
        ({"purpose": "Log in"}, "body.purpose"),
        ({"purpose": "a" * 65}, "body.purpose"),
        ({"esimTranNo": None}, "body"),
        ({"digits": 3}, "body.digits"),
        ({"digits": 11}, "body.digits"),
        ({"digits": "6"}, "body.digits"),
        ({"digits": True}, "body.digits"),
        ({"sessionKey": ""}, "body.sessionKey"),
        ({"sessionKey": "a\0b"}, "body.sessionKey"),
        ({"host": "https://example.com"}, "body.host"),
        ({"host": "example.com #000000"}, "body.host"),
        ({"host": "example.com\n@evil.com"}, "body.host"),
        ({"host": "localhost"}, "body.host"),
        ({"appHash": "FA+9qCX9VS"}, "body.appHash"),
        ({"appHash": "FA+9qCX9VSu", "host": "example.com"}, "body"),
        ({"language": "no such"}, "body.language"),
        ({"from": "a sender that is too long"}, "body.from"),
        ({"code": "482910"}, "body.code"),
        ({"text": "482910"}, "body.text"),
    ],
)
async def test_a_bad_start_is_refused_with_its_place(service, fields, place):
    answer = await start(service, **fields)
    assert answer.status_code == 422
    assert [each["at"] for each in answer.json()["errors"]] == [place]
    assert await sent(service) == []


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"code": null}',
        '{"code": 482910}',
        '{"code": ""}',
        '{"code": "123"}',
        '{"code": "%s"}' % ("4829" * 99),
        '{"code": "48291x"}',
        '{"code": "48²910"}',
        '{"code": "482910\\u0000"}',
        '{"code": "482910\\ud800"}',
        '{"code": "482910", "more": 1}',
        "[]",
        '"482910"',
        "482910",
        "",
    ],
)
async def test_a_bad_check_counts_for_nothing_and_is_not_repeated(service, body):
    started = (await start(service)).json()
    answer = await service.native(
        "POST",
        f"verifications/{started['id']}/check",
        content=body.encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert "4829" not in answer.text
    shown = await service.native("GET", f"verifications/{started['id']}")
    assert shown.json()["checksLeft"] == 5


async def test_a_code_may_be_typed_in_other_digits(service):
    started = (await start(service)).json()
    code = await sent_code(service)
    arabic = code.translate({ord("0") + n: 0x0660 + n for n in range(10)})
    assert (await check(service, started, arabic))["verdict"] == "verified"


async def test_another_account_sees_nothing_of_a_verification(service):
    started = (await start(service)).json()
    code = await sent_code(service)
    path = f"verifications/{started['id']}"
    for method, place in (("GET", path), ("DELETE", path), ("POST", f"{path}/check")):
        json = {"json": {"code": code}} if method == "POST" else {}
        answer = await service.native(method, place, account="other", **json)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await check(service, started, code))["verdict"] == "verified"


@pytest.mark.parametrize("name", ["1", "x" * 36, "%00", "00000000-0000-0000-0000-000000000000"])
async def test_an_unknown_verification_is_not_found(service, name):
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/check")):
        json = {"json": {"code": "482910"}} if method == "POST" else {}
        answer = await service.native(method, f"verifications/{name}{path}", **json)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_text_of_a_code_is_nowhere_to_read(service):
    started = (await start(service)).json()
    code = await sent_code(service)
    message = f"messages/{started['messageId']}"
    own = await service.native(
        "POST", "messages", json={"esimTranNo": GOOD, "text": code, "category": "code"}
    )
    assert own.status_code == 202
    for path in (
        "messages",
        message,
        "messages/export?format=jsonl",
        "messages/export?format=csv",
        f"esims/{GOOD}/conversation",
        "events",
        "refusals",
    ):
        answer = await service.native("GET", path)
        assert answer.status_code in (200, 409), path
        assert code not in answer.text, path
    shown = (await service.native("GET", message)).json()
    assert (shown["text"], shown["binary"], shown["textAbsence"]) == (None, None, "code")
    assert shown["requestId"] is None
    admin = await service.operate("GET", message)
    assert admin.status_code == 200
    assert code not in admin.text
    metrics = await service.client.get("/metrics", headers={"Authorization": "Bearer admin-token"})
    assert metrics.status_code == 200
    assert code not in metrics.text
