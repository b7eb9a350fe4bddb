"""What stops, holds and resumes a broadcast, and what it says of itself."""

from datetime import datetime

import pytest

from simpost.api.shared.schemas import to_ms
from simpost.catalogue.normalization import parse_esim
from simpost.config.policy import PolicySettings
from simpost.domain.policy.budgets import Budget
from simpost.domain.policy.stops import StopScope
from simpost.domain.reasons import Reason
from simpost.messaging.plan import Refusal
from simpost.messaging.policy.rules import PolicyRules
from tests.contract.store_facts import enter_country
from tests.integration.api import test_broadcasts
from tests.integration.api.conftest import GOOD, NOW_MS, esim
from tests.integration.api.test_broadcasts import (
    MORE,
    begin,
    post,
    recipients,
    sent,
    shown,
    step,
    tick,
)

clock, settings = test_broadcasts.clock, test_broadcasts.settings
template, many = test_broadcasts.template, test_broadcasts.many

HOUR_MS = 3_600_000


async def test_a_pause_stops_it_while_recipients_are_noted(service, many, clock):
    begun = await begin(service, audience={"esims": MORE})
    paused = await step(service, begun, "pause", actor="Ana")
    assert (paused.status_code, paused.json()["status"]) == (200, "paused")
    assert "Resume goes on noting recipients" in paused.json()["explanation"]
    await tick(service, clock, 5)
    assert await sent(service) == []
    resumed = await step(service, begun, "resume")
    assert (resumed.status_code, resumed.json()["status"]) == (200, "preparing")
    await tick(service, clock, 10)
    assert (await shown(service, begun))["counts"]["accepted"] == 30


async def test_resume_never_begins_it_before_its_start(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, startAt="2026-01-01T00:01:00Z")
    await tick(service, clock, 2)
    early = await step(service, begun, "resume")
    assert (early.status_code, early.json()["status"]) == (200, "scheduled")
    paused = (await step(service, begun, "pause")).json()
    assert "Resume lets it begin at 2026-01-01T00:01:00Z" in paused["explanation"]
    assert (await step(service, begun, "resume")).json()["status"] == "scheduled"
    await tick(service, clock, 30)
    assert await sent(service) == []
    await tick(service, clock, 40)
    assert (await shown(service, begun))["status"] == "finished"


async def test_a_paused_one_is_over_after_its_time(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=1)
    await tick(service, clock, 2)
    await step(service, begun, "pause")
    clock.now_ms += 2 * HOUR_MS
    await tick(service, clock, 1)
    found = await shown(service, begun)
    assert (found["status"], found["counts"]["remaining"]) == ("expired", 0)
    assert (await step(service, begun, "resume")).status_code == 409


async def test_a_cancel_reaches_all_at_once(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=1)
    await tick(service, clock, 2)
    cancelled = (await step(service, begun, "cancel")).json()
    counts = cancelled["counts"]
    assert (cancelled["status"], counts["remaining"]) == ("cancelled", 0)
    assert counts["cancelled"] == 30 - counts["accepted"]
    states = [each["state"] for each in (await recipients(service, begun)).values()]
    assert states.count("cancelled") == counts["cancelled"]


@pytest.fixture
def night(service):
    """Notices may arrive from 9 to 18 h only; it is 7 h in Thailand, where all eSIMs are."""
    rules = PolicyRules(PolicySettings(spread_s=0), (), service.services.stops)
    service.services.intake.policy = rules
    return service


async def test_who_is_held_has_no_message_and_gets_it_at_its_pace(night, many, clock):
    clock.now_ms = NOW_MS - 2 * HOUR_MS  # 5 h in Thailand
    begun = await begin(
        night, audience={"esims": MORE}, perSecond=5, notAfter="2026-01-01T08:00:00Z"
    )
    await tick(night, clock, 10)
    found = await shown(night, begun)
    assert (found["status"], found["counts"]["held"]) == ("sending", 30)
    assert "30 are held, and decided again later." in found["explanation"]
    assert await sent(night) == []
    held = (await recipients(night, begun))[MORE[0]]
    assert (held["state"], held["messageId"]) == ("held", None)
    assert held["reason"]["code"] == "quiet_hours"
    clock.now_ms = to_ms(datetime.fromisoformat(held["heldUntil"]))
    await tick(night, clock, 2)
    assert 5 <= len(await sent(night)) <= 15
    await tick(night, clock, 10)
    assert (await shown(night, begun))["status"] == "finished"
    assert len(await sent(night)) == 30


