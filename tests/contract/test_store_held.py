"""Held messages: leased when due, then released, ended or cancelled."""

import asyncio

import pytest

from simpost.domain.options import Options
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Accepted, IdempotentReplay, MessageFilter
from simpost.ports.store.held import Deferral, HeldEnd
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    DUE_MS,
    NOW_MS,
    OWNER,
    esim,
    held,
    key,
    leased,
    message,
    receipt,
    settlement,
)
from tests.contract.store_facts import (
    LEASE_MS as PART_LEASE_MS,
)

LEASE_MS = 15_000


async def claimed(store, now_ms=DUE_MS, limit=100):
    return await store.held.claim_held(now_ms=now_ms, lease_ms=now_ms + LEASE_MS, limit=limit)


async def claim(store, now_ms=NOW_MS, limit=100):
    lease_ms = now_ms + PART_LEASE_MS
    return await store.queue.claim(
        CARRIER, limit=limit, now_ms=now_ms, owner=OWNER, lease_ms=lease_ms
    )


async def listed(store, **which):
    return [one.text for one in await store.log.list_messages(1, MessageFilter(**which))]


async def found(store, one):
    return await store.log.find_message(1, one.message.id)


async def released(store, *messages, now_ms=DUE_MS):
    results = await store.held.release_held(messages, now_ms=now_ms)
    return [isinstance(result, Accepted) for result in results]


async def cancelled(store, one, account_id=1):
    return await store.held.cancel_message(account_id, one.id, now_ms=NOW_MS + 5)


async def test_a_held_message_is_shown_with_its_time_and_has_no_parts(store):
    one = held()
    assert await store.held.hold(one) == Accepted()
    shown = await found(store, one)
    assert (shown.state, shown.reason) == (State.SCHEDULED, Reason.SCHEDULED)
    assert (shown.send_at_ms, shown.held_until_ms) == (DUE_MS, DUE_MS)
    assert (shown.parts, shown.part_count, shown.text) == ((), 1, "hello")
    assert (shown.created_ms, shown.updated_ms, shown.expires_ms) == (
        NOW_MS,
        NOW_MS,
        DUE_MS + DAY_MS,
    )
    assert await store.routing.count_queued(CARRIER) == 0
    assert await claim(store, now_ms=DUE_MS + DAY_MS - 1) == []


async def test_a_repeated_request_is_answered_with_the_first_message(store):
    first = held(request=key())
    assert await store.held.hold(first) == Accepted()
    assert await store.held.hold(held(request=key())) == IdempotentReplay(
        same=True, message_id=first.message.id, reason=None
    )
    assert await store.queue.accept(message(request=key(fingerprint=b"other"))) == IdempotentReplay(
        same=False, message_id=first.message.id, reason=None
    )
    assert len(await listed(store)) == 1


async def test_of_many_holds_with_one_request_id_one_is_committed(store):
    answers = await asyncio.gather(*(store.held.hold(held(request=key())) for _ in range(20)))
    assert answers.count(Accepted()) == 1
    assert len(await listed(store)) == 1


async def test_a_message_is_claimed_once_it_is_due_and_then_leased(store):
    one = held("hello", category="code")
    await store.held.hold(one)
    assert await claimed(store, DUE_MS - 1) == []
    [due] = await claimed(store)
    assert (due.account_id, due.message_id) == (1, one.message.id)
    assert (due.esim_tran_no, due.iccid) == (one.message.esim_tran_no, one.message.iccid)
    assert (due.category, due.text, due.request) == ("code", "hello", one.request)
    assert (due.until_ms, due.expires_ms) == (DUE_MS, DUE_MS + DAY_MS)
    assert await claimed(store, DUE_MS + LEASE_MS - 1) == []
    assert await claimed(store, DUE_MS + LEASE_MS) == [due]


async def test_the_longest_due_are_claimed_first_and_no_more_than_asked(store):
    for index in range(5):
        await store.held.hold(held(str(index), until_ms=DUE_MS - index))
    assert [due.text for due in await claimed(store, limit=2)] == ["4", "3"]
    assert [due.text for due in await claimed(store, limit=9)] == ["2", "1", "0"]


async def test_of_many_claims_at_once_each_message_goes_to_one(store):
    for index in range(40):
        await store.held.hold(held(str(index)))
    claims = await asyncio.gather(*(claimed(store, limit=7) for _ in range(8)))
    texts = [due.text for some in claims for due in some]
    assert sorted(texts) == sorted(set(texts)) == sorted(map(str, range(40)))


