"""A policy that holds: the message is committed, shown, and decided again when it is due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from simpost.api import build
from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.domain.accounts import Account
from simpost.domain.decision_record import NO_FACTS, DecisionRecord
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Decision, Hold
from simpost.messaging.plan import Refusal
from simpost.messaging.release import Release
from simpost.ports.store import Store
from tests.integration.api.conftest import ESIMS, GOOD, NOW_MS, PLANS, Service, wire

HOUR_MS = 3_600_000
MORNING_MS = NOW_MS + 9 * HOUR_MS
MORNING = "2026-01-01T09:00:00.000Z"


class Night:
    """A policy that holds until the morning, and answers as it is told at other times."""

    def __init__(self) -> None:
        self.by_day: Callable[[Any, int], Decision] = lambda plan, _now_ms: plan
        self.asked_ms: list[int] = []
        self.reason = Reason.RATE_LIMITED
        self.stop: Refusal | None = None

    def describe(self, *_facts: Any) -> DecisionRecord:
        return NO_FACTS

    def find_stop(self, _account: Any, _esim: Any, _category: Any) -> Refusal | None:
        return self.stop

    def __call__(self, _account: Any, _esim: Any, plan: Any, now_ms: int) -> Decision:
        self.asked_ms.append(now_ms)
        if now_ms < MORNING_MS:
            return Hold(MORNING_MS, self.reason, plan)
        return self.by_day(plan, now_ms)


class Site:
    """The service on either store, with the policy and a clock that a test sets."""

    def __init__(self) -> None:
        self.policy = Night()
        self.now_ms = NOW_MS
        self.service: Service

    async def send(self, **fields: Any) -> dict[str, Any]:
        body = {"esimTranNo": GOOD, "text": "Good night", "validitySeconds": 60, **fields}
        answer = await self.service.native("POST", "messages", json=body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def release(self, now_ms: int) -> None:
        self.now_ms = now_ms
        services = self.service.services
        await Release(
            self.service.store.held,
            services.intake,
            services.accounts,
            self.service.lanes,
            clock_ms=lambda: self.now_ms,
        ).run_once()

    async def shown(self, message_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.service.native("GET", f"messages/{message_id}")).json()
        return found

    async def listed(self, state: str) -> list[str]:
        answer = await self.service.native("GET", "messages", params={"state": state})
        return [each["id"] for each in answer.json()["messages"]]

    async def events(self) -> list[str]:
        answer = await self.service.native("GET", "events")
        return [each["type"].removeprefix("message.") for each in answer.json()["events"]]


@pytest_asyncio.fixture
async def site(store: Store) -> AsyncIterator[Site]:
    account = Account(0, "demo", "demo-secret", requests_per_s=0, events=True)
    assert await store.accounts.add_account(account) == 1
    await store.catalogue.save_plans([parse_plan(row) for row in PLANS])
    await store.catalogue.save_esims(1, [parse_esim(row, NOW_MS) for row in ESIMS])
    site = Site()
    services = await wire(store, policy=site.policy, clock_ms=lambda: site.now_ms)
    transport = httpx2.ASGITransport(build(services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://simpost") as client:
        site.service = Service(store, client, services)
        yield site


async def test_a_message_held_by_policy_is_shown_with_its_reason_and_time(site: Site) -> None:
    sent = await site.send()
    assert (sent["state"], sent["sendAt"], sent["heldUntil"]) == ("held", None, MORNING)
    found = await site.shown(sent["id"])
    assert (found["state"], found["sendAt"], found["heldUntil"]) == ("held", None, MORNING)
    assert found["reason"]["code"] == "rate_limited"
    assert (found["parts"], found["attempts"], found["text"]) == ([], [], "Good night")
    assert found["expiresAt"] == "2026-01-01T09:01:00.000Z"
    assert await site.listed("held") == [sent["id"]]
    assert await site.listed("scheduled") == await site.listed("accepted") == []
    assert await site.events() == ["held"]


async def test_a_dry_run_shows_the_hold_and_commits_nothing(site: Site) -> None:
    would = await site.send(dryRun=True)
    assert (would["decision"], would["heldUntil"]) == ("hold", MORNING)
    assert would["reason"]["code"] == "rate_limited"
    assert await site.listed("held") == []


async def test_a_held_message_is_decided_again_at_its_time_and_sent(site: Site) -> None:
    message_id = (await site.send())["id"]
    await site.release(MORNING_MS - 1)
    assert site.policy.asked_ms == [NOW_MS]
    assert (await site.shown(message_id))["state"] == "held"
    await site.release(MORNING_MS)
    assert site.policy.asked_ms == [NOW_MS, MORNING_MS]
    found = await site.shown(message_id)
    assert (found["state"], found["reason"], found["heldUntil"]) == ("accepted", None, None)
    assert [part["state"] for part in found["parts"]] == ["accepted"]
    assert await site.listed("held") == []
    assert await site.events() == ["held", "accepted"]


async def test_a_policy_may_hold_again_until_another_time_for_another_reason(site: Site) -> None:
    message_id = (await site.send())["id"]
    noon_ms = MORNING_MS + 3 * HOUR_MS
    site.policy.by_day = lambda plan, now_ms: (
        Hold(noon_ms, Reason.CARRIER_BUSY, plan) if now_ms < noon_ms else plan
    )
    await site.release(MORNING_MS)
    found = await site.shown(message_id)
    assert (found["state"], found["heldUntil"]) == ("held", "2026-01-01T12:00:00.000Z")
    assert (found["reason"]["code"], found["parts"]) == ("carrier_busy", [])
    assert found["expiresAt"] == "2026-01-01T12:01:00.000Z"
    await site.release(noon_ms - 1)
    assert (await site.shown(message_id))["state"] == "held"
    await site.release(noon_ms)
    assert (await site.shown(message_id))["state"] == "accepted"


async def test_a_policy_may_refuse_at_release(site: Site) -> None:
    message_id = (await site.send())["id"]
    site.policy.by_day = lambda _plan, _now_ms: Refusal(Reason.SENDER_NOT_ALLOWED)
    await site.release(MORNING_MS)
    found = await site.shown(message_id)
    assert (found["state"], found["heldUntil"], found["parts"]) == ("rejected", None, [])
    assert found["reason"]["code"] == "sender_not_allowed"
    assert await site.listed("rejected") == [message_id]
    assert await site.events() == ["held", "rejected"]
    await site.release(MORNING_MS + HOUR_MS)
    assert (await site.shown(message_id))["state"] == "rejected"


async def test_policy_holds_a_scheduled_message_when_it_is_due(site: Site) -> None:
    sent = await site.send(sendAt="2026-01-01T01:00:00Z")
    assert (sent["state"], site.policy.asked_ms) == ("scheduled", [])
    await site.release(NOW_MS + HOUR_MS)
    found = await site.shown(sent["id"])
    assert (found["state"], found["heldUntil"]) == ("held", MORNING)
    assert found["sendAt"] == "2026-01-01T01:00:00.000Z"
    await site.release(MORNING_MS)
    assert (await site.shown(sent["id"]))["state"] == "accepted"


@pytest.mark.parametrize("is_due", [False, True])
async def test_a_message_held_by_policy_is_cancelled(site: Site, is_due: bool) -> None:
    message_id = (await site.send())["id"]
    if is_due:
        await site.service.store.held.claim_held(
            now_ms=MORNING_MS, lease_ms=MORNING_MS + 1, limit=1
        )
    answer = await site.service.native("DELETE", f"messages/{message_id}")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    await site.release(MORNING_MS + HOUR_MS)
    assert (await site.shown(message_id))["state"] == "cancelled"
    assert await site.events() == ["held", "cancelled"]


EXPIRES_AT = "2026-01-01T10:00:00.000Z"


async def post(site: Site, **fields: Any) -> httpx2.Response:
    body = {"esimTranNo": GOOD, "text": "Hello", **fields}
    return await site.service.native("POST", "messages", json=body)


async def test_a_message_expires_at_its_own_time(site: Site) -> None:
    site.now_ms = MORNING_MS
    sent = await site.send(expiresAt="2026-01-01T17:00:00+07:00", validitySeconds=None)
    found = await site.shown(sent["id"])
    assert (found["state"], found["expiresAt"]) == ("accepted", EXPIRES_AT)
    [part] = await site.service.store.queue.claim(
        "down", limit=1, now_ms=MORNING_MS, owner="a", lease_ms=MORNING_MS + 1
    ) or await site.service.store.queue.leased("down", owner="embedded", limit=1)
    assert part.expires_ms == MORNING_MS + HOUR_MS


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("expires_at", [MORNING, "2026-01-01T08:59:59.999Z"])
async def test_a_message_that_would_expire_while_it_is_held_is_refused(
    site: Site, expires_at: str, dry_run: bool
) -> None:
    answer = await post(site, expiresAt=expires_at, dryRun=dry_run)
    if dry_run:
        would = answer.json()
        assert (would["decision"], would["reason"]["code"]) == ("refuse", "expires_in_quiet_hours")
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "expires_in_quiet_hours")
        assert "Held until 2026-01-01T09:00:00Z." in answer.json()["detail"]
    assert await site.listed("held") == []


async def test_a_held_message_keeps_its_own_time_and_is_sent_with_it(site: Site) -> None:
    sent = await site.send(expiresAt=EXPIRES_AT, validitySeconds=None)
    assert (await site.shown(sent["id"]))["expiresAt"] == EXPIRES_AT
    await site.release(MORNING_MS)
    found = await site.shown(sent["id"])
    assert (found["state"], found["expiresAt"]) == ("accepted", EXPIRES_AT)


async def test_a_message_held_again_past_its_time_is_rejected(site: Site) -> None:
    sent = await site.send(expiresAt=EXPIRES_AT, validitySeconds=None)
    site.policy.by_day = lambda plan, now_ms: Hold(now_ms + HOUR_MS, Reason.QUIET_HOURS, plan)
    await site.release(MORNING_MS)
    found = await site.shown(sent["id"])
    assert (found["state"], found["reason"]["code"]) == ("rejected", "expires_in_quiet_hours")


async def test_a_message_that_comes_due_after_its_time_expires(site: Site) -> None:
    sent = await site.send(expiresAt=EXPIRES_AT, validitySeconds=None)
    await site.release(MORNING_MS + HOUR_MS)
    found = await site.shown(sent["id"])
    assert (found["state"], found["reason"]["code"]) == ("expired", "validity_expired")
    assert await site.events() == ["held", "expired"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"expiresAt": "2025-12-31T23:59:59Z"}, "expires_at_passed"),
        ({"expiresAt": "2026-01-01T00:00:00Z"}, "expires_at_passed"),
        ({"expiresAt": "1970-01-01T00:00:00Z"}, "expires_at_passed"),
        ({"expiresAt": "0001-01-01T00:00:00Z"}, "expires_at_passed"),
        ({"expiresAt": "2026-01-31T00:00:00.001Z"}, "expires_at_too_far"),
        ({"expiresAt": "9999-12-31T23:59:59Z"}, "expires_at_too_far"),
        (
            {"sendAt": "2026-01-02T00:00:00Z", "expiresAt": "2026-01-02T00:00:00Z"},
            "expires_before_send_at",
        ),
        (
            {"sendAt": "2026-01-02T00:00:00Z", "expiresAt": "2026-02-01T00:00:00.001Z"},
            "expires_at_too_far",
        ),
        ({"expiresAt": "2026-01-02T00:00:00"}, "invalid_request"),
        ({"expiresAt": "tomorrow"}, "invalid_request"),
        ({"expiresAt": 1_767_312_000}, "invalid_request"),
        ({"expiresAt": "2026-01-02T00:00:00Z", "validitySeconds": 60}, "invalid_request"),
    ],
    ids=str,
)
async def test_a_time_that_cannot_be_is_refused_with_its_code(
    site: Site, fields: dict[str, Any], code: str
) -> None:
    answer = await post(site, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    batch = {"messages": [{"esimTranNo": GOOD, "text": "Hello", **fields}]}
    [item] = (await site.service.native("POST", "messages", json=batch)).json()["results"]
    assert (item["status"], item["problem"]["code"]) == (422, code)


async def test_a_scheduled_message_lives_for_thirty_days_after_its_time_at_most(
    site: Site,
) -> None:
    times = {"sendAt": "2026-01-02T00:00:00Z", "expiresAt": "2026-02-01T00:00:00Z"}
    sent = await site.send(validitySeconds=None, **times)
    found = await site.shown(sent["id"])
    assert (found["state"], found["expiresAt"]) == ("scheduled", "2026-02-01T00:00:00.000Z")


async def test_a_dry_run_is_asked_for_in_the_query_or_in_the_body(site: Site) -> None:
    one = {"esimTranNo": GOOD, "text": "Hello"}
    asked = [
        ({**one, "dryRun": True}, {}),
        (one, {"dryRun": "true"}),
        ({"messages": [one], "dryRun": True}, {}),
        ({"messages": [one]}, {"dryRun": "true"}),
    ]
    for body, query in asked:
        answer = await site.service.native("POST", "messages", json=body, params=query)
        assert answer.status_code == 200, answer.text
    for body, place in [
        ({"messages": [{**one, "dryRun": True}, one]}, None),
        ({"messages": [one], "dryRun": "yes"}, "body.dryRun"),
    ]:
        answer = await site.service.native("POST", "messages", json=body)
        if place:
            assert (answer.status_code, answer.json()["errors"][0]["at"]) == (422, place)
        else:
            refused, held = answer.json()["results"]
            assert (refused["status"], held["status"]) == (422, 202)
            assert refused["problem"]["errors"][0]["at"] == "body.messages.0.dryRun"
    assert len(await site.listed("held")) == 1


def verdicts(decision: dict[str, Any]) -> dict[str, str]:
    return {each["rule"]: each["verdict"] for each in decision["rules"]}


async def test_a_message_held_and_sent_shows_both_decisions_with_their_times(site: Site) -> None:
    site.policy.reason = Reason.QUIET_HOURS
    message_id = (await site.send())["id"]
    [first] = (await site.shown(message_id))["decisions"]
    assert (first["decision"], first["heldUntil"]) == ("hold", MORNING)
    assert first["reason"]["code"] == "quiet_hours"
    assert first["decidedAt"] == "2026-01-01T00:00:00.000Z"
    assert verdicts(first)["optOut"] == "pass"
    assert verdicts(first)["quietHours"] == "hold"
    await site.release(MORNING_MS)
    again, second = (await site.shown(message_id))["decisions"]
    assert again == first
    assert (second["decision"], second["decidedAt"]) == ("send", MORNING)
    assert set(verdicts(second).values()) == {"pass"}


async def test_a_message_refused_when_it_is_due_shows_the_rule(site: Site) -> None:
    message_id = (await site.send())["id"]
    site.policy.by_day = lambda _plan, _now_ms: Refusal(Reason.OPTED_OUT)
    await site.release(MORNING_MS)
    _, second = (await site.shown(message_id))["decisions"]
    assert (second["decision"], second["reason"]["code"]) == ("refuse", "opted_out")
    assert verdicts(second)["optOut"] == "refuse"
    assert verdicts(second)["quietHours"] == "notReached"


async def test_a_message_sent_at_once_shows_one_decision(site: Site) -> None:
    site.now_ms = MORNING_MS
    message_id = (await site.send())["id"]
    [only] = (await site.shown(message_id))["decisions"]
    assert (only["decision"], only["reason"], only["heldUntil"]) == ("send", None, None)
    facts = {each["rule"]: each["facts"] for each in only["rules"]}
    assert facts["route"] == {"carrier": "down", "to": "66810000001"}
    assert facts["parts"] == {"count": 1}
    assert facts["encoding"] == {"encoding": "gsm7", "parts": 1}


async def test_a_cancelled_schedule_shows_its_only_decision(site: Site) -> None:
    message_id = (await site.send(sendAt="2026-01-02T00:00:00Z"))["id"]
    await site.service.native("DELETE", f"messages/{message_id}")
    [only] = (await site.shown(message_id))["decisions"]
    assert (only["decision"], only["reason"]["code"]) == ("hold", "scheduled")
    assert verdicts(only)["optOut"] == "notReached"


async def test_holds_in_between_and_their_facts_are_kept(site: Site) -> None:
    noon_ms = MORNING_MS + 3 * HOUR_MS
    message_id = (await site.send())["id"]
    facts = DecisionRecord(decided_by="account", countries=("FR",), zones=("Europe/Paris",))
    site.policy.by_day = lambda plan, now_ms: (
        Hold(noon_ms, Reason.QUIET_HOURS, plan, facts) if now_ms < noon_ms else plan
    )
    await site.release(MORNING_MS)
    await site.release(noon_ms)
    first, between, last = (await site.shown(message_id))["decisions"]
    assert [each["decision"] for each in (first, between, last)] == ["hold", "hold", "send"]
    assert first["reason"]["code"] == "rate_limited"  # kept, and not guessed from the times
    assert (between["decidedAt"], between["heldUntil"]) == (MORNING, "2026-01-01T12:00:00.000Z")
    found = {each["rule"]: each["facts"] for each in between["rules"]}
    assert found["optOut"] == {"category": "service", "decidedBy": "account"}
    assert found["quietHours"]["zones"] == ["Europe/Paris"]
    assert found["quietHours"]["until"] == "2026-01-01T12:00:00Z"


async def test_a_refused_request_shows_the_rule_and_its_facts(site: Site) -> None:
    site.now_ms = MORNING_MS
    facts = DecisionRecord(decided_by="esim")
    site.policy.by_day = lambda _plan, _now_ms: Refusal(Reason.OPTED_OUT, "", facts)
    assert (await post(site)).status_code == 409
    [refused] = (await site.service.native("GET", "refusals")).json()["refusals"]
    decision = refused["decision"]
    assert (decision["decision"], decision["reason"]["code"]) == ("refuse", "opted_out")
    assert verdicts(decision)["optOut"] == "refuse"
    assert verdicts(decision)["quietHours"] == "notReached"
    found = {each["rule"]: each["facts"] for each in decision["rules"]}
    assert found["optOut"] == {"category": "service", "decidedBy": "esim"}
    assert found["plan"]["smsStatus"] == 1
    assert found["profile"]["esimStatus"] == "IN_USE"


STALE = Refusal(Reason.CATALOGUE_STALE, "The copy of supplier is 3600 s old.")


async def test_a_message_that_is_due_waits_for_a_new_copy_of_the_catalogue(site: Site) -> None:
    sent = await site.send(validitySeconds=300)
    site.policy.stop = STALE
    refused = await site.service.native(
        "POST", "messages", json={"esimTranNo": GOOD, "text": "new"}
    )
    assert refused.json()["code"] == "catalogue_stale"
    await site.release(MORNING_MS)
    found = await site.shown(sent["id"])
    assert (found["state"], found["reason"]["code"]) == ("held", "catalogue_stale")
    assert found["heldUntil"] == "2026-01-01T09:01:00.000Z"
    expires_at = found["expiresAt"]
    await site.release(MORNING_MS + 60_000)
    site.policy.stop = None
    await site.release(MORNING_MS + 119_000)
    assert await site.listed("held") == [sent["id"]]
    await site.release(MORNING_MS + 120_000)
    found = await site.shown(sent["id"])
    assert (found["state"], found["expiresAt"]) == ("accepted", expires_at)
    assert await site.events() == ["held", "accepted"]


async def test_a_message_expires_while_the_copy_of_the_catalogue_stays_old(site: Site) -> None:
    sent = await site.send(validitySeconds=90)
    site.policy.stop = STALE
    await site.release(MORNING_MS)
    await site.release(MORNING_MS + 60_000)
    found = await site.shown(sent["id"])
    assert (found["state"], found["heldUntil"]) == ("held", found["expiresAt"])
    await site.release(MORNING_MS + 90_000)
    found = await site.shown(sent["id"])
    assert (found["state"], found["reason"]["code"]) == ("expired", "validity_expired")


async def test_a_message_that_waits_for_a_copy_can_be_cancelled(site: Site) -> None:
    sent = await site.send()
    site.policy.stop = STALE
    await site.release(MORNING_MS)
    answer = await site.service.native("DELETE", f"messages/{sent['id']}")
    assert answer.json()["state"] == "cancelled"
