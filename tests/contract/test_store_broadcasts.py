"""Broadcasts: an eSIM is a recipient once, is decided once, and the counts always add up."""

import asyncio
from collections import Counter

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simpost.domain.broadcasts import (
    Audience,
    Broadcast,
    BroadcastStatus,
    PauseReason,
    RecipientResult,
    RecipientState,
)
from simpost.domain.messages import Category
from simpost.ports.store.broadcasts import BroadcastChange
from tests.contract.store_facts import DAY_MS, NOW_MS, enter_country, esim, new_id

ACCEPTED, HELD, REFUSED = (
    RecipientState.ACCEPTED,
    RecipientState.HELD,
    RecipientState.REFUSED,
)


def broadcast(**fields):
    facts = {
        "account_id": 1,
        "id": new_id(NOW_MS),
        "name": "Maintenance",
        "template": "maintenance",
        "category": Category.NOTICE,
        "values": {"day": "Monday"},
        "audience": Audience(),
        "per_s": 10,
        "start_ms": NOW_MS,
        "not_after_ms": NOW_MS + DAY_MS,
        "created_ms": NOW_MS,
    }
    return Broadcast(**facts | fields)


async def add(store, *, esims=5, **fields):
    """A broadcast that is prepared, to this number of eSIMs."""
    if esims:
        await import_esims(store, esims)
    one = broadcast(**fields)
    await store.broadcasts.add(one)
    await prepare(store, one)
    return one


