"""/v1/broadcasts: previewed, sent at a pace, paused, resumed, cancelled; once to each eSIM."""

import asyncio
import copy
from decimal import Decimal

import pytest

from simpost.catalogue.normalization import parse_esim
from simpost.domain.prices import PartPrices
from simpost.messaging.routes import Route, Routing
from simpost.ports.carrier import CarrierCapabilities
from tests.contract.store_facts import enter_country
from tests.integration.api.conftest import GOOD, NOW_MS, esim

WITHOUT_SMS = "26010100000002"
UNKNOWN = "26010199999999"
MORE = [f"260102{number:03}00077" for number in range(30)]


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


@pytest.fixture
async def template(service):
    body = {"name": "works", "texts": {"en": "Works on {day}", "fr": "Travaux : {day}"}}
    body |= {"defaultLanguage": "en", "variables": {"day": {"type": "text", "longest": "Monday"}}}
    answer = await service.native("POST", "templates", json=body)
    assert answer.status_code == 201, answer.text


@pytest.fixture
async def many(service, template):
    """Thirty more eSIMs."""
    await service.store.catalogue.save_esims(
        1, [parse_esim(esim(number), NOW_MS) for number in MORE]
    )


async def post(service, **fields):
    body = {"name": "Works", "template": "works", "values": {"day": "Monday"}} | fields
    return await service.native("POST", "broadcasts", json=body)


