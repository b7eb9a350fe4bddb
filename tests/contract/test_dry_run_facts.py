"""A dry run shows what the rules of policy looked at, with the rules and the store of a service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from simpost.api import build
from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.config.policy import PolicySettings
from simpost.config.sender_rules import RegisteredSenderSettings
from simpost.domain.accounts import Account
from simpost.domain.policy.budgets import Budget
from simpost.messaging.policy.rules import PolicyRules
from simpost.messaging.policy.sender_rules import SenderRules
from simpost.messaging.policy.stops import Stops
from simpost.ports.store import Store
from tests.integration.api.conftest import ESIMS, GOOD, NOW_MS, PLANS, Service, wire

pytestmark = pytest.mark.asyncio

HOUR_MS = 3_600_000
NOON_MS = NOW_MS + 12 * HOUR_MS
QUOTES = "“" + "x" * 78 + "”"


class Site:
    """The service on either store, with a clock that a test sets."""

    def __init__(self, store: Store) -> None:
        self.now_ms = NOON_MS
        self.stops = Stops(store.stops, lambda: self.now_ms)
        self.service: Service

    async def dry_run(self, **fields: Any) -> dict[str, Any]:
        body = {"esimTranNo": GOOD, "text": "An offer", **fields}
        answer = await self.service.native("POST", "messages?dryRun=true", json=body)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    async def rule(self, name: str, **fields: Any) -> tuple[str, dict[str, Any]]:
        """The verdict and the facts of one rule in a dry run."""
        rules = (await self.dry_run(**fields))["rules"]
        [found] = [each for each in rules if each["rule"] == name]
        return found["verdict"], found["facts"]

    async def send(self, **fields: Any) -> dict[str, Any]:
        body = {"esimTranNo": GOOD, "text": "An offer", **fields}
        answer: dict[str, Any] = (await self.service.native("POST", "messages", json=body)).json()
        return answer

    async def kept(self, message_id: str) -> dict[str, dict[str, Any]]:
        """The rules of the only decision about a message."""
        shown = (await self.service.native("GET", f"messages/{message_id}")).json()
        [decision] = shown["decisions"]
        return {each["rule"]: each for each in decision["rules"]}


@pytest_asyncio.fixture
async def site(store: Store) -> AsyncIterator[Site]:
    budgets = (Budget(day=4, month=100),)
    account = Account(0, "demo", "demo-secret", requests_per_s=0, budgets=budgets)
    assert await store.accounts.add_account(account) == 1
    await store.catalogue.save_plans([parse_plan(row) for row in PLANS])
    await store.catalogue.save_esims(1, [parse_esim(row, NOW_MS) for row in ESIMS])
    site = Site(store)
    senders = SenderRules((), [RegisteredSenderSettings(sender="OURS")])
    policy = PolicyRules(PolicySettings(), (), site.stops, senders)
    services = await wire(store, policy=policy, clock_ms=lambda: site.now_ms)
    transport = httpx2.ASGITransport(build(services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://simpost") as client:
        site.service = Service(store, client, services)
        yield site


async def prefer(site: Site, **fields: Any) -> None:
    path = f"esims/{GOOD}/preferences"
    answer = await site.service.native("PATCH", path, json=fields)
    assert answer.status_code == 200, answer.text


async def test_quiet_hours_show_the_zones_the_hours_and_the_end_of_the_hold(site: Site) -> None:
    verdict, facts = await site.rule("quietHours", category="promotion")
    assert (verdict, facts["applies"]) == ("pass", True)
    assert facts["countries"]
    assert facts["zones"]
    # Twelve hours later it is as quiet as it was open before, wherever the eSIM is.
    site.now_ms += 12 * HOUR_MS
    found = await site.dry_run(category="promotion")
    [held] = [each for each in found["rules"] if each["rule"] == "quietHours"]
    assert (found["decision"], held["verdict"]) == ("hold", "hold")
    assert held["facts"]["until"] == f"{found['heldUntil'][:19]}Z"
    opens = datetime.fromisoformat(held["facts"]["opens"]).astimezone(UTC)
    assert opens <= datetime.fromisoformat(found["heldUntil"])
    assert opens.timestamp() * 1000 > site.now_ms
    assert (await site.rule("quietHours", category="code"))[1] == {"applies": False}


async def test_caps_show_what_is_used_and_the_limit(site: Site) -> None:
    for used in range(2):
        verdict, facts = await site.rule("cap", category="promotion")
        assert verdict == "pass"
        assert (facts["used"], facts["limit"], facts["wanted"]) == (used, 2, 1)
        assert facts["period"] == "2026-01-01"
        sent = await site.send(category="promotion")
        assert (await site.kept(sent["id"]))["cap"]["facts"] == facts
    verdict, facts = await site.rule("cap", category="promotion")
    assert (verdict, facts["used"], facts["limit"]) == ("refuse", 2, 2)


async def test_budgets_show_what_is_used_and_the_limit(site: Site) -> None:
    await site.send(text="x" * 200)
    verdict, facts = await site.rule("budget")
    assert verdict == "pass"
    day, month = facts["budgets"]
    assert (day["budget"], day["period"], day["used"], day["limit"]) == ("day", "2026-01-01", 2, 4)
    assert (month["budget"], month["period"], month["used"]) == ("month", "2026-01", 2)
    verdict, _ = await site.rule("budget", text="x" * 400)
    assert verdict == "refuse"


async def test_an_opt_out_shows_who_decided_it(site: Site) -> None:
    assert (await site.rule("optOut"))[1]["decidedBy"] == "default"
    await prefer(site, categories={"promotion": False})
    verdict, facts = await site.rule("optOut", category="promotion")
    assert (verdict, facts) == ("refuse", {"category": "promotion", "decidedBy": "esim"})
    assert (await site.rule("optOut", category="code"))[1]["decidedBy"] == "category"


async def test_a_stop_shows_its_reason(site: Site) -> None:
    answer = await site.service.operate(
        "POST", "stops", json={"everything": True, "reason": "The carrier garbles texts."}
    )
    assert answer.status_code in (200, 201)
    await site.stops.reload()
    found = await site.dry_run()
    assert (found["decision"], found["reason"]["code"]) == ("refuse", "sending_stopped")
    assert found["reason"]["detail"] == "The carrier garbles texts."
    assert (await site.rule("stop"))[0] == "refuse"


async def test_the_encoding_names_characters_and_only_counts_are_kept(site: Site) -> None:
    verdict, facts = await site.rule("encoding", text=QUOTES)
    assert (verdict, facts["encoding"], facts["parts"]) == ("warn", "ucs2", 2)
    assert (facts["replaceable"], facts["partsWithLookAlikes"]) == (2, 1)
    assert [(each["character"], each["lookAlike"]) for each in facts["characters"]] == [
        ("“", '"'),
        ("”", '"'),
    ]
    sent = await site.send(text=QUOTES)
    kept = (await site.kept(sent["id"]))["encoding"]
    assert kept["verdict"] == "warn"
    assert kept["facts"] == {name: facts[name] for name in facts if name != "characters"}
    assert (await site.rule("encoding"))[0] == "pass"
    assert (await site.rule("encoding", text=QUOTES, lookAlikes=True))[0] == "pass"
    # Too long for promotions, so that it is refused: the look-alikes show how to shorten it.
    verdict, facts = await site.rule("encoding", text="“" * 400, category="promotion")
    assert (verdict, facts["parts"], facts["partsWithLookAlikes"]) == ("warn", 6, 3)
