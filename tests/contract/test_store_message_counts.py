"""Counts of messages by hour, counted from the log and kept."""

import msgspec
import pytest

from simpost.domain.accounts import Account
from simpost.domain.message_counts import ALL_ACCOUNTS, HOUR_MS, Tally, delay_bucket
from simpost.domain.states import State
from simpost.ports.store import MessageFilter
from tests.contract.store_facts import (
    NOW_MS,
    held,
    in_doubt,
    leased,
    new_id,
    receipt,
    refused,
    settlement,
)

HOUR = NOW_MS // HOUR_MS


@pytest.fixture
async def accounts(store):
    return [
        await store.accounts.add_account(Account(0, code, f"secret-of-{code}"))
        for code in ("one", "two")
    ]


async def accept(store, account_id, at_ms=NOW_MS, **changes):
    one = leased("Hello", account_id=account_id, id=new_id(at_ms), created_ms=at_ms, **changes)
    await store.queue.accept(one)
    return one


async def deliver(store, one, id_, after_ms):
    await store.queue.record([settlement(one, carrier_message_id=id_)])
    await store.queue.record((), [receipt(id_, at_ms=one.created_ms + after_ms)])


async def count(store, from_ms=NOW_MS, to_ms=NOW_MS + HOUR_MS, account_id=None, **changes):
    return await store.message_counts.count_messages(
        from_ms, to_ms, account_id=account_id, **changes
    )


async def test_messages_are_counted_by_account_and_present_state(store, accounts):
    mine, others = accounts
    await accept(store, mine)
    await store.queue.record([in_doubt(await accept(store, mine))])
    await store.queue.record([refused(await accept(store, mine))])
    await store.queue.record([settlement(await accept(store, mine))])
    await store.held.hold(held("Hello", account_id=mine, state=State.HELD))
    await store.held.hold(held("Hello", account_id=mine))
    await deliver(store, await accept(store, others), "c-1", 9_000)
    found = await count(store)
    states = {
        State.ACCEPTED: 1,
        State.IN_DOUBT: 1,
        State.REJECTED: 1,
        State.SENT: 1,
        State.HELD: 1,
        State.SCHEDULED: 1,
    }
    assert found == {
        mine: Tally(states),
        others: Tally({State.DELIVERED: 1}, {delay_bucket(9_000): 1.0}),
    }
    assert await count(store, account_id=others) == {others: found[others]}
    for state, messages in states.items():
        listed = await store.log.list_messages(mine, MessageFilter(state=state, from_ms=NOW_MS))
        assert len(listed) == messages


async def test_a_count_has_the_messages_of_its_time_only(store, accounts):
    for at_ms in (NOW_MS - 1, NOW_MS, NOW_MS + HOUR_MS - 1, NOW_MS + HOUR_MS):
        await accept(store, accounts[0], at_ms)
    assert (await count(store))[accounts[0]].accepted == 2


async def test_a_count_is_bounded(store, accounts):
    for _ in range(5):
        await accept(store, accounts[0])
    assert (await count(store, most=3))[accounts[0]].states == {State.ACCEPTED: 3}


async def test_the_delay_is_that_of_the_last_part(store, accounts):
    one = leased("a", "b", account_id=accounts[0])
    await store.queue.accept(one)
    for number, after_ms in ((1, 50_000), (2, 2_000)):
        sent = settlement(one, number, carrier_message_id=f"c-{number}")
        await store.queue.record([sent])
        await store.queue.record((), [receipt(f"c-{number}", at_ms=NOW_MS + after_ms)])
    assert (await count(store))[accounts[0]].delays == {delay_bucket(50_000): 1.0}


async def test_an_hour_is_replaced_and_summed_and_old_ones_go(store):
    counts = store.message_counts
    one, two = Tally({State.SENT: 1}, {3: 2.5}), Tally({State.SENT: 2, State.FAILED: 1}, {3: 1.0})
    await counts.save_hour(HOUR, {7: Tally({State.ACCEPTED: 9})}, counted_ms=NOW_MS)
    await counts.save_hour(HOUR, {7: one, 8: two}, counted_ms=NOW_MS + 1)
    await counts.save_hour(HOUR - 1, {7: one}, counted_ms=NOW_MS)
    [before, now] = await counts.list_hours(ALL_ACCOUNTS, from_hour=HOUR - 1)
    assert (before.hour, before.tally) == (HOUR - 1, one)
    assert (now.counted_ms, now.tally) == (
        NOW_MS + 1,
        Tally({State.SENT: 3, State.FAILED: 1}, {3: 3.5}),
    )
    assert [each.hour for each in await counts.list_hours(7, from_hour=HOUR)] == [HOUR]
    by_account = await counts.list_accounts_of_hours(from_hour=HOUR - 1)
    assert by_account == {7: Tally({State.SENT: 2}), 8: Tally(two.states)}
    await counts.delete_hours(before_hour=HOUR)
    assert [each.hour for each in await counts.list_hours(7, from_hour=0)] == [HOUR]


async def test_an_hour_without_messages_is_counted_too(store):
    await store.message_counts.save_hour(HOUR, {}, counted_ms=NOW_MS)
    [now] = await store.message_counts.list_hours(ALL_ACCOUNTS, from_hour=HOUR)
    assert msgspec.structs.astuple(now) == (HOUR, NOW_MS, Tally())