async def test_a_released_message_has_parts_that_are_claimed_and_sent(store):
    one = held()
    await store.held.hold(one)
    await claimed(store)
    options = Options(receipt=False)
    changes = {"destination": "1", "sender": "New", "options": options}
    again = message("bye", id=one.message.id, at_ms=DUE_MS, **changes)
    assert await released(store, again) == [True]
    shown = await found(store, one)
    assert (shown.state, shown.reason) == (State.ACCEPTED, None)
    assert (shown.send_at_ms, shown.held_until_ms) == (DUE_MS, None)
    assert (shown.destination, shown.sender, shown.text) == ("1", "New", "bye")
    assert (shown.created_ms, shown.updated_ms) == (NOW_MS, DUE_MS)
    [part] = await claim(store, now_ms=DUE_MS)
    assert (part.text, part.destination, part.sender, part.attempt) == ("bye", "1", "New", 1)
    assert part.options == options
    await store.queue.record([settlement(again, carrier_message_id="c")])
    await store.queue.record((), [receipt("c")])
    assert (await found(store, one)).state is State.DELIVERED


async def test_a_released_message_of_several_parts_gets_a_reference(store):
    first, second = held("aa", "bb"), held("cc", "dd")
    for one in (first, second):
        await store.held.hold(one)
    await claimed(store)
    assert await released(store, first.message, second.message) == [True, True]
    parts = await claim(store, now_ms=DUE_MS)
    assert sorted((part.text, part.number, part.total) for part in parts) == [
        ("aa", 1, 2),
        ("bb", 2, 2),
        ("cc", 1, 2),
        ("dd", 2, 2),
    ]
    assert len({part.reference for part in parts}) == 2
    assert 0 not in {part.reference for part in parts}


async def test_a_message_is_released_once_however_often_it_is_decided(store):
    one = held()
    await store.held.hold(one)
    tries = await asyncio.gather(*(released(store, one.message) for _ in range(10)))
    assert sorted(tries) == [[False]] * 9 + [[True]]
    assert len(await claim(store, now_ms=DUE_MS)) == 1
    assert await claimed(store, DUE_MS + 10 * DAY_MS) == []


async def test_a_message_that_cannot_be_released_does_not_delay_others(store):
    first, second = held("1"), held("2")
    for one in (first, second):
        await store.held.hold(one)
    await store.held.cancel_message(1, first.message.id, now_ms=DUE_MS)
    assert await released(store, first.message, second.message) == [False, True]
    assert [part.text for part in await claim(store, now_ms=DUE_MS)] == ["2"]


async def test_a_deferred_message_waits_until_the_new_time(store):
    one = held()
    await store.held.hold(one)
    await claimed(store)
    later_ms = DUE_MS + DAY_MS
    reason = Reason.CARRIER_PAUSED  # any: the store does not read it
    await store.held.defer_held(
        [Deferral(1, one.message.id, State.HELD, reason, later_ms, later_ms + DAY_MS)],
        now_ms=DUE_MS,
    )
    shown = await found(store, one)
    assert (shown.state, shown.reason) == (State.HELD, reason)
    assert (shown.send_at_ms, shown.held_until_ms) == (DUE_MS, later_ms)
    assert (shown.updated_ms, shown.expires_ms) == (DUE_MS, later_ms + DAY_MS)
    assert await claimed(store, later_ms - 1) == []
    assert len(await claimed(store, later_ms)) == 1


async def test_what_policy_holds_can_be_made_due_and_a_schedule_cannot(store):
    quiet = held("quiet", state=State.HELD, reason=Reason.QUIET_HOURS)
    scheduled = held("scheduled")
    for each in (quiet, scheduled):
        await store.held.hold(each)
    key = quiet.message.id
    assert not await store.held.decide_now(2, key, now_ms=NOW_MS)
    assert not await store.held.decide_now(1, scheduled.message.id, now_ms=NOW_MS)
    assert await claim(store) == []
    assert await store.held.decide_now(1, key, now_ms=NOW_MS)
    assert not await store.held.decide_now(1, key, now_ms=NOW_MS)
    assert [each.message_id for each in await claimed(store, NOW_MS)] == [key]
    await released(store, quiet.message, now_ms=NOW_MS)
    assert not await store.held.decide_now(1, key, now_ms=NOW_MS)


async def test_a_message_that_is_refused_when_it_is_due_ends_with_the_reason(store):
    one = held()
    await store.held.hold(one)
    await claimed(store)
    end = HeldEnd(1, one.message.id, State.REJECTED, Reason.ESIM_RETIRED)
    await store.held.end_held([end], now_ms=DUE_MS)
    shown = await found(store, one)
    assert (shown.state, shown.reason, shown.updated_ms) == (
        State.REJECTED,
        Reason.ESIM_RETIRED,
        DUE_MS,
    )
    assert shown.held_until_ms is None
    assert await released(store, one.message) == [False]
    assert await claimed(store, DUE_MS + 10 * DAY_MS) == []


