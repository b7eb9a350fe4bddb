"""/v1/automations: a transition sends one text, in the language of the eSIM, in time, once."""

import asyncio

import pytest

from simpost.api.shared.schemas import format_time
from simpost.domain.automations import RunState
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.ports.store.automations import AUTOMATION_STEP
from tests.contract.store_facts import new_id
from tests.integration.api.conftest import GOOD, NOW_MS

WITHOUT_SMS = "26010100000002"
HOUR_MS = 3_600_000
TEXTS = {"en": "Welcome to {country}!", "fr": "Bienvenue : {country} !"}


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
async def welcome(service):
    """An automation that greets at the first attachment, switched on."""
    template = {
        "name": "welcome",
        "texts": TEXTS,
        "defaultLanguage": "en",
        "variables": {"country": {"type": "text", "longest": "United Arab Emirates"}},
    }
    answer = await service.native("POST", "templates", json=template)
    assert answer.status_code == 201, answer.text
    return await save(service)


async def save(service, name="welcome", **fields):
    body = {"trigger": "attached", "template": "welcome", "enabled": True} | fields
    answer = await service.native("PUT", f"automations/{name}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def report(service, kind="attached_first", *, at_ms=NOW_MS, esim=GOOD, **fields):
    body = {"kind": kind, "country": "FR"} | fields
    answer = await service.native("POST", f"esims/{esim}/events", json=body)
    assert answer.status_code == 200, answer.text


async def sent(service):
    queued = await service.store.routing.queued_messages("down", after=None, limit=99)
    return [(each.category, each.text) for each in queued]


async def shown(service, name="welcome"):
    answer = await service.native("GET", f"automations/{name}")
    assert answer.status_code == 200
    return answer.json()


async def runs(service, name="welcome"):
    return (await service.native("GET", f"automations/{name}/runs")).json()["runs"]


async def tick(service):
    await service.services.automations.tick()


async def test_an_attached_esim_is_welcomed_once(service, welcome):
    for _ in range(10):
        await report(service, country="FR")
    await asyncio.gather(*(tick(service) for _ in range(5)))
    assert await sent(service) == [("service", "Welcome to France!")]
    [run] = await runs(service)
    assert (run["state"], run["transition"], run["country"]) == ("accepted", "attached", "FR")
    message = (await service.native("GET", f"messages/{run['messageId']}")).json()
    assert message["template"]["name"] == "welcome"
    assert (await shown(service))["runs"]["accepted"] == 1


async def test_the_text_is_in_the_language_of_the_esim(service, welcome):
    path = f"esims/{GOOD}/preferences"
    assert (await service.native("PATCH", path, json={"language": "fr"})).status_code == 200
    await report(service, country="DE")
    await tick(service)
    assert await sent(service) == [("service", "Bienvenue : Allemagne !")]


async def test_the_message_waits_for_its_delay(service, welcome, clock):
    await save(service, delaySeconds=300)
    await report(service)
    await tick(service)
    assert await sent(service) == []
    assert (await shown(service))["runs"]["waiting"] == 1
    clock.now_ms += 299_999
    await tick(service)
    assert await sent(service) == []
    clock.now_ms += 1
    await tick(service)
    assert len(await sent(service)) == 1


async def test_nobody_is_welcomed_a_day_late(service, welcome, clock):
    await report(service)
    clock.now_ms += 6 * HOUR_MS
    await tick(service)
    assert await sent(service) == []
    assert [run["state"] for run in await runs(service)] == ["too_late"]


async def test_what_is_switched_off_while_it_waits_sends_nothing(service, welcome, clock):
    await save(service, delaySeconds=300)
    await report(service)
    await tick(service)
    await save(service, delaySeconds=300, enabled=False)
    clock.now_ms += 300_000
    await tick(service)
    assert await sent(service) == []
    assert (await shown(service))["runs"]["switchedOff"] == 1


async def test_a_refusal_has_its_reason(service, welcome):
    await report(service, esim=WITHOUT_SMS)
    await tick(service)
    [run] = await runs(service)
    assert (run["state"], run["reason"]["code"]) == ("refused", "sms_not_supported")


async def test_a_template_that_is_gone_is_a_refusal(service, welcome):
    await service.native("DELETE", "templates/welcome")
    await report(service)
    await tick(service)
    [run] = await runs(service)
    assert (run["state"], run["reason"]["code"]) == ("refused", "template_unknown")


async def test_a_template_that_does_not_exist_is_said_at_once(service):
    body = {"trigger": "attached", "template": "welcome"}
    for enabled in (False, True):
        path = "automations/welcome"
        answer = await service.native("PUT", path, json=body | {"enabled": enabled})
        assert (answer.status_code, answer.json()["code"]) == (404, "template_unknown")
    assert (await service.native("GET", "automations")).json() == {"automations": []}


async def test_an_automation_without_its_template_has_no_preview_and_can_be_switched_off(
    service, welcome
):
    await service.native("DELETE", "templates/welcome")
    answer = await service.native("POST", "automations/welcome/preview", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "template_unknown")
    assert (await save(service, enabled=False))["enabled"] is False
    on = {"trigger": "attached", "template": "welcome", "enabled": True}
    answer = await service.native("PUT", "automations/welcome", json=on)
    assert (answer.status_code, answer.json()["code"]) == (404, "template_unknown")


async def test_a_preview_counts_and_shows_samples_and_sends_nothing(service, welcome):
    await save(service, enabled=False)
    await report(service, country="FR")
    await report(service, esim=WITHOUT_SMS, country="FR")
    answer = await service.native("POST", "automations/welcome/preview", json={})
    found = answer.json()
    assert (found["transitions"], found["sends"], found["holds"], found["isCut"]) == (
        *(2, 1, 0),
        False,
    )
    [refused] = found["refusals"]
    assert (refused["reason"]["code"], refused["count"]) == ("sms_not_supported", 1)
    assert [each["text"] for each in found["samples"]] == ["Welcome to France!"]
    await tick(service)
    assert await sent(service) == []


async def test_a_delay_that_is_always_too_late_is_refused_with_the_reason(service):
    body = {"trigger": "attached", "template": "welcome", "delaySeconds": 604_800}
    answer = await service.native("PUT", "automations/welcome", json=body)
    assert answer.status_code == 422
    assert "notAfterSeconds must be more than delaySeconds" in answer.text


async def test_a_disabled_account_sends_nothing(service, welcome):
    await report(service)
    await service.operate("PATCH", "accounts/demo", json={"enabled": False})
    await tick(service)
    assert await sent(service) == []
    [run] = await service.store.automations.list_runs(1, "welcome", before=None, limit=9)
    assert (run.state, run.reason) == (RunState.REFUSED, Reason.ACCOUNT_DISABLED)


async def test_runs_before_a_store_error_end_and_the_others_go_on_later(
    service, welcome, monkeypatch
):
    await save(service, "second")
    await report(service)
    send, tried = service.services.intake.send, []

    async def refuse_the_second(account, request):
        tried.append(request.request_id)
        if len(tried) == 2:
            raise StoreError("the disk is full")
        return await send(account, request)

    monkeypatch.setattr(service.services.intake, "send", refuse_the_second)
    with pytest.raises(StoreError):
        await tick(service)
    states = [run["state"] for name in ("welcome", "second") for run in await runs(service, name)]
    assert sorted(states) == ["accepted", "waiting"]
    await tick(service)
    assert len(await sent(service)) == 2
    assert tried[1] == tried[2]


async def test_a_run_that_may_have_sent_its_message_a_day_ago_sends_no_second_one(
    service, welcome, clock, monkeypatch
):
    monkeypatch.setattr(service.services.automations, "_new_id", lambda: new_id(clock()))
    await save(service, notAfterSeconds=1_209_600)
    await report(service)

    async def fail(_runs):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(service.store.automations, "end_runs", fail)
        with pytest.raises(StoreError):
            await tick(service)
    assert len(await sent(service)) == 1
    clock.now_ms += 25 * HOUR_MS
    await tick(service)
    assert len(await sent(service)) == 1
    assert [run["state"] for run in await runs(service)] == ["too_late"]


async def test_a_text_without_its_country_is_not_sent(service, welcome):
    esim = await service.store.catalogue.find_esim(1, esim_tran_no=GOOD, iccid=None)
    assert esim.country == ""
    await service.native("POST", f"esims/{GOOD}/events", json={"kind": "attached_first"})
    await tick(service)
    assert await sent(service) == []
    [run] = await runs(service)
    assert (run["state"], run["reason"]["code"]) == ("refused", "template_value_missing")


async def test_runs_are_deleted_90_days_after_their_end(service, welcome, clock):
    await report(service)
    await tick(service)
    clock.now_ms += 90 * 24 * HOUR_MS
    await service.services.automations.delete_old()
    assert len(await runs(service)) == 1
    clock.now_ms += 1
    await service.services.automations.delete_old()
    assert await runs(service) == []


async def test_a_tick_without_work_writes_nothing(service, welcome, monkeypatch):
    await save(service, delaySeconds=300)
    await report(service)
    await tick(service)

    async def refuse(*_arguments):
        raise StoreError("a tick without work wrote")

    monkeypatch.setattr(service.store.automations._database, "transact", refuse)
    await tick(service)


async def test_one_tick_sends_all_that_is_due(service, welcome):
    await save(service, "trip", trigger="country_changed")
    moves = [
        {
            "kind": "country_changed",
            "esimTranNo": GOOD,
            "country": country,
            "at": format_time(NOW_MS - HOUR_MS + 1000 * number),
        }
        for number, country in enumerate(("FR", "DE") * (AUTOMATION_STEP // 2 + 1))
    ]
    answer = await service.native("POST", "lifecycle/events", json={"rows": moves})
    assert answer.status_code == 200, answer.text
    await tick(service)
    assert (await shown(service, "trip"))["runs"]["accepted"] == len(moves) > AUTOMATION_STEP


async def test_an_opt_out_is_respected(service, welcome):
    no = {"categories": {"promotion": False}}
    await service.native("PATCH", f"esims/{GOOD}/preferences", json=no)
    await save(service, category="promotion")
    await report(service)
    await tick(service)
    [run] = await runs(service)
    assert (run["state"], run["reason"]["code"]) == ("refused", "opted_out")


async def test_automations_are_listed_replaced_and_deleted(service, welcome):
    await save(service, "second", trigger="data_used_80", values={"brand": "Shop"})
    listed = (await service.native("GET", "automations")).json()["automations"]
    assert [each["name"] for each in listed] == ["second", "welcome"]
    assert listed[0]["values"] == {"brand": "Shop"}
    deleted = await service.native("DELETE", "automations/second")
    assert (deleted.status_code, deleted.json()) == (200, {"name": "second"})
    for method in ("GET", "DELETE"):
        gone = await service.native(method, "automations/second")
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"trigger": "landed", "template": "welcome"},
        {"trigger": "attached", "template": "Not A Name"},
        {"trigger": "attached", "template": "welcome", "delaySeconds": -1},
        {"trigger": "attached", "template": "welcome", "delaySeconds": 604_801},
        {"trigger": "attached", "template": "welcome", "notAfterSeconds": 59},
        {"trigger": "attached", "template": "welcome", "enabled": "yes"},
        {"trigger": "attached", "template": "welcome", "values": {"a b": "c"}},
        {"trigger": "attached", "template": "welcome", "values": {"a": "c" * 201}},
        {"trigger": "attached", "template": "welcome", "values": {"country": "Peru"}},
        {"trigger": "attached", "template": "welcome", "values": {"percent": "50"}},
        {"trigger": "attached", "template": "welcome", "delaySeconds": 21_600},
        {
            "trigger": "attached",
            "template": "welcome",
            "delaySeconds": 3600,
            "notAfterSeconds": 3600,
        },
        {"trigger": "attached", "template": "welcome", "when": "now"},
    ],
)
async def test_what_is_not_as_documented_is_refused(service, body):
    answer = await service.native("PUT", "automations/welcome", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await service.native("GET", "automations")).json() == {"automations": []}
