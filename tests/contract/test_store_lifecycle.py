"""Lifecycle events: applied once, kept as history, parked until an import brings their eSIM."""

import asyncio
import hashlib
from itertools import count

import pytest

from simpost.domain.accounts import Account
from simpost.domain.lifecycle import EventKind, LifecycleEvent, Transition
from simpost.ports.store.lifecycle import EventOutcome, ImportedEsim, NewLifecycleEvent
from simpost.ports.store.lifecycle_sources import LifecycleError, LifecycleSource
from tests.contract.raw_rows import raw_rows
from tests.contract.store_facts import DAY_MS, NOW_MS, esim, new_id

TRAN_NO = "23072017992029"
ICCID = "8944538532008160222"
WITHOUT_CHECK_DIGIT = "894453853200816022"
START = (0, "", b"")
_counts = count(1)


def event(kind="installed", at_ms=NOW_MS, *, iccid=ICCID, source="esimgo", **fields):
    return LifecycleEvent(source, EventKind(kind), at_ms, iccid=iccid, **fields)


def new(one, digest=None):
    return NewLifecycleEvent(one, digest or hashlib.sha256(repr(one).encode()).digest()[:16])


async def record(store, *events, account_id=1, now_ms=NOW_MS):
    return await store.lifecycle.record(
        account_id, [new(each) for each in events], new_id=lambda: new_id(now_ms), now_ms=now_ms
    )


async def outcomes(store, *events, **options):
    return [str(each.outcome) for each in await record(store, *events, **options)]


async def history(store, tran_no=TRAN_NO, account_id=1, **page):
    page = {"before": None, "limit": 50} | page
    return await store.lifecycle.list_events(account_id, tran_no, **page)


async def transitions(store, account_id=1):
    rows = await raw_rows(store, "esim_transitions")
    return [each["transition"] for each in rows if each["account_id"] == account_id]


async def save(store, *esims, account_id=1):
    await store.catalogue.save_esims(account_id, esims or [esim(iccid=ICCID)])


async def found(store, tran_no=TRAN_NO):
    return await store.catalogue.find_esim(1, esim_tran_no=tran_no, iccid=None)


async def add_account(store):
    return await store.accounts.add_account(Account(0, "shop", "secret", events=True))


async def test_an_event_changes_facts_history_and_the_esim_together(store):
    await save(store, esim(iccid=ICCID, smdp_status="RELEASED", esim_status="GOT_RESOURCE"))
    assert (await found(store)).smdp_status == "RELEASED"
    reported = event("enabled"), event("country_changed", NOW_MS + 1000, country="FR")
    assert await outcomes(store, *reported) == ["applied", "applied"]
    facts = await store.lifecycle.find_facts(1, TRAN_NO)
    assert (facts.profile, facts.country, facts.installed_ms) == ("ENABLED", "FR", NOW_MS)
    shown = await found(store)
    assert (shown.smdp_status, shown.country) == ("ENABLED", "FR")
    assert [each.event.kind for each in await history(store)] == ["country_changed", "enabled"]
    assert await transitions(store) == ["installed", "enabled", "country_changed"]


async def test_nothing_is_known_before_the_first_event(store):
    await save(store)
    assert await store.lifecycle.find_facts(1, TRAN_NO) is None
    assert await history(store) == []


async def test_the_same_event_again_is_not_stored(store):
    await save(store)
    assert await outcomes(store, event(), event()) == ["applied", "duplicate"]
    assert await outcomes(store, event()) == ["duplicate"]
    assert len(await history(store)) == 1
    assert await transitions(store) == ["installed"]


async def test_a_second_source_of_a_fact_makes_no_second_transition(store):
    await save(store)
    second = event("installed", NOW_MS + 5000, source="esimfly")
    assert await outcomes(store, event(), second) == ["applied", "applied"]
    assert await transitions(store) == ["installed"]


async def test_a_late_event_is_kept_but_not_applied(store):
    await save(store)
    await record(store, event("disabled", NOW_MS + 9000))
    assert await outcomes(store, event("enabled")) == ["late"]
    assert (await found(store)).smdp_status == "DISABLED"
    assert [each.outcome for each in await history(store)] == ["late", "applied"]


@pytest.mark.parametrize("stored", [ICCID, WITHOUT_CHECK_DIGIT])
@pytest.mark.parametrize("given", [ICCID, WITHOUT_CHECK_DIGIT])
async def test_an_iccid_finds_its_esim_with_and_without_check_digit(store, stored, given):
    await save(store, esim(iccid=stored))
    [one] = await record(store, event(iccid=given))
    assert (one.esim_tran_no, one.outcome) == (TRAN_NO, EventOutcome.APPLIED)


