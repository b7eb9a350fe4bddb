"""What is kept of decisions: facts of a message, every decision of a held one, and refusals."""

import asyncio

import msgspec
import pytest

from simpost.domain.decision_record import (
    MOST_QUOTAS,
    DecisionRecord,
    encode_record,
    with_quotas,
)
from simpost.domain.policy.quotas import Quota, QuotaReached
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Accepted
from simpost.ports.store.held import MOST_DECISION_CHARACTERS, Deferral, HeldEnd
from simpost.ports.store.refusals import RefusalBatch, RefusalFilter, RefusalRecord
from tests.contract.store_facts import DAY_MS, DUE_MS, NOW_MS, held, key, message

pytestmark = pytest.mark.asyncio

HOLD = DecisionRecord(NOW_MS, "hold", Reason.QUIET_HOURS, DUE_MS, zones=("Europe/Paris",))


def quota(counter="notice:1", *, limit=100, amount=1):
    return Quota(counter, "2026-01-01", amount, limit, Reason.CAP_REACHED, NOW_MS + DAY_MS)


def recorded(*quotas, record=None, **changes):
    decision = encode_record(with_quotas(record, quotas))
    return message(quotas=quotas, decision=decision, **changes)


async def kept(store, one):
    found = await store.log.find_message(1, one.id)
    return found.decisions


async def used(store, one):
    return [list(record.used) for record in await kept(store, one)]


async def claim(store, now_ms=DUE_MS):
    return await store.held.claim_held(now_ms=now_ms, lease_ms=now_ms + 1, limit=10)


async def test_a_message_without_facts_keeps_nothing(store):
    one = message()
    await store.queue.accept(one)
    assert await kept(store, one) == ()


async def test_what_was_used_before_a_message_is_kept_with_it(store):
    record = DecisionRecord(decided_by="esim", zones=("Europe/Paris",))
    first = recorded(quota("a", amount=3), quota("b"), record=record)
    second = recorded(quota("b"), quota("a", amount=2))
    for one in (first, second):
        assert await store.queue.accept(one) == Accepted()
    [found] = await kept(store, first)
    assert (found.decided_by, found.zones, found.used) == ("esim", ("Europe/Paris",), (0, 0))
    assert [(each.period, each.amount, each.limit) for each in found.quotas] == [
        ("2026-01-01", 3, 100),
        ("2026-01-01", 1, 100),
    ]
    assert await used(store, second) == [[1, 3]]


async def test_messages_of_one_transaction_are_counted_in_their_order(store):
    messages = [recorded(quota(), quota(f"other:{n}")) for n in range(5)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(store.queue.accept(one)) for one in messages]
    assert {task.result() for task in tasks} == {Accepted()}
    assert sorted([(await used(store, one))[0] for one in messages]) == [[n, 0] for n in range(5)]


async def test_messages_with_and_without_quotas_keep_their_own_counts(store):
    two = recorded(quota("a", amount=2), quota("b"))
    none = recorded(record=DecisionRecord(decided_by="esim"))
    unrecorded, one = message(quotas=(quota("a"),)), recorded(quota("b"))
    async with asyncio.TaskGroup() as group:
        for each in (two, none, unrecorded, one):
            group.create_task(store.queue.accept(each))
    assert await used(store, two) == [[0, 0]]
    assert await used(store, none) == [[]]
    assert await kept(store, unrecorded) == ()
    assert await used(store, one) == [[1]]


async def test_counts_near_the_limit_are_kept_as_well(store):
    """PostgreSQL decides these one by one, and not in one statement."""
    messages = [recorded(quota(limit=2)) for _ in range(3)]
    results = [await store.queue.accept(one) for one in messages]
    assert isinstance(results[2], QuotaReached)
    assert [await used(store, one) for one in messages[:2]] == [[[0]], [[1]]]


async def test_a_repeated_request_keeps_the_first_record(store):
    first, again = recorded(quota(), request=key()), recorded(quota(), request=key())
    await store.queue.accept(first)
    replay = await store.queue.accept(again)
    assert replay.message_id == first.id
    assert await used(store, first) == [[0]]


