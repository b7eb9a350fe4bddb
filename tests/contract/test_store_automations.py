"""Automations: a transition starts one run of each that is enabled, whatever happens at once."""

import asyncio
from itertools import count

import msgspec

from simpost.domain.automations import MAX_AUTOMATIONS, Automation, RunState
from simpost.domain.lifecycle import EventKind, LifecycleEvent, Transition
from simpost.ports.store.automations import AUTOMATION_STEP
from simpost.ports.store.lifecycle import NewLifecycleEvent
from tests.contract.store_facts import DAY_MS, NOW_MS, esim, new_id

ESIM = "23072017992029"
WELCOME = Automation(
    1, "welcome", Transition.ATTACHED, "welcome", delay_s=60, enabled=True, changed_ms=NOW_MS
)
_digests = count(1)


async def report(store, kind=EventKind.ATTACHED_FIRST, *, at_ms=NOW_MS, account_id=1, **fields):
    """Record an event of the eSIM."""
    event = LifecycleEvent("api", kind, at_ms, esim_tran_no=ESIM, **fields)
    digest = next(_digests).to_bytes(16, "big")
    return await store.lifecycle.record(
        account_id,
        [NewLifecycleEvent(event, digest)],
        new_id=lambda: new_id(NOW_MS),
        now_ms=NOW_MS,
    )


async def known_esim(store):
    await store.catalogue.save_esims(1, [esim(ESIM)])


async def start(store):
    return await store.automations.start_runs(new_id=lambda: new_id(NOW_MS), now_ms=NOW_MS)


async def due(store, now_ms=NOW_MS + 60_000):
    return (await store.automations.list_due(now_ms=now_ms, after_account=0))[0]


def sent(run, now_ms=NOW_MS + 61_000):
    return msgspec.structs.replace(
        run, state=RunState.ACCEPTED, message_id=b"m" * 16, ended_ms=now_ms
    )


async def test_an_automation_is_kept_and_replaced(opening):
    async with opening() as store:
        assert await store.automations.save(WELCOME)
    async with opening() as store:
        assert await store.automations.find(1, "welcome") == WELCOME
        changed = msgspec.structs.replace(WELCOME, enabled=False, values={"brand": "Shop"})
        assert await store.automations.save(changed)
        assert await store.automations.list_automations(1) == [changed]
        assert await store.automations.list_automations(2) == []
        assert not await store.automations.delete(2, "welcome")
        assert await store.automations.delete(1, "welcome")
        assert await store.automations.find(1, "welcome") is None


async def test_an_account_has_a_bounded_number(store):
    for number in range(MAX_AUTOMATIONS):
        each = msgspec.structs.replace(WELCOME, name=f"a{number}")
        assert await store.automations.save(each)
    assert not await store.automations.save(WELCOME)
    assert await store.automations.save(msgspec.structs.replace(WELCOME, name="a0", delay_s=1))


async def test_a_transition_starts_each_enabled_automation_of_its_kind_once(store):
    await known_esim(store)
    off = msgspec.structs.replace(WELCOME, name="off", enabled=False)
    other = msgspec.structs.replace(WELCOME, name="other", trigger=Transition.INSTALLED)
    second = msgspec.structs.replace(WELCOME, name="second", delay_s=0)
    for each in (WELCOME, off, other, second):
        await store.automations.save(each)
    await report(store, EventKind.ENABLED, at_ms=NOW_MS - 1000)
    await report(store, country="FR")
    assert await store.automations.has_new_transitions()
    assert await start(store) > 0
    assert not await store.automations.has_new_transitions()
    assert await start(store) == 0
    runs = await due(store)
    assert {(run.automation, run.transition, run.country) for run in runs} == {
        ("other", Transition.INSTALLED, ""),
        ("second", Transition.ATTACHED, "FR"),
        ("welcome", Transition.ATTACHED, "FR"),
    }
    assert {run.automation: run.due_ms - run.at_ms for run in runs} == {
        "other": 60_000,
        "second": 0,
        "welcome": 60_000,
    }


async def test_nodes_that_start_runs_at_once_start_one(store):
    await known_esim(store)
    await store.automations.save(WELCOME)
    await asyncio.gather(*(report(store) for _ in range(10)))
    await asyncio.gather(*(start(store) for _ in range(10)))
    assert len(await due(store)) == 1