async def test_an_event_that_names_two_esims_is_a_conflict(store):
    await save(store, esim(iccid=ICCID), esim("other", iccid="8985200000000000001"))
    assert await outcomes(store, event(esim_tran_no="other")) == ["conflict"]
    assert await transitions(store) == []


async def test_an_event_of_an_order_is_about_all_its_esims(store):
    await save(store, esim("a", order_no="B1"), esim("b", order_no="B1"), esim("c"))
    ready = event("order_ready", iccid="", order_no="B1")
    recorded = await record(store, ready)
    assert [(each.esim_tran_no, each.outcome) for each in recorded] == [
        ("a", EventOutcome.APPLIED),
        ("b", EventOutcome.APPLIED),
    ]
    assert await outcomes(store, ready) == ["duplicate", "duplicate"]


async def test_another_accounts_esim_is_unknown(store):
    await save(store)
    assert await outcomes(store, event(), account_id=2) == ["parked"]
    assert await outcomes(store, event(iccid="", esim_tran_no=TRAN_NO), account_id=2) == ["parked"]
    assert await history(store) == []


async def test_the_first_report_never_takes_an_imported_state_back(store):
    await save(store)
    await record(store, event("profile_downloaded"), event("order_ready"))
    shown = await found(store)
    assert (shown.smdp_status, shown.esim_status) == ("ENABLED", "IN_USE")


async def test_an_unknown_esims_event_waits_for_the_import(store):
    assert await outcomes(store, event(iccid=WITHOUT_CHECK_DIGIT), event("enabled")) == [
        "parked",
        "parked",
    ]
    assert await outcomes(store, event("enabled")) == ["duplicate"]
    assert await store.lifecycle.count_parked(1) == 2
    await save(store)
    brought = [ImportedEsim(TRAN_NO, ICCID, "")]
    for expected in (2, 0):
        applied = await store.lifecycle.apply_parked(
            1, brought, new_id=lambda: new_id(NOW_MS), now_ms=NOW_MS
        )
        assert applied == expected
    assert await transitions(store) == ["installed", "enabled"]
    assert await store.lifecycle.count_parked(1) == 0
    assert len(await history(store)) == 2


async def retry(store, now_ms=NOW_MS, place=START):
    while place is not None:
        place = await store.lifecycle.retry_parked(
            place,
            unknown_before_ms=now_ms - DAY_MS,
            new_id=lambda: new_id(now_ms),
            now_ms=now_ms,
        )


async def test_a_parked_event_is_retried_until_it_is_a_day_old(store):
    await record(store, event(), event(iccid="", order_no="B1", kind="order_ready"))
    await retry(store)
    assert await store.lifecycle.count_parked(1) == 2
    await save(store)
    await retry(store)
    assert await transitions(store) == ["installed"]
    await retry(store, NOW_MS + DAY_MS + 1)
    assert await store.lifecycle.count_parked(1) == 0
    [old] = await history(store, "")
    assert old.outcome is EventOutcome.UNKNOWN_ESIM


async def test_every_esim_of_an_order_gets_its_parked_event(store):
    await record(store, event("order_ready", iccid="", order_no="B1"))
    for tran_no in ("a", "b"):
        await save(store, esim(tran_no, order_no="B1", iccid=""))
        brought = [ImportedEsim(tran_no, "", "B1")]
        await store.lifecycle.apply_parked(1, brought, new_id=lambda: new_id(NOW_MS), now_ms=NOW_MS)
    assert await transitions(store) == ["order_ready", "order_ready"]