async def test_at_most_some_quotas_are_kept(store):
    many = recorded(*(quota(f"q:{n}") for n in range(MOST_QUOTAS + 4)))
    assert await store.queue.accept(many) == Accepted()
    [found] = await kept(store, many)
    assert len(found.quotas) == len(found.used) == MOST_QUOTAS


async def test_every_decision_of_a_held_message_is_kept(store):
    first = msgspec.structs.replace(
        held(state=State.HELD, reason=Reason.QUIET_HOURS), decision=encode_record(HOLD)
    )
    one = first.message
    await store.held.hold(first)
    assert await kept(store, one) == (HOLD,)
    later_ms = DUE_MS + DAY_MS
    again = msgspec.structs.replace(HOLD, at_ms=DUE_MS, until_ms=later_ms)
    await claim(store)
    await store.held.defer_held([deferral(one, again)], now_ms=DUE_MS)
    assert await kept(store, one) == (HOLD, again)
    sent = DecisionRecord(later_ms, "pass")
    await claim(store, later_ms)
    release = msgspec.structs.replace(
        one, quotas=(quota(),), decision=encode_record(with_quotas(sent, [quota()]))
    )
    await store.queue.accept(recorded(quota()))
    await store.held.release_held([release], now_ms=later_ms)
    *holds, last = await kept(store, one)
    assert holds == [HOLD, again]
    assert (last.at_ms, last.verdict, last.used) == (later_ms, "pass", (1,))


async def test_the_end_of_a_held_message_is_kept_and_a_cancellation_is_no_decision(store):
    holds = [msgspec.structs.replace(held(), decision=encode_record(HOLD)) for _ in range(2)]
    for one in holds:
        await store.held.hold(one)
    await claim(store)
    refused = DecisionRecord(DUE_MS, "refuse", Reason.OPTED_OUT, decided_by="esim")
    ended, cancelled = (one.message for one in holds)
    end = HeldEnd(1, ended.id, State.REJECTED, Reason.OPTED_OUT, encode_record(refused))
    await store.held.end_held([end], now_ms=DUE_MS)
    assert await kept(store, ended) == (HOLD, refused)
    assert await store.held.cancel_message(1, cancelled.id, now_ms=DUE_MS)
    assert await kept(store, cancelled) == (HOLD,)


async def test_records_of_holds_are_bounded_and_the_end_is_always_kept(store):
    first = msgspec.structs.replace(held(), decision=encode_record(HOLD))
    one = first.message
    await store.held.hold(first)
    wide = msgspec.structs.replace(HOLD, countries=("GB",) * 200)
    for _ in range(8):
        await claim(store, DUE_MS)
        await store.held.defer_held([deferral(one, wide)], now_ms=DUE_MS)
    holds = await kept(store, one)
    assert 2 < len(holds) < 9
    assert sum(len(encode_record(each)) + 1 for each in holds) <= MOST_DECISION_CHARACTERS + 1
    await claim(store, DUE_MS)
    sent = DecisionRecord(DUE_MS, "pass")
    release = msgspec.structs.replace(one, decision=encode_record(sent))
    await store.held.release_held([release], now_ms=DUE_MS)
    assert await kept(store, one) == (*holds, sent)


async def test_a_message_that_was_held_before_records_were_kept_is_released(store):
    await store.held.hold(first := held())
    await claim(store)
    sent = DecisionRecord(DUE_MS, "pass")
    release = msgspec.structs.replace(first.message, decision=encode_record(sent))
    await store.held.release_held([release], now_ms=DUE_MS)
    assert await kept(store, first.message) == (sent,)


async def test_a_refusal_keeps_its_record(store):
    one = RefusalRecord(
        1, b"1" * 16, "1", None, Reason.CAP_REACHED, None, NOW_MS, None, encode_record(HOLD)
    )
    await store.refusals.add_refusals(RefusalBatch((one,), {}))
    assert await store.refusals.list_refusals(1, RefusalFilter()) == [one]


def deferral(one, record):
    until_ms = record.until_ms
    return Deferral(
        1, one.id, State.HELD, record.reason, until_ms, until_ms + 1, encode_record(record)
    )
