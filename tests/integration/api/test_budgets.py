"""Budgets of accounts, over the APIs, on a real store."""

from typing import Any

import pytest
from uuid_utils import uuid7

from simpost.domain.inbound import InboundPart, OwnNumbers, PartPosition
from simpost.domain.prices import PartPrices
from simpost.domain.reasons import Reason
from simpost.messaging.handset_replies import ReplyEffect
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.routes import Route, Routing
from simpost.ports.carrier import CarrierCapabilities
from tests.integration.api.conftest import GOOD, NOW_MS

SERVED = Any  # the `service` fixture of conftest.py
DAY_MS = 86_400_000
NO_COST = {
    "dayCost": None,
    "dayCostUsed": "0.0000",
    "monthCost": None,
    "monthCostUsed": "0.0000",
}


async def put(service: SERVED, *budgets: Any, account: str = "demo") -> Any:
    answer = await service.operate("PUT", f"accounts/{account}/budgets", json={"budgets": budgets})
    assert answer.status_code == 200, answer.text
    return answer.json()["budgets"]


async def shown(service: SERVED, account: str = "demo") -> Any:
    return (await service.operate("GET", f"accounts/{account}/budgets")).json()["budgets"]


async def send(service: SERVED, text: str = "Hello", **fields: Any) -> Any:
    return await service.native(
        "POST", "messages", json={"esimTranNo": GOOD, "text": text, **fields}
    )


async def test_budgets_are_shown_with_what_is_used(service: SERVED) -> None:
    assert await shown(service) == []
    made = await put(service, {"day": 10, "month": 100}, {"prefix": "66", "day": 5})
    assert made == [
        {"prefix": "", "day": 10, "dayUsed": 0, "month": 100, "monthUsed": 0} | NO_COST,
        {"prefix": "66", "day": 5, "dayUsed": 0, "month": None, "monthUsed": 0} | NO_COST,
    ]
    assert (await send(service, "x" * 200)).status_code == 202
    used = [(each["dayUsed"], each["monthUsed"]) for each in await shown(service)]
    assert used == [(2, 2), (2, 0)]
    assert await shown(service, "other") == []
    assert await put(service) == []
    assert (await send(service)).status_code == 202


async def test_a_message_beyond_the_budget_is_refused_with_the_numbers(service: SERVED) -> None:
    await put(service, {"day": 3})
    assert (await send(service, "x" * 200)).status_code == 202
    refused = await send(service, "x" * 200)
    assert (refused.status_code, refused.json()["code"]) == (409, "budget_reached")
    assert "2 of 3 used, 2 wanted, period 2026-01-01" in refused.json()["detail"]
    assert (await send(service)).status_code == 202
    answer = await service.send()
    assert (answer.json()["errorCode"], answer.headers["rt-reason"]) == ("200002", "budget_reached")
    code = await send(service, "Your code is 123456", category="code")
    assert code.json()["code"] == "budget_reached"


async def test_a_budget_of_cost_refuses_in_cost_units(service: SERVED) -> None:
    able = CarrierCapabilities(name="down", max_parts=4, prices=PartPrices(450))
    service.services.intake.routing = Routing((Route(("down",)),), {"down": able})
    await service.operate("PATCH", "accounts/demo", json={"events": True})
    [made] = await put(service, {"prefix": "66", "dayCost": "0.1", "monthCost": "9"})
    assert (made["dayCost"], made["dayCostUsed"], made["monthCost"]) == (
        "0.1000",
        "0.0000",
        "9.0000",
    )
    assert (await send(service, "x" * 200)).status_code == 202
    refused = await send(service)
    assert (refused.status_code, refused.json()["code"]) == (409, "budget_reached")
    assert "0.0900 of 0.1000 used, 0.0450 wanted, period 2026-01-01" in refused.json()["detail"]
    [used] = await shown(service)
    assert (used["dayCostUsed"], used["monthCostUsed"], used["dayUsed"]) == ("0.0900", "0.0900", 0)
    dry_run = (await send(service, dryRun=True)).json()
    facts = {each["rule"]: each["facts"] for each in dry_run["rules"]}["budget"]["budgets"][0]
    assert facts == {
        "budget": "cost:day:66",
        "period": "2026-01-01",
        "used": "0.0900",
        "limit": "0.1000",
        "wanted": "0.0450",
    }
    events = (await service.native("GET", "events")).json()["events"]
    alarms = [each for each in events if each["type"] == "budget.reached"]
    assert {each["subject"] for each in alarms} == {"cost:day:66"}
    assert alarms[0]["data"]["used"] == "0.0900"


async def test_a_budget_of_cost_counts_a_unit_for_an_unknown_price(service: SERVED) -> None:
    await put(service, {"dayCost": "1.5"})
    assert (await send(service)).status_code == 202
    assert (await send(service)).json()["code"] == "budget_reached"


