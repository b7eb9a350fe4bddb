"""Modes of countries and prefixes, counts of outcomes, and the policy of an account."""

import pytest

from tests.integration.api.conftest import GOOD, NOW_MS
from tests.integration.api.test_verification_budgets import HOUR_MS, OTHER, configure, refusal
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

PREFIX = "6681000"
FREE = {"esim_wait_s": 0, "sends_per_hour": {"esim": 0}, "sends_per_day": {"esim": 0}}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock}


async def lock(service, count):
    """Verifications that end with all checks used."""
    for number in range(count):
        begun = (await start(service, purpose=f"p{number}")).json()
        code = await sent_code(service)
        wrong = f"{(int(code) + 1) % 10**6:06}"
        while (await check(service, begun, wrong))["state"] == "pending":
            pass


@pytest.mark.parametrize(
    ("modes", "is_blocked"),
    [
        ({"TH": "block"}, True),
        ({"TH": "block", "6681": "allow"}, False),
        ({"668": "block", "66810000001": "allow"}, False),
        ({"TH": "allow", "6681000": "block"}, True),
        ({"NG": "block", "67": "block"}, False),
        ({"plan:TH_1_7": "block", "TH": "allow"}, True),
        ({"plan:TH_1_7": "block", "6681": "allow"}, False),
        ({"plan:TH_1": "block"}, False),
    ],
)
async def test_the_longest_prefix_decides_then_plan_then_country(service, modes, is_blocked):
    configure(service, modes=modes)
    preview = (await start(service, dryRun=True)).json()
    answer = await start(service)
    if is_blocked:
        assert (answer.status_code, answer.json()["code"]) == (409, "code_blocked")
        assert (preview["decision"], preview["mode"]) == ("refuse", "block")
        assert preview["reason"]["code"] == "code_blocked"
        assert await sent(service) == []
    else:
        assert (answer.status_code, preview["decision"], preview["mode"]) == (201, "send", "allow")


async def test_known_esims_are_sent_codes_and_others_are_not(service, clock):
    begun = (await start(service)).json()
    await check(service, begun, await sent_code(service))
    await start(service, esimTranNo=OTHER)
    clock.now_ms += DAY_MS
    configure(service, mode="known")
    answer = await start(service, esimTranNo=OTHER, purpose="payment")
    assert (answer.status_code, answer.json()["code"]) == (409, "code_esim_not_known")
    preview = (await start(service, esimTranNo=OTHER, dryRun=True)).json()
    assert (preview["reason"]["code"], preview["mode"]) == ("code_esim_not_known", "known")
    stranger = {"account": "other", "esimTranNo": "26010100000090"}
    assert (await start(service, **stranger)).json()["code"] == "code_esim_not_known"
    assert (await start(service)).status_code == 201
    configure(service, mode="known", modes={"66810000006": "allow"})
    assert (await start(service, esimTranNo=OTHER)).status_code == 201


async def test_checks_are_counted_by_verdict(service, clock):
    first = (await start(service)).json()
    code = await sent_code(service)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for typed in (wrong, code, code):
        await check(service, first, typed)
    clock.now_ms += WAIT_MS
    second = (await start(service, sessionKey="a")).json()
    clock.now_ms += WAIT_MS
    third = (await start(service, sessionKey="b")).json()
    await check(service, second, code)
    clock.now_ms += DAY_MS
    await check(service, third, code)
    counted = service.services.verifications.counts.checks
    assert {verdict: count for (verdict,), count in counted.items()} == dict.fromkeys(
        ("wrong_code", "verified", "already_used", "superseded", "expired"), 1
    )


async def test_a_filter_refuses_a_prefix_of_which_too_few_are_verified(service, clock):
    configure(service, mode="filter", filter_ended=4, filter_share=0.5, **FREE)
    await lock(service, 3)
    assert (await start(service, purpose="good")).status_code == 201
    await service.services.verifications.counts.flush()
    await lock(service, 1)
    answer = await start(service, purpose="next")
    budget = f"code:filter:{PREFIX}"
    assert refusal(answer) == (409, "code_filtered", budget, at(NOW_MS + HOUR_MS))
    assert "0 of 4 verified" in answer.json()["detail"]
    preview = (await start(service, purpose="next", dryRun=True)).json()
    assert (preview["reason"]["code"], preview["budget"]) == ("code_filtered", budget)
    kept = await start(service, purpose="good")
    assert (kept.status_code, kept.json()["step"]) == (200, "keep")
    clock.now_ms += HOUR_MS
    assert (await start(service, purpose="next")).status_code == 201