async def test_cancel_reaches_those_that_are_held(night, many, clock):
    clock.now_ms = NOW_MS - 2 * HOUR_MS
    begun = await begin(night, audience={"esims": MORE}, notAfter="2026-01-01T08:00:00Z")
    await tick(night, clock, 5)
    cancelled = (await step(night, begun, "cancel", actor="Ana")).json()
    assert (cancelled["counts"]["cancelled"], cancelled["counts"]["held"]) == (30, 0)
    assert cancelled["explanation"] == "It was cancelled by Ana. 30 eSIMs get nothing."
    clock.now_ms += 6 * HOUR_MS
    await tick(night, clock, 5)
    assert await sent(night) == []


async def test_a_pause_keeps_back_those_that_are_held(night, many, clock):
    clock.now_ms = NOW_MS - 2 * HOUR_MS
    begun = await begin(night, audience={"esims": MORE}, notAfter="2026-01-01T08:00:00Z")
    await tick(night, clock, 5)
    paused = (await step(night, begun, "pause", actor="Ana")).json()
    assert "30 are held" in paused["explanation"]
    clock.now_ms += 6 * HOUR_MS
    await tick(night, clock, 5)
    assert await sent(night) == []
    await step(night, begun, "resume")
    await tick(night, clock, 5)
    assert len(await sent(night)) == 30


async def test_a_stop_pauses_it_and_refuses_nobody(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4, stopRefusedPercent=None)
    await tick(service, clock, 2)
    await service.services.stops.add(StopScope(account_id=1), "outage", codes=False)
    await tick(service, clock, 5)
    found = await shown(service, begun)
    assert (found["status"], found["pauseReason"]) == ("paused", "sending_stopped")
    assert found["counts"]["refused"] == 0
    assert found["explanation"].startswith(
        'It paused itself: the administrator stopped sending: "outage".'
    )
    await service.services.stops.remove(StopScope(account_id=1))
    await step(service, begun, "resume")
    await tick(service, clock, 10)
    assert (await shown(service, begun))["counts"]["accepted"] == 30


async def test_a_stop_for_a_country_refuses_those_there(service, many, clock):
    await enter_country(service.store, MORE[2], "FR")
    await service.services.stops.add(StopScope(country="FR"), "outage", codes=False)
    begun = await begin(service, audience={"esims": MORE})
    await tick(service, clock, 10)
    found = await shown(service, begun)
    assert (found["status"], found["counts"]["refused"]) == ("finished", 1)


async def test_a_disabled_account_pauses_its_broadcasts(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4)
    await tick(service, clock, 2)
    accounts = service.services.accounts
    before = (await shown(service, begun))["counts"]["accepted"]
    await service.operate("PATCH", "accounts/demo", json={"enabled": False})
    await tick(service, clock, 5)
    found = await service.services.broadcasts.find(1, bytes.fromhex(begun["id"].replace("-", "")))
    assert (found.status, found.pause_reason) == ("paused", "account_disabled")
    assert (found.accepted, found.refused) == (before, 0)
    assert accounts.get("demo") is None


async def test_a_budget_that_is_reached_pauses_it_and_refuses_nobody(service, many, clock):
    await service.operate("PUT", "accounts/demo/budgets", json={"budgets": [{"day": 7}]})
    assert service.services.accounts.by_id(1).budgets == (Budget(day=7),)
    begun = await begin(service, audience={"esims": MORE}, perSecond=4)
    await tick(service, clock, 6)
    found = await shown(service, begun)
    assert (found["status"], found["pauseReason"]) == ("paused", "budget_reached")
    assert (found["counts"]["accepted"], found["counts"]["refused"]) == (7, 0)


async def test_a_stale_catalogue_pauses_it_and_refuses_nobody(service, many, clock):
    stale = [Refusal(Reason.CATALOGUE_STALE, "The copy of supplier is 9 s old.")]
    stops = service.services.stops
    service.services.intake.policy = PolicyRules(
        PolicySettings(quiet_hours=False),
        (),
        stops,
        find_stale=lambda _: stale[0] if stale else None,
    )
    begun = await begin(service, audience={"esims": MORE}, stopRefusedPercent=None)
    await tick(service, clock, 5)
    found = await shown(service, begun)
    assert (found["status"], found["pauseReason"]) == ("paused", "catalogue_stale")
    assert (found["counts"]["refused"], found["counts"]["remaining"]) == (0, 30)
    assert "the copy of the supplier's eSIMs is too old." in found["explanation"]
    stale.clear()
    await step(service, begun, "resume")
    await tick(service, clock, 10)
    assert (await shown(service, begun))["counts"]["accepted"] == 30