async def test_messages_without_parts_are_listed_by_state_and_esim(store):
    await store.catalogue.save_esims(1, [esim("E-1", iccid="I-1")])
    at_ms = iter(range(NOW_MS, NOW_MS + 10))
    other = {"esim_tran_no": "E-1", "iccid": "I-1"}
    waits = held("waits", at_ms=next(at_ms))
    kept = held("kept", at_ms=next(at_ms), state=State.HELD, **other)
    ended = held("ended", at_ms=next(at_ms), **other)
    sent = leased("sent", at_ms=next(at_ms), **other)
    gone = message("gone", at_ms=next(at_ms), **other)
    for one in (waits, kept, ended):
        await store.held.hold(one)
    for one in (sent, gone):
        await store.queue.accept(one)
    assert await cancelled(store, ended.message)
    assert await cancelled(store, gone)
    assert await listed(store) == ["gone", "sent", "ended", "kept", "waits"]
    assert await listed(store, state=State.SCHEDULED) == ["waits"]
    assert await listed(store, state=State.HELD) == ["kept"]
    assert await listed(store, state=State.CANCELLED) == ["gone", "ended"]
    assert await listed(store, state=State.CANCELLED, limit=1) == ["gone"]
    assert await listed(store, state=State.CANCELLED, esim_tran_no="E-1") == ["gone", "ended"]
    assert await listed(store, state=State.HELD, iccid="I-1") == ["kept"]
    assert await listed(store, state=State.HELD, esim_tran_no="E-2") == []
    assert await listed(store, state=State.CANCELLED, before=gone.id) == ["ended"]
    assert await listed(store, state=State.HELD, from_ms=NOW_MS + 2) == []
    assert await listed(store, esim_tran_no="E-1") == ["gone", "sent", "ended", "kept"]


@pytest.mark.parametrize("state", [State.SCHEDULED, State.HELD])
async def test_a_message_that_waits_is_cancelled_also_while_it_is_leased(store, state):
    one = held(state=state)
    await store.held.hold(one)
    await claimed(store)
    assert await cancelled(store, one.message)
    shown = await found(store, one)
    assert (shown.state, shown.reason) == (State.CANCELLED, Reason.CANCELLED)
    assert (shown.updated_ms, shown.held_until_ms) == (NOW_MS + 5, None)
    assert await released(store, one.message) == [False]
    assert await claim(store, now_ms=DUE_MS) == []


async def test_queued_parts_are_cancelled_all_of_them(store):
    one = message("aa", "bb")
    await store.queue.accept(one)
    assert await cancelled(store, one)
    shown = await store.log.find_message(1, one.id)
    assert (shown.state, shown.reason) == (State.CANCELLED, Reason.CANCELLED)
    assert {part.state for part in shown.parts} == {State.CANCELLED}
    assert await claim(store, now_ms=NOW_MS + 10) == []
    assert await listed(store, state=State.CANCELLED) == ["aabb"]


async def test_leased_and_sent_parts_are_not_cancelled(store):
    taken, sent = leased("taken"), leased("sent")
    for one in (taken, sent):
        await store.queue.accept(one)
    await store.queue.record([settlement(sent)])
    half = message("aa", "bb")
    await store.queue.accept(half)
    await claim(store, limit=1)
    for one, state in ((taken, State.ACCEPTED), (sent, State.SENT), (half, State.ACCEPTED)):
        assert not await cancelled(store, one)
        assert (await store.log.find_message(1, one.id)).state is state


async def test_another_account_cancels_nothing(store):
    one, two = held(), message()
    await store.held.hold(one)
    await store.queue.accept(two)
    assert not await cancelled(store, one.message, account_id=2)
    assert not await cancelled(store, two, account_id=2)
    assert (await found(store, one)).state is State.SCHEDULED
    assert len(await claim(store)) == 1


async def test_a_message_is_either_released_or_cancelled(store):
    for _ in range(10):
        one = held()
        await store.held.hold(one)
        [is_released], is_cancelled = await asyncio.gather(
            released(store, one.message), cancelled(store, one.message)
        )
        parts = await claim(store, now_ms=DUE_MS)
        shown = await found(store, one)
        # Released first, it may still be cancelled: its parts are queued.
        assert is_released or is_cancelled
        assert (shown.state is State.CANCELLED) == is_cancelled
        assert len(parts) == (not is_cancelled)


async def test_a_held_message_survives_a_new_start(opening):
    one = held()
    async with opening() as store:
        await store.held.hold(one)
        await claimed(store)
    async with opening() as store:
        assert (await found(store, one)).state is State.SCHEDULED
        [due] = await claimed(store, DUE_MS + LEASE_MS)
        assert due.request == one.request


async def test_one_that_waited_for_sixty_days_is_sent_and_matched(store):
    one = held(until_ms=NOW_MS + 60 * DAY_MS)
    await store.held.hold(one)
    now_ms = one.until_ms
    again = message(id=one.message.id, at_ms=now_ms, expires_ms=now_ms + 30 * DAY_MS)
    assert await released(store, again, now_ms=now_ms) == [True]
    [part] = await claim(store, now_ms=now_ms + 29 * DAY_MS)
    await store.queue.record([settlement(again, carrier_message_id="c")])
    await store.queue.record((), [receipt("c", at_ms=now_ms + 30 * DAY_MS)])
    assert (await found(store, one)).state is State.DELIVERED
    assert part.number == 1