async def test_verified_codes_keep_a_prefix_open(service):
    configure(service, mode="filter", filter_ended=2, filter_share=0.5, **FREE)
    await lock(service, 1)
    begun = (await start(service)).json()
    await check(service, begun, await sent_code(service))
    assert (await start(service, purpose="next")).status_code == 201


async def test_a_monitored_prefix_is_counted_and_sent(service):
    configure(service, modes={"TH": "monitor"}, filter_ended=1, **FREE)
    await lock(service, 1)
    assert (await start(service, dryRun=True)).json()["decision"] == "send"
    begun = await start(service)
    assert begun.status_code == 201
    assert (await start(service)).json()["step"] == "keep"
    counted = service.services.verifications.counts.counted
    assert counted["TH", PREFIX, "monitored"] == 1
    message = (await service.native("GET", f"messages/{begun.json()['messageId']}")).json()
    [decision] = message["decisions"]
    [rule] = [each for each in decision["rules"] if each["rule"] == "stop"]
    monitored = {"mode": "monitor", "wouldRefuse": "code_filtered", "ended": 1, "verified": 0}
    assert (rule["verdict"], rule["facts"]) == ("pass", monitored)


async def test_outcomes_are_counted_by_prefix(service, clock):
    begun = (await start(service)).json()
    code = await sent_code(service)
    await start(service)
    await start(service, purpose="payment")
    await check(service, begun, f"{(int(code) + 1) % 10**6:06}")
    await check(service, begun, code)
    await start(service, purpose="payment")
    clock.now_ms += 600_000
    await service.services.verifications.clean_up()
    await service.services.verifications.clean_up()
    counted = service.services.verifications.counts.counted
    assert {outcome: count for (_, _, outcome), count in counted.items()} == {
        "started": 2,
        "sent": 2,
        "refused": 1,
        "wrong_code": 1,
        "verified": 1,
        "expired": 1,
    }
    assert {key[:2] for key in counted} == {("TH", PREFIX)}


async def test_a_prefix_that_is_counted_when_none_is_left_is_other(service):
    counts = service.services.verifications.counts
    for number in range(250):
        counts.add("TH", f"{number}", "started")
    counts.add("TH", "7", "started")
    assert counts.counted["TH", "7", "started"] == 2
    assert counts.counted["TH", "other", "started"] == 50
    assert len(counts.counted) == 201


async def test_a_policy_of_the_account_comes_before_the_settings(service, clock):
    path = "accounts/demo/verifications"
    nothing = (await service.operate("GET", path)).json()
    assert set(nothing.values()) == {None}
    body = {
        "digits": 8,
        "lifeSeconds": 60,
        "maxChecks": 2,
        "maxSends": 2,
        "resendWaitSeconds": 30,
        "repeatCode": False,
        "language": "de",
        "sendsPerDay": {"account": 2},
    }
    answer = await service.operate("PUT", path, json=body)
    assert answer.json() == nothing | body
    assert (await service.operate("GET", path)).json() == nothing | body
    begun = (await start(service)).json()
    [(text, expires_ms)] = await sent(service)
    assert text == f"{text[:8]} ist dein Best\u00e4tigungscode. Gib ihn nicht weiter."
    assert (expires_ms, begun["checksLeft"]) == (NOW_MS + 60_000, 2)
    assert begun["resendAt"] is None  # the eSIM waits as long as the code lives
    other = (await start(service, account="other", esimTranNo="26010100000090")).json()
    assert (other["checksLeft"], other["resendAt"]) == (5, at(NOW_MS + WAIT_MS))
    clock.now_ms += WAIT_MS
    assert (await start(service)).json()["step"] == "create"
    third = await start(service, esimTranNo=OTHER)
    assert refusal(third)[2:] == ("code:account:day", at(NOW_MS + DAY_MS))
    await service.operate("PUT", path, json={})
    assert (await start(service, esimTranNo=OTHER)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"digits": 3},
        {"lifeSeconds": 10},
        {"sendsPerDay": {"esim": 100}},
        {"sendsPerHour": {"nobody": 1}},
        {"sendsPerHour": {"account": -1}},
        {"from": "much too long a sender"},
        {"more": 1},
    ],
)
async def test_a_bad_policy_is_refused(service, body):
    answer = await service.operate("PUT", "accounts/demo/verifications", json=body)
    assert answer.status_code == 422
    assert GOOD not in answer.text
