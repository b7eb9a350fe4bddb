"""Broadcasts, templates and automations of an account, for the pages that show them."""

from __future__ import annotations

from typing import Any

import httpx2

from simpost.api import Services, build
from simpost.catalogue.normalization import parse_esim
from tests.contract.store_facts import enter_country
from tests.integration.api.conftest import GOOD, NOW_MS, esim

MORE = [f"260102{number:03}00077" for number in range(30)]
WITHOUT_SMS = "26010100000002"
WORKS = {
    "name": "works",
    "defaultLanguage": "en",
    "variables": {"day": {"type": "text", "longest": "Wednesday"}},
    "texts": {
        "en": "No service on {day} from 2 to 3 am.",
        "de": "Am {day} von 2 bis 3 Uhr kein Netz – bitte vorher laden.",
        "ar": "لا خدمة يوم {day} من 2 إلى 3 صباحاً.",
    },
}
WELCOME = {
    "name": "hello",
    "defaultLanguage": "en",
    "variables": {"country": {"type": "text", "longest": "Bosnia and Herzegovina"}},
    "texts": {"en": "Welcome to {country}!", "fr": "Bienvenue : {country} !"},
}
GREET = {"trigger": "country_changed", "template": "hello", "delaySeconds": 60, "enabled": True}


async def fill(services: Services) -> None:
    """Templates, an automation with two runs, and broadcasts in several states."""
    await services.store.catalogue.save_esims(
        1, [parse_esim(esim(number), NOW_MS) for number in MORE]
    )
    transport = httpx2.ASGITransport(build(services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://simpost") as client:

        async def call(method: str, path: str, body: Any) -> Any:
            auth = ("demo", "demo-secret")
            answer = await client.request(method, f"/v1/{path}", json=body, auth=auth)
            assert answer.is_success, answer.text
            return answer.json()

        for template in (WORKS, WELCOME):
            await call("POST", "templates", template)
        await call("PUT", "automations/greet", GREET)
        for number in (GOOD, WITHOUT_SMS):
            await enter_country(services.store, number, "FR")
        await services.automations.tick()
        common = {"template": "works", "values": {"day": "Monday"}, "actor": "ann"}
        done = {"name": "Works in March", "audience": {"esims": [*MORE[:4], WITHOUT_SMS]}}
        await call("POST", "broadcasts", common | done)
        for _ in range(8):
            await services.broadcasts.tick()
        later = {"name": "Works in May", "startAt": "2026-01-20T10:00:00Z"}
        await call("POST", "broadcasts", common | later | {"audience": {"statuses": ["IN_USE"]}})
        paused = {"name": "New prices", "category": "promotion", "perSecond": 0.01}
        begun = await call("POST", "broadcasts", common | paused | {"audience": {"esims": MORE}})
        for _ in range(8):
            await services.broadcasts.tick()
        await call("POST", f"broadcasts/{begun['id']}/pause", {"actor": "ann"})
