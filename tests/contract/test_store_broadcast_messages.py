"""Broadcasts and their messages: what is in doubt, held, queued, reported, and opted out of."""

import asyncio

import pytest

from simpost.domain.broadcasts import (
    Audience,
    BroadcastStatus,
    PauseReason,
    Recent,
    RecipientResult,
    RecipientState,
)
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Accepted
from tests.contract.store_facts import (
    DAY_MS,
    NOW_MS,
    key,
    leased,
    new_id,
    receipt,
    settlement,
    turned_back,
)
from tests.contract.test_store_broadcasts import (
    ACCEPTED,
    HELD,
    REFUSED,
    active,
    add,
    broadcast,
    change,
    end,
    find,
    prepare,
    result,
    take,
    waiting,
)

NOTICE = Category.NOTICE


async def sending(store, *, esims=5, **fields):
    one = await add(store, esims=esims, **fields)
    await change(store, one, BroadcastStatus.SENDING)
    return one


async def commit(store, taken, *parts, request_id=None):
    """The message of a recipient that was taken."""
    request = key(request_id) if request_id else None
    one = leased(*parts, id=taken.message_id, esim_tran_no=taken.esim_tran_no, request=request)
    return one, await store.queue.accept(one)


async def accept(store, one, count):
    """Messages that are committed, and noted."""
    found = []
    for each in await take(store, one, limit=count):
        made, _ = await commit(store, each)
        found.append(made)
        await end(store, one, RecipientResult(each.esim_tran_no, ACCEPTED, made.id, parts=1))
    return found


async def test_only_one_that_sends_gives_recipients(store):
    one = await add(store)
    assert await take(store, one) is None
    await change(store, one, BroadcastStatus.SENDING)
    assert len(await take(store, one, limit=3)) == 3
    await change(store, one, BroadcastStatus.PAUSED)
    assert await take(store, one) is None


async def test_what_is_in_doubt_is_found_by_its_message_days_later(store):
    one = await sending(store)
    first, second = await take(store, one, limit=2)
    assert (first.parts, second.parts) == (None, None)
    made, _ = await commit(store, first, "a", "b")
    again = await take(store, one, limit=3, now_ms=NOW_MS + 3 * DAY_MS)
    assert [(each.message_id, each.parts, each.carrier) for each in again[:2]] == [
        (made.id, 2, made.carrier),
        (second.message_id, None, ""),
    ]
    assert len({each.message_id for each in again}) == 3


async def test_leaders_that_take_at_once_commit_one_message(opening):
    async with opening() as store:
        one = await sending(store, esims=1)
        both = await asyncio.gather(*(take(store, one) for _ in range(4)))
        assert len({each[0].message_id for each in both}) == 1
        first = await commit(store, both[0][0], request_id="broadcast x")
        again = await commit(store, both[1][0], request_id="broadcast x")
        assert (first[1], again[1].message_id) == (Accepted(0), first[0].id)


async def test_two_nodes_commit_one_message(opening, request):
    if "sqlite" in request.node.name:
        pytest.skip("the embedded store has one node")
    async with opening() as store, opening() as other:
        one = await sending(store, esims=1)
        [taken] = await take(store, one)
        done = await asyncio.gather(
            *(commit(each, taken, request_id="broadcast x") for each in (store, other))
        )
    assert sorted(type(each).__name__ for _, each in done) == ["Accepted", "IdempotentReplay"]


async def test_who_is_held_is_taken_when_due_and_first(store):
    one = await sending(store)
    await end(store, one, result(3, HELD), result(4, HELD))
    assert [each.esim_tran_no for each in await take(store, one)] == ["e00000", "e00001", "e00002"]
    due = await take(store, one, limit=3, now_ms=NOW_MS + 1000)
    assert [each.esim_tran_no for each in due] == ["e00003", "e00004", "e00000"]
    await end(store, one, result(3, HELD), result(4))
    found = await find(store, one)
    assert (found.held, found.accepted, found.remaining) == (1, 1, 3)