async def test_each_gets_the_text_that_the_template_had_at_the_beginning(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4)
    await tick(service, clock, 2)
    changed = {"name": "works", "texts": {"en": "Another text"}, "defaultLanguage": "en"}
    assert (await service.native("POST", "templates", json=changed)).status_code == 201
    await tick(service, clock, 10)
    assert await sent(service) == ["Works on Monday"] * 30
    assert begun["templateVersion"] == 1


async def test_a_deleted_template_pauses_it_and_refuses_nobody(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4)
    await tick(service, clock, 2)
    await service.native("DELETE", "templates/works")
    await tick(service, clock, 5)
    found = await shown(service, begun)
    assert (found["status"], found["pauseReason"]) == ("paused", "template_gone")
    assert found["counts"]["refused"] == 0
    assert "Cancel it, and begin another one" in found["explanation"]


async def test_values_that_make_no_text_are_said_at_once(service, many):
    for dry_run in (False, True):
        answer = await post(service, values={}, dryRun=dry_run)
        assert (answer.status_code, answer.json()["code"]) == (422, "template_value_missing")
    assert (await service.native("GET", "broadcasts")).json()["broadcasts"] == []


async def test_it_goes_on_after_a_resume_although_many_were_refused(service, many, clock):
    await service.store.catalogue.save_esims(
        1,
        [
            parse_esim(esim(f"260100{number:03}00077", packageList=[{"packageCode": "P-US"}]), 0)
            for number in range(60)
        ],
    )
    begun = await begin(service, audience={}, perSecond=50)
    await tick(service, clock, 5)
    paused = await shown(service, begun)
    assert paused["pauseReason"] == "refused_share"
    assert "What rules count begins again." in paused["explanation"]
    await step(service, begun, "resume")
    await tick(service, clock, 5)
    found = await shown(service, begun)
    assert found["status"] == "finished"
    assert found["counts"]["accepted"] >= 30


async def test_a_resume_allows_the_same_number_of_parts_again(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=4, stopParts=5)
    await tick(service, clock, 6)
    first = (await shown(service, begun))["parts"]
    await step(service, begun, "resume")
    await tick(service, clock, 6)
    found = await shown(service, begun)
    assert found["pauseReason"] == "parts_limit"
    assert first + 5 <= found["parts"] <= first + 8


async def test_half_a_message_a_second_and_a_clock_that_goes_back(service, many, clock):
    begun = await begin(service, audience={"esims": MORE}, perSecond=0.5)
    await tick(service, clock, 20)
    accepted = (await shown(service, begun))["counts"]["accepted"]
    assert 9 <= accepted <= 11
    clock.now_ms -= HOUR_MS
    await tick(service, clock, 10)
    again = (await shown(service, begun))["counts"]["accepted"]
    assert accepted + 4 <= again <= accepted + 6
    assert begun["perSecond"] == 0.5


async def test_no_more_is_committed_than_carriers_take(service, template, clock):
    esims = [f"260104{number:04}0077" for number in range(150)]
    await service.store.catalogue.save_esims(1, [parse_esim(esim(each), NOW_MS) for each in esims])
    begun = await begin(service, audience={"esims": esims}, perSecond=30)
    await tick(service, clock, 10)  # the carrier is down
    found = await shown(service, begun)
    assert (found["status"], found["counts"]["accepted"]) == ("sending", 50)
    await step(service, begun, "pause")
    await tick(service, clock, 2)
    assert len(await sent(service)) == 50


async def test_a_preview_is_of_the_start_and_of_its_pace(night, many, clock):
    at_noon = {"startAt": "2026-01-01T05:00:00Z", "notAfter": "2026-01-01T05:00:10Z"}
    found = (
        await post(night, audience={"esims": MORE}, dryRun=True, perSecond=2, **at_noon)
    ).json()
    assert (found["sends"], found["holds"]) == (30, 0)
    assert (found["seconds"], found["tooLate"]) == (15, 10)
    assert (found["holdsFrom"], found["holdsUntil"]) == (None, None)
    at_night = {"startAt": "2026-01-01T16:00:00Z", "notAfter": "2026-01-02T05:00:00Z"}
    found = (await post(night, audience={"esims": MORE}, dryRun=True, **at_night)).json()
    assert (found["sends"], found["holds"]) == (0, 30)
    assert found["holdsFrom"] == found["holdsUntil"] == "2026-01-02T02:00:00.000Z"


async def test_it_says_that_its_pace_is_too_slow(service, many, clock):
    begun = await begin(
        service, audience={"esims": MORE}, perSecond=1, notAfter="2026-01-01T00:00:12Z"
    )
    await tick(service, clock, 2)
    text = (await shown(service, begun))["explanation"]
    assert "At 1 a second it does not reach" in text