async def begin(service, **fields):
    answer = await post(service, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def shown(service, begun):
    found = (await service.native("GET", f"broadcasts/{begun['id']}")).json()
    counts = dict(found["counts"])
    assert counts.pop("total") == sum(counts.values())
    return found


async def step(service, begun, name, **body):
    return await service.native("POST", f"broadcasts/{begun['id']}/{name}", json=body)


async def tick(service, clock, seconds=1.0):
    """Let time pass in quarters of a second, with a tick at each."""
    for _ in range(int(seconds * 4)):
        clock.now_ms += 250
        await service.services.broadcasts.tick()


async def sent(service):
    queued = await service.store.routing.queued_messages("down", after=None, limit=999)
    return sorted(each.text for each in queued)


async def recipients(service, begun):
    path = f"broadcasts/{begun['id']}/recipients?limit=200"
    found = (await service.native("GET", path)).json()["recipients"]
    return {each["esimTranNo"]: each for each in found}


async def test_each_esim_gets_it_once(service, many, clock):
    begun = await begin(service, audience={"esims": [GOOD, WITHOUT_SMS, UNKNOWN, *MORE]})
    assert begun["status"] == "preparing"
    await tick(service, clock, 10)
    found = await shown(service, begun)
    assert (found["status"], found["counts"]["total"]) == ("finished", 33)
    assert (found["counts"]["accepted"], found["counts"]["refused"]) == (31, 2)
    assert found["explanation"] == "Every eSIM was decided."
    assert await sent(service) == ["Works on Monday"] * 31
    each = await recipients(service, begun)
    assert each[UNKNOWN]["reason"]["code"] == "esim_unknown"
    assert each[WITHOUT_SMS]["reason"]["code"] == "sms_not_supported"
    message = (await service.native("GET", f"messages/{each[GOOD]['messageId']}")).json()
    assert (message["category"], message["template"]["name"]) == ("notice", "works")


async def test_a_template_that_does_not_exist_is_said_at_once(service):
    for dry_run in (False, True):
        answer = await post(service, dryRun=dry_run)
        assert (answer.status_code, answer.json()["code"]) == (404, "template_unknown")
    assert (await service.native("GET", "broadcasts")).json()["broadcasts"] == []


async def test_two_leaders_send_it_once(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=1000)
    await tick(service, clock, 0.5)
    leader = service.services.broadcasts
    other = copy.copy(leader)
    other._turns, other._sender = asyncio.Lock(), copy.copy(leader._sender)
    for _ in range(8):
        clock.now_ms += 250
        await asyncio.gather(leader.send_some(), other.send_some())
    assert (await shown(service, begun))["counts"]["accepted"] == 30
    assert len(await sent(service)) == 30


async def test_a_value_that_the_template_does_not_declare_is_refused(service, many):
    answer = await post(service, values={"day": "Monday", "dya": "Tuesday"}, dryRun=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "template_value_invalid")
    assert answer.json()["detail"].endswith("The template declares no variable dya.")


async def test_it_keeps_its_pace(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4)
    await tick(service, clock, 1)  # noted, then scheduled, then sending
    before = (await shown(service, begun))["counts"]["accepted"]
    await tick(service, clock, 3)
    assert (await shown(service, begun))["counts"]["accepted"] == before + 12


async def test_a_broadcast_of_a_held_copy_says_that_nothing_is_sent(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4)
    await tick(service, clock, 2)
    service.services.copy_guard.is_held = True
    held = "Nothing is sent: this store is a copy, and the administrator has to confirm it first."
    found = await shown(service, begun)
    assert found["explanation"].startswith(f"{held} {found['counts']['remaining']} of 30 eSIMs")
    listed = (await service.native("GET", "broadcasts")).json()["broadcasts"]
    same = await service.native("GET", f"broadcasts?status={listed[0]['status']}")
    assert listed[0]["id"] in [each["id"] for each in same.json()["broadcasts"]]
    none = await service.native("GET", "broadcasts?status=expired")
    assert none.json()["broadcasts"] == []
    assert [each["explanation"][: len(held)] for each in listed] == [held]
    paused = (await step(service, begun, "pause")).json()["explanation"]
    assert (paused.startswith("It was paused."), paused.endswith(held)) == (True, True)
    cancelled = (await step(service, begun, "cancel")).json()["explanation"]
    assert held not in cancelled


async def test_a_pause_says_who_and_a_resume_sends_to_the_rest(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4)
    await tick(service, clock, 2)
    paused = (await step(service, begun, "pause", actor="Ana")).json()
    accepted = paused["counts"]["accepted"]
    assert 0 < accepted < 30
    assert (paused["pauseReason"], paused["actor"]) == ("person", "Ana")
    assert paused["explanation"] == (
        f"It was paused by Ana. {30 - accepted} of 30 eSIMs remain. "
        "Resume sends to these only, until 2026-01-01T02:00:00Z: nobody gets it twice."
    )
    await tick(service, clock, 5)
    assert len(await sent(service)) == accepted
    resumed = await step(service, begun, "resume")
    assert resumed.json()["status"] == "sending"
    await tick(service, clock, 10)
    assert (await shown(service, begun))["status"] == "finished"
    assert len(await sent(service)) == 30


async def test_a_cancelled_one_sends_nothing_more(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4)
    await tick(service, clock, 2)
    cancelled = (await step(service, begun, "cancel", actor="Ana")).json()
    assert (cancelled["status"], cancelled["counts"]["remaining"]) == ("cancelled", 0)
    before = len(await sent(service))
    await tick(service, clock, 5)
    assert len(await sent(service)) == before == cancelled["counts"]["accepted"]
    late = await step(service, begun, "resume")
    assert (late.status_code, late.json()["code"]) == (409, "broadcast_status")


async def test_what_remains_after_its_time_is_not_sent(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=1)
    await tick(service, clock, 3)
    clock.now_ms += 2 * 3_600_000
    await tick(service, clock, 1)
    found = await shown(service, begun)
    assert (found["status"], found["counts"]["remaining"]) == ("expired", 0)
    assert found["counts"]["cancelled"] == 30 - found["counts"]["accepted"]


async def test_it_waits_for_its_start(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, startAt="2026-01-01T00:01:00Z")
    await tick(service, clock, 30)
    assert (await shown(service, begun))["status"] == "scheduled"
    assert await sent(service) == []
    await tick(service, clock, 40)
    assert (await shown(service, begun))["status"] == "finished"


async def test_too_many_refusals_pause_it(service, template, clock):
    without_sms = [
        parse_esim(esim(f"260103{number:03}00077", packageList=[{"packageCode": "P-US"}]), NOW_MS)
        for number in range(80)
    ]
    await service.store.catalogue.save_esims(1, without_sms)
    begun = await begin(service, audience={"plans": ["P-US"]})
    await tick(service, clock, 20)
    found = await shown(service, begun)
    assert (found["status"], found["pauseReason"]) == ("paused", "refused_share")
    assert found["explanation"].startswith("It paused itself: 5")
    assert "were refused, more than 50 %." in found["explanation"]
    assert 50 <= found["counts"]["refused"] < 60


async def test_the_limit_of_parts_pauses_it(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4, stopParts=5)
    await tick(service, clock, 10)
    found = await shown(service, begun)
    assert (found["status"], found["pauseReason"]) == ("paused", "parts_limit")
    assert 5 <= found["parts"] <= 8


def price(service, **fields):
    """Prices of the carrier from now on; the thirty eSIMs are ten each of 66810, 66811, 66812."""
    able = CarrierCapabilities(name="down", max_parts=4, prices=PartPrices(**fields))
    service.services.intake.routing = Routing((Route(("down",)),), {"down": able})


async def test_the_limit_of_cost_pauses_it(service, many, clock):
    price(service, default=450)
    begun = await begin(service, audience={"esims": MORE}, perSecond=4, stopCost="0.225")
    await tick(service, clock, 10)
    found = await shown(service, begun)
    assert (found["status"], found["pauseReason"]) == ("paused", "cost_limit")
    assert (found["stopCost"], found["unpriced"]) == ("0.2250", 0)
    assert 5 <= found["parts"] <= 8
    assert Decimal(found["cost"]) == found["parts"] * Decimal("0.045")
    await step(service, begun, "resume")
    assert (await shown(service, begun))["status"] == "sending"
    await tick(service, clock, 10)
    again = await shown(service, begun)
    assert again["pauseReason"] == "cost_limit"
    assert found["parts"] + 5 <= again["parts"] <= found["parts"] + 8


async def test_a_preview_says_the_cost_and_how_much_of_it_is_not_known(service, many):
    price(service, own={"66810": 450, "66811": 12_000})
    found = (await post(service, audience={"esims": MORE}, dryRun=True)).json()
    assert (found["parts"], found["unpriced"]) == (30, 10)
    assert found["cost"] == "22.4500"


async def test_a_preview_counts_by_verdict_and_sends_nothing(service, many):
    path = f"esims/{MORE[0]}/preferences"
    await service.native("PATCH", path, json={"language": "fr"})
    no = {"categories": {"notice": False}}
    await service.native("PATCH", f"esims/{MORE[1]}/preferences", json=no)
    answer = await post(service, audience={"esims": [WITHOUT_SMS, *MORE]}, dryRun=True)
    found = answer.json()
    assert (answer.status_code, found["total"], found["decided"]) == (200, 31, 31)
    assert (found["sends"], found["holds"], found["parts"]) == (29, 0, 29)
    reasons = {each["reason"]["code"]: each["count"] for each in found["refusals"]}
    assert reasons == {"sms_not_supported": 1, "opted_out": 1}
    assert [(each["language"], each["text"]) for each in found["samples"]] == [
        ("en", "Works on Monday"),
        ("fr", "Travaux : Monday"),
    ]
    assert (await service.native("GET", "broadcasts")).json()["broadcasts"] == []
    assert await sent(service) == []


async def test_an_opt_out_and_conditions_are_respected(service, many, clock):
    await enter_country(service.store, MORE[2], "FR")
    await enter_country(service.store, MORE[3], "FR")
    no = {"categories": {"notice": False}}
    await service.native("PATCH", f"esims/{MORE[3]}/preferences", json=no)
    begun = await begin(service, audience={"countries": ["FR"]})
    await tick(service, clock, 5)
    found = await recipients(service, begun)
    assert {name: each["state"] for name, each in found.items()} == {
        MORE[2]: "accepted",
        MORE[3]: "refused",
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"category": "code"},
        {"template": "Not A Name"},
        {"perSecond": 0},
        {"perSecond": 10001},
        {"perSecond": 0.001},
        {"perSecond": "10"},
        {"localTime": "24:00"},
        {"stopFailedPercent": 101},
        {"stopOptedOutPercent": 0},
        {"startAt": "2025-12-31T23:00:00Z"},
        {"stopRefusedPercent": 0},
        {"stopParts": 0},
        {"stopCost": "0.0000"},
        {"stopCost": "1.00001"},
        {"stopCost": 25.5},
        {"startAt": "2027-01-01T00:00:00Z"},
        {"notAfter": "2025-01-01T00:00:00Z"},
        {"notAfter": "2026-02-01T00:00:00Z"},
        {"audience": {"countries": ["France"]}},
        {"audience": {"plans": ["A|B"]}},
        {"audience": {"esims": [GOOD], "file": "019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e55"}},
        {"audience": {"everyone": True}},
        {"values": {"a b": "c"}},
    ],
)
async def test_what_is_not_as_documented_is_refused(service, template, fields):
    answer = await post(service, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await service.native("GET", "broadcasts")).json()["broadcasts"] == []