async def test_one_with_all_held_is_looked_at_when_the_first_is_due(store):
    one = await sending(store, esims=2)
    await end(store, one, result(0, HELD))
    assert [each.esim_tran_no for each in await take(store, one)] == ["e00001"]
    await end(store, one, result(1, HELD))
    assert (await active(store), await take(store, one)) == ([one.id], [])
    assert await active(store) == []
    found, _ = await store.broadcasts.list_active(now_ms=NOW_MS + 1000)
    assert [each.id for each in found] == [one.id]
    await end(store, one, result(1))
    assert await active(store) == [one.id]


async def test_one_with_somebody_held_is_not_finished(store):
    one = await sending(store, esims=1)
    await end(store, one, result(0, HELD))
    assert (await change(store, one, BroadcastStatus.FINISHED)).status is BroadcastStatus.SENDING
    await end(store, one, result(0))
    assert (await change(store, one, BroadcastStatus.FINISHED)).status is BroadcastStatus.FINISHED


async def test_a_committed_message_counts_whatever_another_node_noted(store):
    one = await sending(store)
    await end(store, one, result(0, REFUSED, 0), result(1, HELD), result(2))
    await end(store, one, result(0), result(1), result(2, REFUSED, 0))
    found = await find(store, one)
    assert (found.accepted, found.refused, found.held) == (3, 0, 0)


async def test_a_cancel_takes_those_held_too(store):
    one = await sending(store)
    await end(store, one, result(0, HELD), result(1))
    await change(store, one, BroadcastStatus.CANCELLED)
    found = await find(store, one)
    assert (found.cancelled, found.held, found.remaining) == (4, 0, 0)
    assert await active(store) == []


async def test_who_waits_or_is_held_is_cancelled_when_it_is_over(store):
    one = await sending(store)
    await end(store, one, result(1, HELD), result(2), result(3, REFUSED, 0))

    async def listed(state=None, after="", limit=9):
        rows = await store.broadcasts.list_recipients(
            1, one.id, after=after, limit=limit, state=state
        )
        return [each.esim_tran_no for each in rows]

    waiting_ones, cancelled = RecipientState.WAITING, RecipientState.CANCELLED
    assert await listed(waiting_ones) == ["e00000", "e00004"]
    assert await listed(cancelled) == []
    await change(store, one, BroadcastStatus.CANCELLED)
    assert [await listed(state) for state in (waiting_ones, HELD)] == [[], []]
    assert await listed(cancelled) == ["e00000", "e00001", "e00004"]
    assert await listed(cancelled, after="e00000", limit=1) == ["e00001"]
    rows = await store.broadcasts.list_recipients(1, one.id, after="", limit=9)
    assert [each.state for each in rows] == [cancelled, cancelled, ACCEPTED, REFUSED, cancelled]
    assert {each.due_ms for each in rows} == {None}
    await end(store, one, result(0), result(1, REFUSED, 0))
    found = await find(store, one)
    assert (found.accepted, found.refused, found.cancelled) == (2, 1, 2)


async def test_many_that_wait_or_are_held_are_deleted_in_steps(store):
    one = await sending(store, esims=4_500)
    held = [result(number, HELD) for number in range(100, 2_300)]
    await end(store, one, *held)
    await change(store, one, BroadcastStatus.CANCELLED)
    found = await find(store, one)
    assert (found.cancelled, found.held, found.remaining) == (4_500, 0, 0)
    deleted = [await store.broadcasts.delete_old(before_ms=NOW_MS + 1) for _ in range(4)]
    assert deleted == [2_001, 2_001, 501, 0]


async def test_a_pause_while_it_is_noted_is_resumed_there(store):
    one = broadcast()
    await store.broadcasts.add(one)
    await change(store, one, BroadcastStatus.PAUSED)
    assert await store.broadcasts.prepare(1, one.id, now_ms=NOW_MS)
    assert (await find(store, one)).total == 0
    resumed = await store.broadcasts.resume(1, one.id, actor="", now_ms=NOW_MS)
    assert resumed.status is BroadcastStatus.PREPARING
    await prepare(store, one)
    assert (await find(store, one)).status is BroadcastStatus.SCHEDULED