async def test_each_gets_it_at_a_time_of_its_day(service, many, clock):
    await enter_country(service.store, MORE[0], "FR")
    await enter_country(service.store, MORE[1], "US")  # Hawaii is the most behind
    begun = await begin(
        service, audience={"esims": [*MORE[:3], "unknown"]}, perSecond=100, localTime="10:00"
    )
    assert (begun["localTime"], begun["notAfter"]) == ("10:00", "2026-01-02T02:00:00.000Z")
    await tick(service, clock, 2)
    found = await recipients(service, begun)
    assert {each: found[each]["heldUntil"] for each in MORE[:3]} == {
        MORE[0]: "2026-01-01T09:00:00.000Z",
        MORE[1]: "2026-01-01T20:00:00.000Z",
        MORE[2]: "2026-01-01T03:00:00.000Z",
    }
    assert found[MORE[0]]["reason"]["code"] == "scheduled"
    for after_h, count in ((2, 0), (3.1, 1), (9.1, 2), (20.1, 3)):
        clock.now_ms = NOW_MS + int(after_h * HOUR_MS)
        await tick(service, clock, 1)
        assert len(await sent(service)) == count
    await tick(service, clock, 1)
    assert (await shown(service, begun))["status"] == "finished"


async def test_a_local_time_after_its_end_is_refused(service, many, clock):
    begun = await begin(
        service,
        audience={"esims": MORE[:2]},
        localTime="10:00",
        notAfter="2026-01-01T02:00:00Z",
        stopRefusedPercent=None,
    )
    await tick(service, clock, 2)
    found = await recipients(service, begun)
    assert {each["reason"]["code"] for each in found.values()} == {"expires_before_send_at"}


async def test_an_account_has_fifty_that_are_not_over_at_most(service, many):
    for _ in range(50):
        await begin(service, audience={"esims": [GOOD]}, startAt="2026-01-02T00:00:00Z")
    answer = await post(service, audience={"esims": [GOOD]})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_broadcasts")
    listed = (await service.native("GET", "broadcasts?limit=50")).json()["broadcasts"]
    assert (len(listed), listed[0]["audience"]["named"]) == (50, 1)
    assert listed[0]["audience"]["esims"] == []
    await step(service, listed[0], "cancel")
    assert (await post(service, audience={"esims": [GOOD]})).status_code == 201


async def test_a_repeated_request_begins_one_broadcast(service, many, clock):
    body = {"name": "Works", "template": "works", "values": {"day": "Monday"}}
    key = {"Idempotency-Key": "works-in-march"}
    first, again = [
        await service.native("POST", "broadcasts", json=body, headers=key) for _ in range(2)
    ]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    differs = await service.native("POST", "broadcasts", json=body | {"name": "x"}, headers=key)
    assert (differs.status_code, differs.json()["code"]) == (422, "request_id_reused")
    other = await service.native("POST", "broadcasts", json=body)
    assert other.json()["id"] != first.json()["id"]


async def test_what_changes_while_it_runs_is_decided_as_it_is_then(service, many, clock):
    begun = await begin(service, perSecond=2, stopRefusedPercent=None)
    await tick(service, clock, 1)
    catalogue = service.store.catalogue
    retired, moved, changed = sorted(MORE)[-3:]
    assert await catalogue.retire_esims([retired], now_ms=clock.now_ms) == 1
    assert await catalogue.delete_esim(moved)
    await catalogue.save_esims(2, [parse_esim(esim(moved), NOW_MS)])
    no = {"categories": {"notice": False}}
    await service.native("PATCH", f"esims/{changed}/preferences", json=no)
    await catalogue.save_esims(1, [parse_esim(esim("26010500000077"), NOW_MS)])
    await tick(service, clock, 30)
    found = await recipients(service, begun)
    assert "26010500000077" not in found
    assert {each: found[each]["reason"]["code"] for each in (retired, moved, changed)} == {
        retired: "esim_retired",
        moved: "esim_unknown",
        changed: "opted_out",
    }
    assert (await shown(service, begun))["status"] == "finished"


async def test_ten_thousand_esims_can_be_named(service, many):
    esims = [f"{number:024}" for number in range(9_999)]
    begun = await post(service, audience={"esims": [*esims, GOOD]})
    assert (begun.status_code, begun.json()["audience"]["named"]) == (201, 10_000)
    more = await post(service, audience={"esims": [*esims, GOOD, MORE[0]]})
    assert more.status_code == 422