async def import_esims(store, count, **fields):
    rows = [
        esim(f"e{number:05}", **{"created_ms": NOW_MS + number // 3} | fields)
        for number in range(count)
    ]
    await store.catalogue.save_esims(1, rows)


async def prepare(store, one):
    for _ in range(100):
        if await store.broadcasts.prepare(1, one.id, now_ms=NOW_MS):
            return
    raise AssertionError("it is never prepared")


async def find(store, one):
    found = await store.broadcasts.find(1, one.id)
    counts = (found.accepted, found.held, found.refused, found.cancelled, found.remaining)
    assert sum(counts) == found.total
    assert min(counts) >= 0
    return found


async def change(store, one, status, **fields):
    return await store.broadcasts.change(
        1, one.id, BroadcastChange(status, **fields), now_ms=NOW_MS
    )


async def waiting(store, one):
    return await store.broadcasts.list_waiting(1, one.id, limit=10_000)


async def active(store):
    found, place = await store.broadcasts.list_active(now_ms=NOW_MS)
    assert place is None
    return [each.id for each in found]


async def take(store, one, *, limit=100, now_ms=NOW_MS):
    return await store.broadcasts.take(
        1, one.id, new_id=lambda: new_id(NOW_MS), limit=limit, now_ms=now_ms
    )


async def end(store, one, *results):
    return await store.broadcasts.end_recipients(1, one.id, results, now_ms=NOW_MS)


def result(number, state=ACCEPTED, parts=1):
    message_id = b"m" * 16 if state is ACCEPTED else None
    reason = "opted_out" if state is REFUSED else None
    due_ms = NOW_MS + 1000 if state is HELD else None
    return RecipientResult(f"e{number:05}", state, message_id, reason, parts, due_ms)


async def test_a_broadcast_is_kept_and_its_recipients_are_noted(opening):
    async with opening() as store:
        one = await add(store)
    async with opening() as store:
        found = await find(store, one)
        noted = await waiting(store, one)
    assert (found.status, found.total) == (BroadcastStatus.SCHEDULED, 5)
    assert noted == [f"e{number:05}" for number in range(5)]
    expected = msgspec.structs.replace(
        one, status=BroadcastStatus.SCHEDULED, total=5, changed_ms=NOW_MS, is_noted=True
    )
    assert found == expected


async def test_many_recipients_are_noted_step_by_step_each_once(store):
    one = await add(store, esims=4_500)
    assert (await find(store, one)).total == 4_500
    assert len(set(await waiting(store, one))) == 4_500


async def test_nodes_that_prepare_at_once_note_each_once(store):
    await import_esims(store, 2_500)
    one = broadcast()
    await store.broadcasts.add(one)
    await asyncio.gather(*(store.broadcasts.prepare(1, one.id, now_ms=NOW_MS) for _ in range(8)))
    assert (await find(store, one)).total == 2_500


async def test_conditions_are_combined(store):
    await store.catalogue.save_esims(
        1,
        [
            esim("e1", package_code="A", esim_status="IN_USE"),
            esim("e2", package_code="B", esim_status="IN_USE"),
            esim("e3", package_code="A", esim_status="USED_UP"),
            esim("e4", package_code="A%", esim_status="IN_USE"),
            esim("e5", package_code="A", esim_status="IN_USE"),
        ],
    )
    await enter_country(store, "e1", "FR")
    await enter_country(store, "e5", "DE")
    await store.esim_tags.set_tags(1, {"e1": ["vip", "beta"], "e2": ["vip-not"], "e5": ["beta"]})
    await store.catalogue.save_esims(2, [esim("other")])
    await store.esim_tags.set_tags(2, {"other": ["vip"]})
    found = {}
    for name, audience in {
        "plan": Audience(plans=("A",)),
        "plans": Audience(plans=("B", "A%")),
        "country": Audience(countries=("FR", "JP")),
        "both": Audience(plans=("A",), countries=("DE",), statuses=("IN_USE",)),
        "language": Audience(languages=("fr",)),
        "tag": Audience(tags=("vip",)),
        "tags": Audience(tags=("beta", "none"), statuses=("IN_USE",)),
    }.items():
        one = await add(store, esims=0, audience=audience)
        found[name] = await waiting(store, one)
        page, _ = await store.broadcasts.audience_page(1, audience, after=(0, ""), limit=100)
        assert sorted(page) == found[name]
    assert found == {
        "plan": ["e1", "e3", "e5"],
        "plans": ["e2", "e4"],
        "country": ["e1"],
        "both": ["e5"],
        "language": [],
        "tag": ["e1"],
        "tags": ["e1", "e5"],
    }
    named = Audience(plans=("A",), tags=("beta",), esims=("e5", "e3", "none", "other", "e1"))
    one = await add(store, esims=0, audience=named)
    assert await waiting(store, one) == ["e1", "e5"]
    assert (await find(store, one)).refused == 2  # those that are unknown
    matching = await store.broadcasts.match_named(1, named, named.esims)
    assert matching == ["e5", "none", "other", "e1"]


async def test_another_accounts_esims_are_no_recipients(store):
    await import_esims(store, 3)
    await store.catalogue.save_esims(2, [esim("other")])
    one = await add(store, esims=0, audience=Audience(esims=("e00001", "other", "none")))
    found = await find(store, one)
    assert (found.total, found.refused, found.remaining) == (3, 2, 1)
    assert await waiting(store, one) == ["e00001"]
    listed = await store.broadcasts.list_recipients(1, one.id, after="e00001", limit=9)
    assert [(each.esim_tran_no, each.state, each.reason) for each in listed] == [
        ("none", REFUSED, "esim_unknown"),
        ("other", REFUSED, "esim_unknown"),
    ]


async def test_a_recipient_is_decided_once(store):
    one = await add(store)
    await change(store, one, BroadcastStatus.SENDING)
    both = (result(0, parts=3), result(1, HELD, 0), result(2, REFUSED, 0))
    await asyncio.gather(*(end(store, one, *both) for _ in range(5)))
    found = await find(store, one)
    assert (found.accepted, found.held, found.refused, found.remaining) == (1, 1, 1, 2)
    assert found.parts == 3
    assert await waiting(store, one) == ["e00003", "e00004"]


async def test_cost_is_counted_once_and_stored_exactly(store):
    one = await add(store, most_cost=3 * 10**12)
    await change(store, one, BroadcastStatus.SENDING)
    large, small = 2 * 10**12, 333
    made = (
        msgspec.structs.replace(result(0, parts=2), cost=large),
        msgspec.structs.replace(result(1), cost=small, is_unpriced=True),
        result(2, HELD, 0),
    )
    await asyncio.gather(*(end(store, one, *made) for _ in range(5)))
    await end(store, one, msgspec.structs.replace(result(2), cost=small))
    found = await find(store, one)
    assert (found.cost, found.recent.cost) == (large + 2 * small, large + 2 * small)
    assert (found.most_cost, found.unpriced, found.parts) == (3 * 10**12, 1, 4)
    rows = await store.broadcasts.list_recipients(1, one.id, after="", limit=9)
    assert [each.cost for each in rows] == [large, small, small, 0, 0]


async def test_what_is_cancelled_while_it_is_sent_counts_as_sent(store):
    one = await add(store)
    await change(store, one, BroadcastStatus.SENDING)
    assert (await change(store, one, BroadcastStatus.CANCELLED)).cancelled == 5
    await end(store, one, result(0), result(1, REFUSED, 0))
    found = await find(store, one)
    assert (found.accepted, found.refused, found.cancelled) == (1, 0, 4)


async def test_statuses_follow_in_order(store):
    one = await add(store)
    assert (await change(store, one, BroadcastStatus.FINISHED)).status is BroadcastStatus.SCHEDULED
    assert (await change(store, one, BroadcastStatus.SENDING)).status is BroadcastStatus.SENDING
    paused = await change(
        store, one, BroadcastStatus.PAUSED, actor="Ana", pause_reason=PauseReason.PARTS_LIMIT
    )
    assert (paused.actor, paused.pause_reason) == ("Ana", PauseReason.PARTS_LIMIT)
    assert await active(store) == []
    resumed = await store.broadcasts.resume(1, one.id, actor="Bo", now_ms=NOW_MS)
    assert (resumed.status, resumed.pause_reason) == (BroadcastStatus.SENDING, None)
    assert await active(store) == [one.id]
    assert (await change(store, one, BroadcastStatus.EXPIRED)).ended_ms == NOW_MS
    for status in BroadcastStatus:
        assert (await change(store, one, status)).status is BroadcastStatus.EXPIRED
    assert await active(store) == []


async def test_another_account_finds_and_changes_nothing(store):
    one = await add(store)
    assert await store.broadcasts.find(2, one.id) is None
    assert await store.broadcasts.list_broadcasts(2, before=None, limit=9) == []
    stop = BroadcastChange(BroadcastStatus.CANCELLED)
    assert await store.broadcasts.change(2, one.id, stop, now_ms=NOW_MS) is None
    assert (await find(store, one)).status is BroadcastStatus.SCHEDULED


async def test_broadcasts_are_listed_by_their_status(store):
    made = [await add(store, esims=0) for _ in range(4)]
    for each in made[::2]:
        await change(store, each, BroadcastStatus.CANCELLED)
    await change(store, made[3], BroadcastStatus.PAUSED)

    async def listed(status, **place):
        page = {"before": None, "limit": 9} | place
        found = await store.broadcasts.list_broadcasts(1, status=status, **page)
        return [each.id for each in found]

    assert await listed(BroadcastStatus.CANCELLED) == [made[2].id, made[0].id]
    assert await listed(BroadcastStatus.CANCELLED, before=made[2].id) == [made[0].id]
    assert await listed(BroadcastStatus.CANCELLED, limit=1) == [made[2].id]
    assert await listed(BroadcastStatus.PAUSED) == [made[3].id]
    assert await listed(BroadcastStatus.FINISHED) == []


async def test_old_broadcasts_go_with_their_recipients(store):
    one = await add(store)
    await change(store, one, BroadcastStatus.CANCELLED)
    assert await store.broadcasts.delete_old(before_ms=NOW_MS) == 0
    assert await store.broadcasts.delete_old(before_ms=NOW_MS + 1) == 6
    assert await store.broadcasts.find(1, one.id) is None
    assert await store.broadcasts.list_recipients(1, one.id, after="", limit=9) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.sampled_from(BroadcastStatus),
            st.lists(
                st.tuples(st.integers(0, 5), st.sampled_from([ACCEPTED, HELD, REFUSED])),
                min_size=1,
                max_size=4,
            ),
        ),
        max_size=12,
    )
)
async def test_counts_add_up_whatever_happens(steps, opening):
    async with opening() as store:
        one = await add(store)
        found = await find(store, one)
        for step in steps:
            if isinstance(step, BroadcastStatus):
                await change(store, one, step)
            else:
                await end(store, one, *(result(number, state) for number, state in step))
            found = await find(store, one)
            assert found.total == 5
        listed = await store.broadcasts.list_recipients(1, one.id, after="", limit=9)
        states = Counter(each.state for each in listed)
        assert states == +Counter(
            {
                RecipientState.WAITING: found.remaining,
                ACCEPTED: found.accepted,
                HELD: found.held,
                REFUSED: found.refused,
                RecipientState.CANCELLED: found.cancelled,
            }
        )