async def test_a_resume_before_the_start_waits_for_it(store):
    one = await add(store, start_ms=NOW_MS + 1000)
    assert await active(store) == []
    await change(store, one, BroadcastStatus.PAUSED)
    early = await store.broadcasts.resume(1, one.id, actor="", now_ms=NOW_MS)
    assert early.status is BroadcastStatus.SCHEDULED
    found, _ = await store.broadcasts.list_active(now_ms=NOW_MS + 1000)
    assert [each.id for each in found] == [one.id]


async def test_a_paused_one_is_looked_at_when_its_time_is_over(store):
    one = await sending(store)
    await change(store, one, BroadcastStatus.PAUSED)
    assert await active(store) == []
    found, _ = await store.broadcasts.list_active(now_ms=one.not_after_ms)
    assert [each.id for each in found] == [one.id]


async def test_all_active_ones_are_listed_in_pages(store):
    for account in range(1, 6):
        for _ in range(45):
            await store.broadcasts.add(broadcast(account_id=account))
    first, place = await store.broadcasts.list_active(now_ms=NOW_MS)
    rest, end_place = await store.broadcasts.list_active(now_ms=NOW_MS, after=place)
    assert (len(first), len({each.id for each in first + rest}), end_place) == (200, 225, None)


async def test_an_account_has_a_most_number_of_unfinished_ones(store):
    made = [broadcast() for _ in range(51)]
    assert [await store.broadcasts.add(each) for each in made] == [
        *(each.id for each in made[:50]),
        None,
    ]
    await change(store, made[0], BroadcastStatus.CANCELLED)
    assert await store.broadcasts.add(made[-1])


async def test_a_repeated_request_begins_no_other(store):
    first, again = (broadcast(request_id="r-1", fingerprint=b"x") for _ in range(2))
    ids = await asyncio.gather(*(store.broadcasts.add(each) for each in (first, again, first)))
    assert len(set(ids)) == 1
    assert (await store.broadcasts.find(1, ids[0])).fingerprint == b"x"
    other = broadcast(account_id=2, request_id="r-1", fingerprint=b"x")
    assert await store.broadcasts.add(other) == other.id


async def test_messages_that_no_carrier_took_are_counted(store):
    one = await sending(store)
    made = await accept(store, one, 4)
    assert await store.broadcasts.count_queued(1, one.id, limit=10) == 4
    await store.queue.record([settlement(made[3]), turned_back(made[2])])
    assert await store.broadcasts.count_queued(1, one.id, limit=10) == 3
    assert await store.broadcasts.count_queued(1, one.id, limit=2) == 1


async def report(store, one, after=b""):
    return await store.broadcasts.report(1, one.id, after=after)


async def test_final_states_of_messages_are_counted_once(store):
    one = await sending(store)
    made = await accept(store, one, 5)
    ids = [f"id{number}" for number in range(5)]
    await store.queue.record(
        [settlement(each, carrier_message_id=id_) for each, id_ in zip(made, ids, strict=True)],
        [receipt("id0"), receipt("id1"), receipt("id2", State.FAILED, Reason.UNDELIVERABLE)],
    )
    for _ in range(2):
        await report(store, one)
    found = await find(store, one)
    assert (found.delivered, found.failed) == (2, 1)
    assert (found.recent.reported, found.recent.failed) == (3, 1)
    await store.queue.record((), [receipt("id3", State.FAILED, Reason.UNDELIVERABLE)])
    noted, after = await report(store, one)
    assert (noted.failed, after) == (2, None)
    listed = await store.broadcasts.list_recipients(1, one.id, after="", limit=9)
    assert [each.outcome for each in listed] == ["delivered", "delivered", "failed", "failed", None]


