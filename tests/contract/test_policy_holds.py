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
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Decision, Hold, Refusal
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

    def find_stop(self, _account: Any, _esim: Any, _category: Any) -> Refusal | None:
        return None

    def __call__(self, _account: Any, _esim: Any, plan: Any, now_ms: int) -> Decision:
        self.asked_ms.append(now_ms)
        if now_ms < MORNING_MS:
            return Hold(MORNING_MS, Reason.RATE_LIMITED, plan)
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