async def test_a_run_is_due_after_its_delay_and_ends_once(store):
    await known_esim(store)
    await store.automations.save(WELCOME)
    await report(store)
    await start(store)
    assert await due(store, NOW_MS + 59_999) == []
    [run] = await due(store, NOW_MS + 60_000)
    assert run.late_ms == NOW_MS + 6 * 3_600_000
    refused = msgspec.structs.replace(run, state=RunState.REFUSED, ended_ms=NOW_MS)
    await store.automations.end_runs([sent(run)])
    await store.automations.end_runs([refused])
    assert await due(store, NOW_MS + DAY_MS) == []
    assert await store.automations.list_runs(1, "welcome", before=None, limit=9) == [sent(run)]
    assert await store.automations.count_runs(1, "welcome") == {RunState.ACCEPTED: 1}
    assert await store.automations.count_runs(2, "welcome") == {}


async def test_no_account_waits_for_all_runs_of_another_one(store):
    """Accounts 1 and 3 have more than a step; 2 and 4 have one run each, which is due last."""
    counts = {1: 2 * AUTOMATION_STEP, 2: 1, 3: AUTOMATION_STEP, 4: 1}
    for account_id, runs in counts.items():
        await store.catalogue.save_esims(account_id, [esim(f"e{account_id}")])
        trip = msgspec.structs.replace(
            WELCOME, account_id=account_id, name="trip", trigger=Transition.COUNTRY_CHANGED
        )
        await store.automations.save(trip)
        for first in range(0, runs, AUTOMATION_STEP):
            await move(store, account_id, range(first, first + min(runs, AUTOMATION_STEP)))
    while await start(store):
        pass
    place, served = 0, []
    for _ in range(3):
        due, place = await store.automations.list_due(now_ms=NOW_MS + DAY_MS, after_account=place)
        assert len({run.id for run in due}) == len(due) == AUTOMATION_STEP
        await store.automations.end_runs([sent(run) for run in due])
        served.append({run.account_id for run in due})
    assert served[0] == {1, 2, 3, 4}
    assert served[1] == served[2] == {1, 3}
    left = 0
    while due:
        due, place = await store.automations.list_due(now_ms=NOW_MS + DAY_MS, after_account=place)
        left += len(due)
        await store.automations.end_runs([sent(run) for run in due])
    assert left == sum(counts.values()) - 3 * AUTOMATION_STEP


async def move(store, account_id, seconds):
    """The eSIM of an account comes to another country each second."""
    events = []
    for second in seconds:
        event = LifecycleEvent(
            "api",
            EventKind.COUNTRY_CHANGED,
            NOW_MS + 1000 * (second + account_id),
            esim_tran_no=f"e{account_id}",
            country=("FR", "DE")[second % 2],
        )
        events.append(NewLifecycleEvent(event, next(_digests).to_bytes(16, "big")))
    await store.lifecycle.record(
        account_id, events, new_id=lambda: new_id(NOW_MS), now_ms=NOW_MS + DAY_MS
    )


async def test_an_automation_that_is_switched_on_later_has_missed_earlier_transitions(store):
    await known_esim(store)
    await report(store)
    await start(store)
    await store.automations.save(WELCOME)
    assert await start(store) == 0
    assert await due(store) == []


async def test_each_visit_to_a_country_is_an_occurrence_of_its_own(store):
    await known_esim(store)
    trip = msgspec.structs.replace(WELCOME, name="trip", trigger=Transition.COUNTRY_CHANGED)
    await store.automations.save(trip)
    for number, country in enumerate(("FR", "FR", "DE", "FR")):
        at_ms = NOW_MS + 1000 * number
        await report(store, EventKind.COUNTRY_CHANGED, at_ms=at_ms, country=country)
    await start(store)
    assert [run.country for run in await due(store, NOW_MS + DAY_MS)] == ["FR", "DE", "FR"]


async def test_ended_runs_are_deleted_after_their_time(store):
    await known_esim(store)
    await store.automations.save(WELCOME)
    await report(store)
    await start(store)
    [run] = await due(store)
    assert await store.automations.delete_old(before_ms=NOW_MS + DAY_MS) == 0
    await store.automations.end_runs([sent(run, NOW_MS)])
    assert await store.automations.delete_old(before_ms=NOW_MS) == 0
    assert await store.automations.delete_old(before_ms=NOW_MS + 1) == 1
    assert await store.automations.list_runs(1, "welcome", before=None, limit=9) == []


async def test_runs_are_listed_newest_first_in_pages(store):
    await known_esim(store)
    trip = msgspec.structs.replace(WELCOME, name="trip", trigger=Transition.COUNTRY_CHANGED)
    await store.automations.save(trip)
    for number, country in enumerate(("FR", "DE", "IT")):
        at_ms = NOW_MS + 1000 * number
        await report(store, EventKind.COUNTRY_CHANGED, at_ms=at_ms, country=country)
    await start(store)
    first = await store.automations.list_runs(1, "trip", before=None, limit=2)
    rest = await store.automations.list_runs(1, "trip", before=first[-1].id, limit=2)
    assert [run.country for run in [*first, *rest]] == ["IT", "DE", "FR"]