async def test_the_oldest_of_too_many_parked_events_wait_no_more(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.lifecycle_application.MOST_PARKED", 4)
    await record(store, *(event(at_ms=NOW_MS + i) for i in range(5)))
    assert await store.lifecycle.count_parked(1) == 0
    assert await outcomes(store, event(at_ms=NOW_MS + 9)) == ["parked"]


async def test_a_transition_is_an_event_of_an_account_that_keeps_events(store):
    account = await add_account(store)
    await save(store, account_id=account)
    await record(store, event("attached_first", country="FR"), account_id=account)
    await store.events.assign_sequence(limit=100)
    events = (await store.events.events_after(account, None, limit=50)).events
    assert [each.type for each in events] == [
        "esim.installed",
        "esim.enabled",
        "esim.attached",
        "esim.country_changed",
    ]
    assert {(each.subject, each.at_ms) for each in events} == {(TRAN_NO, NOW_MS)}
    assert dict(events[0].data) == {"source": "esimgo", "country": "FR"}


async def test_an_event_that_comes_ten_times_at_once_changes_once(store):
    await save(store)
    done = await asyncio.gather(*(record(store, event()) for _ in range(10)))
    got = sorted(str(one.outcome) for [one] in done)
    assert got == ["applied"] + ["duplicate"] * 9
    assert await transitions(store) == ["installed"]


async def test_transitions_of_one_kind_are_read_in_pages(store):
    await save(store)
    await record(store, event("enabled"))
    enabled = {"account_id": 1, "transition": Transition.ENABLED, "limit": 1}
    [found] = await store.lifecycle.transitions_of_kind(**enabled, after=b"")
    assert found.transition is Transition.ENABLED
    assert await store.lifecycle.transitions_of_kind(**enabled, after=found.id) == []
    other = enabled | {"account_id": 2}
    assert await store.lifecycle.transitions_of_kind(**other, after=b"") == []


async def test_the_clock_notices_that_a_plan_ends(store):
    await save(store, esim(iccid=ICCID), esim("gone", iccid=""))
    end_ms = NOW_MS + 9 * DAY_MS
    await record(store, event("usage_started", expires_ms=end_ms))
    await record(store, event("usage_started", iccid="", esim_tran_no="gone", expires_ms=end_ms))
    await store.catalogue.delete_esim("gone")

    async def notice(now_ms):
        return await store.lifecycle.notice_expiries(new_id=lambda: new_id(now_ms), now_ms=now_ms)

    assert await notice(end_ms - DAY_MS - 1) == 0
    assert await notice(end_ms - DAY_MS) == 2
    assert await notice(end_ms - 1) == 0
    assert await notice(end_ms) == 1
    assert await notice(end_ms + DAY_MS) == 0
    assert (await transitions(store))[2:] == ["expires_tomorrow", "expired"]
    assert [each.event.source for each in await history(store)] == ["clock", "clock", "esimgo"]


async def test_old_rows_are_deleted_and_facts_stay(store):
    await save(store)
    await record(store, event())
    assert await store.lifecycle.delete_old(before_ms=NOW_MS) == 0
    assert await store.lifecycle.delete_old(before_ms=NOW_MS + 1) == 2
    assert await history(store) == []
    assert (await store.lifecycle.find_facts(1, TRAN_NO)).profile == "INSTALLATION"


def source(**changes):
    facts = {
        "account_id": 1,
        "id": f"s{next(_counts)}",
        "kind": "esimgo",
        "name": "shop",
        "digest": next(_counts).to_bytes(32, "big"),
        "created_ms": NOW_MS + next(_counts),
    }
    return LifecycleSource(**facts | changes)


async def test_a_source_is_kept_with_its_secret_sealed(opening):
    one = source(secret="whsec_1", ip_allow=("10.0.0.0/8",), mapping="{}")
    async with opening() as store:
        assert await store.lifecycle_sources.add_source(one)
    async with opening() as store:
        assert await store.lifecycle_sources.list_sources() == [one]
        assert not await store.lifecycle_sources.delete_source(2, one.id)
        assert await store.lifecycle_sources.delete_source(1, one.id)
        assert await store.lifecycle_sources.list_sources() == []


async def test_an_account_has_so_many_sources_at_most(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.lifecycle_sources.MOST_SOURCES", 1)
    assert await store.lifecycle_sources.add_source(source())
    assert not await store.lifecycle_sources.add_source(source())
    assert await store.lifecycle_sources.add_source(source(account_id=2))


async def test_the_last_use_of_a_source_never_goes_back(store):
    one = source()
    await store.lifecycle_sources.add_source(one)
    for event_ms, test_ms in ((NOW_MS + 9, None), (NOW_MS, NOW_MS + 5)):
        await store.lifecycle_sources.note_source_use(1, one.id, event_ms=event_ms, test_ms=test_ms)
    [shown] = await store.lifecycle_sources.list_sources()
    assert (shown.last_event_ms, shown.last_test_ms) == (NOW_MS + 9, NOW_MS + 5)


def error(body=b"?", **changes):
    facts = {
        "account_id": 1,
        "id": new_id(NOW_MS),
        "source_id": "s1",
        "digest": hashlib.sha256(body).digest(),
        "reason": "no iccid",
        "body": body,
        "received_ms": NOW_MS,
    }
    return LifecycleError(**facts | changes)


async def test_what_was_not_understood_is_kept_once_and_bounded(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.lifecycle_sources.MOST_ERRORS", 2)
    first = error()
    assert await store.lifecycle_sources.add_error(first)
    assert not await store.lifecycle_sources.add_error(error())
    assert await store.lifecycle_sources.list_errors(1, before=None, limit=9) == [first]
    others = [error(body) for body in (b"1", b"2")]
    for each in others:
        await store.lifecycle_sources.add_error(each)
    kept = await store.lifecycle_sources.list_errors(1, before=None, limit=9)
    assert kept == others[::-1]
    assert await store.lifecycle_sources.list_errors(2, before=None, limit=9) == []
    assert await store.lifecycle_sources.delete_errors(before_ms=NOW_MS + 1) == 2
