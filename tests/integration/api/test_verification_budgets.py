"""What bounds the sends of codes: the wait of an eSIM, and budgets per hour and day."""

import asyncio

import pytest

from simpost.config.verifications import VerificationSettings
from tests.integration.api.conftest import GOOD, NOW_MS
from tests.integration.api.test_verifications import (
    DAY_MS,
    WAIT_MS,
    Clock,
    at,
    check,
    sent,
    sent_code,
    start,
)

HOUR_MS = 3_600_000
OTHER = "26010100000006"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock}


def configure(service, **fields):
    service.services.verifications._settings = VerificationSettings.model_validate(
        fields, strict=False
    )


def refusal(answer):
    body = answer.json()
    return answer.status_code, body["code"], body["budget"], body["resendAt"]


async def count(service):
    return len(await sent(service))


@pytest.mark.parametrize("fields", [{"sessionKey": "another"}, {"purpose": "payment"}])
async def test_another_session_or_purpose_waits_too(service, clock, fields):
    first = (await start(service)).json()
    code = await sent_code(service)
    clock.now_ms += WAIT_MS - 1
    answer = await start(service, **fields)
    assert refusal(answer) == (429, "code_wait", "code:esim:wait", at(NOW_MS + WAIT_MS))
    assert answer.headers["retry-after"] == "1"
    preview = (await start(service, dryRun=True, **fields)).json()
    assert (preview["decision"], preview["reason"]["code"]) == ("refuse", "code_wait")
    assert (preview["budget"], preview["resendAt"]) == ("code:esim:wait", at(NOW_MS + WAIT_MS))
    assert await count(service) == 1
    assert (await check(service, first, code))["verdict"] == "verified"


async def test_a_cancel_does_not_end_the_wait_and_a_verified_code_does(service, clock):
    first = (await start(service)).json()
    await service.native("DELETE", f"verifications/{first['id']}")
    assert (await start(service)).json()["code"] == "code_wait"
    clock.now_ms += WAIT_MS
    second = (await start(service)).json()
    assert (await check(service, second, await sent_code(service)))["verdict"] == "verified"
    assert (await start(service, purpose="payment")).status_code == 201


async def test_a_clock_that_is_set_back_does_not_extend_the_wait(service, clock):
    await start(service)
    clock.now_ms -= HOUR_MS
    assert (await start(service, purpose="payment")).status_code == 201


async def test_new_sessions_do_not_exceed_the_budget_of_the_esim(service, clock):
    configure(service, sends_per_hour={"esim": 3}, sends_per_day={"esim": 4})
    for number in range(3):
        assert (await start(service, sessionKey=f"{number}")).status_code == 201
        clock.now_ms += WAIT_MS
    answer = await start(service, sessionKey="more")
    hour = (429, "code_budget_reached", "code:esim:hour", at(NOW_MS + HOUR_MS))
    assert refusal(answer) == hour
    preview = (await start(service, sessionKey="more", dryRun=True)).json()
    assert (preview["reason"]["code"], preview["budget"]) == hour[1:3]
    clock.now_ms = NOW_MS + HOUR_MS
    assert (await start(service, sessionKey="more")).status_code == 201
    clock.now_ms += WAIT_MS
    day = await start(service, sessionKey="last")
    assert refusal(day)[1:] == ("code_budget_reached", "code:esim:day", at(NOW_MS + DAY_MS))
    assert await count(service) == 4
    assert (await start(service, esimTranNo=OTHER)).status_code == 201