def opt_out(esim, *, at_ms=NOW_MS + 100, way=Way.HANDSET, category=NOTICE, wanted=False):
    choices = {category: wanted}
    return PreferenceChange(new_id(at_ms), 1, esim, way, at_ms, choices=choices)


async def count_opt_outs(store, one, before_ms=NOW_MS + 1000):
    return await store.broadcasts.count_opt_outs(1, one.id, before_ms=before_ms, report_ms=None)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 1),
        ({"way": Way.LINK}, 1),
        ({"way": Way.API}, 0),
        ({"category": Category.PROMOTION}, 1),
        ({"wanted": True}, 0),
        ({"esim": "e00004"}, 0),
        ({"at_ms": NOW_MS - 1}, 0),
        ({"at_ms": NOW_MS + 1001}, 0),
    ],
)
async def test_opt_outs_of_its_recipients_are_counted(store, wanted, count):
    one = await sending(store)
    await accept(store, one, 2)
    await store.recipients.change_preferences(opt_out(**{"esim": "e00001"} | wanted))
    assert (await count_opt_outs(store, one)).opted_out == count


async def test_one_who_opts_out_again_and_again_counts_once(store):
    one = await sending(store)
    await accept(store, one, 2)
    for number in range(6):
        change_of = opt_out("e00001", at_ms=NOW_MS + 10 * number, wanted=bool(number % 2))
        await store.recipients.change_preferences(change_of)
        found = await count_opt_outs(store, one, NOW_MS + 10 * number + 1)
    assert (found.opted_out, found.recent.opted_out) == (1, 1)


async def test_rules_count_from_a_resume_on(store):
    one = await sending(store)
    await end(store, one, result(0, REFUSED, 0), result(1, parts=3))
    assert (await find(store, one)).recent == Recent(decided=2, refused=1, accepted=1, parts=3)
    await change(store, one, BroadcastStatus.PAUSED, pause_reason=PauseReason.REFUSED_SHARE)
    await store.broadcasts.resume(1, one.id, actor="Ana", now_ms=NOW_MS)
    found = await find(store, one)
    assert (found.recent, found.actor, found.pause_reason) == (Recent(), "Ana", None)


async def test_a_list_has_only_the_number_of_named_esims(store):
    one = await add(store, audience=Audience(esims=("e00001", "e00002")))
    [listed] = await store.broadcasts.list_broadcasts(1, before=None, limit=9)
    assert (listed.named, listed.audience.esims) == (2, ())
    assert (await find(store, one)).audience.esims == ("e00001", "e00002")


async def test_another_accounts_recipients_are_not_taken_or_reported(store):
    one = await sending(store)
    await accept(store, one, 2)
    taken = await store.broadcasts.take(
        2, one.id, new_id=lambda: new_id(NOW_MS), limit=9, now_ms=NOW_MS
    )
    assert taken is None
    assert await store.broadcasts.resume(2, one.id, actor="", now_ms=NOW_MS) is None
    assert await store.broadcasts.count_queued(2, one.id, limit=9) == 0
    assert await store.broadcasts.report(2, one.id, after=b"") == (None, None)
    assert len(await waiting(store, one)) == 3
    assert (await find(store, one)).accepted == 2


async def test_recipients_are_listed_by_state(store):
    one = await sending(store)
    await end(store, one, result(0), result(1, REFUSED, 0), result(3, REFUSED, 0))
    found = {}
    for state in RecipientState:
        rows = await store.broadcasts.list_recipients(1, one.id, after="", limit=9, state=state)
        found[state.value] = [row.esim_tran_no for row in rows]
    assert found == {
        "accepted": ["e00000"],
        "refused": ["e00001", "e00003"],
        "waiting": ["e00002", "e00004"],
        "held": [],
        "cancelled": [],
    }
    page = await store.broadcasts.list_recipients(1, one.id, after="e00001", limit=1, state=REFUSED)
    assert [row.esim_tran_no for row in page] == ["e00003"]