async def test_alarms_are_events_and_a_metric(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"events": True})
    await put(service, {"prefix": "66", "day": 4})
    for _ in range(5):
        await send(service)
    events = (await service.native("GET", "events")).json()["events"]
    found = [event for event in events if event["type"] == "budget.reached"]
    assert [(each["subject"], each["data"]["percent"]) for each in found] == [
        ("day:66", 50),
        ("day:66", 100 - 20),
        ("day:66", 100),
    ]
    metrics = await service.client.get("/metrics", headers={"Authorization": "Bearer admin-token"})
    for percent in (50, 80, 100):
        assert f'simpost_budget_alarms_total{{percent="{percent}"}} 1.0' in metrics.text


async def test_the_first_refusal_raises_the_last_alarm(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"events": True})
    await put(service, {"day": 5})
    for text in ("x" * 400, "x" * 400, "x" * 400):
        await send(service, text)
    events = (await service.native("GET", "events")).json()["events"]
    found = [event["data"] for event in events if event["type"] == "budget.reached"]
    assert [(each["percent"], each["used"], each["limit"]) for each in found] == [
        (50, 3, 5),
        (100, 3, 5),
    ]


def desk(service: SERVED, answer: str = "") -> InboundService:
    """Receives texts for the eSIMs of the service; replies get the answer."""
    store, services = service.store.inbound, service.services
    return InboundService(
        store,
        InboundRouter(store, services.accounts, OwnNumbers({"12345": ""}, [])),
        services.intake,
        new_id=lambda: uuid7().bytes,
        clock_ms=lambda: NOW_MS,
        read_reply=lambda _account, _esim, _inbound: ReplyEffect(answer=answer),
        conversations=service.store.conversations,
    )


def arrived(text: str, source: str, destination: str) -> InboundPart:
    place = PartPosition("alone", int.from_bytes(text.encode()[:7].ljust(7), "big"))
    octets = text.encode()
    return InboundPart("simulator", source, destination, octets, "latin1", place, NOW_MS)


async def test_texts_from_phones_and_answers_count_in_the_budget(service: SERVED) -> None:
    await put(service, {"day": 2})
    number = (await service.store.catalogue.find_esim(1, esim_tran_no=GOOD, iccid=None)).msisdn
    assert await desk(service).receive(arrived("one", "447700900123", number)) is None
    assert await desk(service, "Hi").receive(arrived("two", number, "12345")) is None
    assert [each["dayUsed"] for each in await shown(service)] == [2]
    refused = await desk(service).receive(arrived("three", "447700900123", number))
    assert refused is Reason.BUDGET_REACHED
    assert await desk(service, "Bye").receive(arrived("four", number, "12345")) is None
    messages = (await service.native("GET", "messages")).json()["messages"]
    assert sorted(each["text"] for each in messages) == ["Hi", "one"]
    inbound = (await service.native("GET", "inbound")).json()["inbound"]
    assert [(each["state"], each["text"]) for each in inbound] == [
        ("received", "four"), ("refused", None), ("received", "two"), ("forwarded", "one"),
    ]  # fmt: skip


async def test_a_higher_budget_lets_messages_pass_again(service: SERVED) -> None:
    await put(service, {"day": 1})
    await send(service)
    assert (await send(service)).status_code == 409
    [made] = await put(service, {"day": 2})
    assert made["dayUsed"] == 1
    assert (await send(service)).status_code == 202


@pytest.mark.parametrize(
    "budget",
    [
        {},
        {"day": 0},
        {"day": -1},
        {"day": 1_000_000_001},
        {"day": 1.5},
        {"day": "10"},
        {"day": True},
        {"prefix": "0", "day": 1},
        {"prefix": "+66", "day": 1},
        {"prefix": "12345678", "day": 1},
        {"prefix": "6\n", "day": 1},
        {"prefix": "٦", "day": 1},
        {"prefix": None, "day": 1},
        {"day": 1, "year": 1},
    ],
)
async def test_an_impossible_budget_is_refused(service: SERVED, budget: Any) -> None:
    answer = await service.operate("PUT", "accounts/demo/budgets", json={"budgets": [budget]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["at"].startswith("body.budgets.0")
    assert await shown(service) == []


async def test_two_budgets_of_a_prefix_and_too_many_are_refused(service: SERVED) -> None:
    twice = [{"prefix": "66", "day": 1}, {"prefix": "66", "month": 1}]
    many = [{"prefix": f"1{number}", "day": 1} for number in range(101)]
    for budgets in (twice, many):
        answer = await service.operate("PUT", "accounts/demo/budgets", json={"budgets": budgets})
        assert answer.status_code == 422
    assert (await service.operate("GET", "accounts/nobody/budgets")).status_code == 404
    assert (await service.native("GET", "admin/accounts/demo/budgets")).status_code == 401
    assert NOW_MS % DAY_MS == 0