@pytest.mark.parametrize(
    ("budget", "name"),
    [
        ("account", "code:account:day"),
        ("prefix", "code:prefix:day:6681000"),
        ("country", "code:country:day:TH"),
        ("plan", "code:plan:day:TH_1_7"),
    ],
)
async def test_a_budget_of_the_account_refuses_and_takes_nothing(service, clock, budget, name):
    configure(service, sends_per_day={budget: 2})
    first = (await start(service)).json()
    code = await sent_code(service)
    clock.now_ms += WAIT_MS
    assert (await start(service, purpose="payment")).status_code == 201
    clock.now_ms += WAIT_MS
    for _ in range(2):  # the commit of the message refuses, then the start itself
        answer = await start(service)
        assert refusal(answer) == (429, "code_budget_reached", name, at(NOW_MS + DAY_MS))
        shown = (await service.native("GET", f"verifications/{first['id']}")).json()
        assert (shown["state"], shown["sends"]) == ("pending", 1)
    superseding = await start(service, sessionKey="another")
    assert refusal(superseding)[2] == name
    kept = await start(service, purpose="payment", dryRun=True)
    assert kept.json()["reason"]["code"] == "code_budget_reached"
    assert await count(service) == 2
    assert (await check(service, first, code))["verdict"] == "verified"
    configure(service, sends_per_day={budget: 3})
    assert (await start(service)).status_code == 201


async def test_a_repeated_start_is_kept_when_budgets_are_used_up(service, clock):
    configure(service, sends_per_day={"account": 1})
    first = (await start(service)).json()
    clock.now_ms += WAIT_MS
    assert (await start(service)).status_code == 429
    clock.now_ms -= WAIT_MS
    kept = await start(service)
    assert (kept.status_code, kept.json()) == (200, first | {"step": "keep"})
    preview = (await start(service, dryRun=True)).json()
    assert (preview["decision"], preview["step"]) == ("send", "keep")
    assert preview["resendAt"] == at(NOW_MS + WAIT_MS)


async def test_a_first_start_that_is_refused_leaves_no_wait(service, clock):
    configure(service, sends_per_day={"country": 0, "account": 1})
    assert (await start(service)).status_code == 201
    refused = await start(service, esimTranNo=OTHER)
    assert refusal(refused)[2] == "code:account:day"
    configure(service, sends_per_day={"account": 2})
    assert (await start(service, esimTranNo=OTHER)).json()["step"] == "create"


async def test_a_budget_of_a_key_leaves_other_keys_alone(service, clock):
    configure(service, sends_per_day={"key": 1})
    keys = []
    for name in ("one", "two"):
        body = {"name": name, "scopes": ["codes"]}
        keys.append((await service.native("POST", "keys", json=body)).json())

    async def start_with(key):
        return await service.client.post(
            "/v1/verifications",
            json={"esimTranNo": GOOD, "purpose": "login"},
            headers={"Authorization": f"Bearer {key['key']}"},
        )

    assert (await start_with(keys[0])).status_code == 201
    clock.now_ms += WAIT_MS
    answer = await start_with(keys[0])
    assert refusal(answer)[2] == f"code:key:day:{keys[0]['id']}"
    assert (await start_with(keys[1])).json()["step"] == "send_again"


async def test_concurrent_sessions_send_one_text(service):
    answers = await asyncio.gather(*(start(service, sessionKey=f"{n}") for n in range(50)))
    assert sorted(each.status_code for each in answers) == [201] + [429] * 49
    assert await count(service) == 1
    [started] = [each.json() for each in answers if each.status_code == 201]
    assert (await check(service, started, await sent_code(service)))["verdict"] == "verified"


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("k", 201),
        ("k" * 128, 201),
        ("k" * 129, 422),
        ("'; DROP TABLE verifications; --", 422),
        ("';DROP-TABLE-verifications;--", 201),
        ("\u202e" * 5, 422),
        ("k\n", 422),
        (" k", 422),
    ],
)
async def test_session_keys_of_any_form_are_kept_or_refused(service, key, status):
    answer = await start(service, sessionKey=key)
    assert answer.status_code == status
    if status == 201:
        again = await start(service, sessionKey=key)
        assert (again.json()["step"], again.json()["sessionKey"]) == ("keep", key)
    else:
        assert key not in answer.text
