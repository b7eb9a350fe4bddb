"""Every change of a message's state leaves one event, in order, where its account keeps events."""

import asyncio
import json

import pytest

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.ports.store import Deferral
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    DUE_MS,
    LEASE_MS,
    NOW_MS,
    OWNER,
    held,
    in_doubt,
    key,
    leased,
    message,
    receipt,
    refused,
    settlement,
    turned_back,
)

LATER_MS = NOW_MS + 2 * DAY_MS
OF_MESSAGE = {
    "category": "service",
    "esimTranNo": "23072017992029",
    "iccid": "8985200000000000001",
    "reference": None,
}
"""What every event of a message says of it."""


@pytest.fixture
async def account(store):
    """An account that keeps events."""
    return await store.accounts.add_account(Account(0, "shop", "secret-of-shop", events=True))


async def page(store, account_id, after=None, limit=1_000):
    return await store.events.events_after(account_id, after, limit=limit)


async def types(store, account_id, of=None):
    """The event types of one message or of all, without the `message.` prefix."""
    events = (await page(store, account_id)).events
    subject = format_id(of.id) if of else None
    return [
        each.type.removeprefix("message.")
        for each in events
        if subject is None or each.subject == subject
    ]


async def last_data(store, account_id):
    return dict((await page(store, account_id)).events[-1].data)


async def claim(store, now_ms=NOW_MS):
    return await store.queue.claim(
        CARRIER, limit=10, now_ms=now_ms, owner=OWNER, lease_ms=now_ms + LEASE_MS
    )


async def test_an_event_says_what_happened_to_what_and_when(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    [event] = (await page(store, account)).events
    assert event.sequence == 1
    assert event.type == "message.accepted"
    assert event.subject == format_id(one.id)
    assert event.at_ms == NOW_MS
    changing = {"carrier": CARRIER, "reason": None, "parts": 1, "deliveredParts": 0}
    assert event.data == changing | OF_MESSAGE


async def test_a_message_that_arrives_is_accepted_sent_and_delivered(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    await store.queue.record([], [receipt("a1")])
    assert await types(store, account) == ["accepted", "sent", "delivered"]
    events = (await page(store, account)).events
    assert [each.sequence for each in events] == [1, 2, 3]
    assert [each.at_ms - NOW_MS for each in events] == [0, 20, 5_000]
    assert events[-1].data["deliveredParts"] == 1


async def test_an_account_without_a_listener_leaves_no_event(store):
    quiet = await store.accounts.add_account(Account(0, "quiet", "secret-of-quiet"))
    one = leased(account_id=quiet)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    await store.queue.record([], [receipt("a1")])
    assert await types(store, quiet) == []
    assert (await page(store, quiet)).last_sequence == 0


async def test_accounts_see_and_number_their_own_events_only(store, account):
    other = await store.accounts.add_account(Account(0, "other", "secret-of-other", events=True))
    await store.queue.accept(leased(account_id=account))
    mine = leased(account_id=other)
    await store.queue.accept(mine)
    [event] = (await page(store, other)).events
    assert event.sequence == 1
    assert event.subject == format_id(mine.id)


async def test_a_claim_and_a_lease_leave_no_event(store, account):
    one = message(account_id=account)
    await store.queue.accept(one)
    [claimed] = await claim(store)
    assert claimed.message_id == one.id
    assert await types(store, account) == ["accepted"]


async def test_a_requeued_message_leaves_one_sending_event(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([turned_back(one)])
    await claim(store, NOW_MS + 2_000)
    await store.queue.record([turned_back(one, attempt=2)])
    assert await types(store, account) == ["accepted", "sending"]
    assert (await last_data(store, account))["reason"] == Reason.THROTTLED


async def test_a_refused_message_is_rejected_with_its_reason(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([refused(one)])
    assert await types(store, account) == ["accepted", "rejected"]
    assert (await last_data(store, account))["reason"] == Reason.CARRIER_REFUSED


async def test_a_message_in_doubt_that_a_receipt_ends_is_in_doubt_and_delivered(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one, carrier_message_id="a1")])
    await store.queue.record([], [receipt("a1")])
    assert await types(store, account) == ["accepted", "in_doubt", "delivered"]


@pytest.mark.parametrize("state", [State.DELIVERED, State.FAILED, State.EXPIRED, State.REJECTED])
async def test_a_final_receipt_is_the_event_it_names(store, account, state):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    await store.queue.record([], [receipt("a1", state, Reason.HANDSET_UNREACHABLE)])
    await store.queue.record([], [receipt("a1", state, Reason.HANDSET_UNREACHABLE)])
    assert await types(store, account) == ["accepted", "sent", state]


async def test_an_intermediate_notice_and_a_late_receipt_leave_no_event(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    await store.queue.record([], [receipt("a1", State.SENT, Reason.HANDSET_UNREACHABLE)])
    await store.queue.record([], [receipt("a1")])
    await store.queue.record([], [receipt("a1", State.FAILED)])
    assert await types(store, account) == ["accepted", "sent", "delivered"]


async def test_a_receipt_before_its_answer_follows_it_in_the_events(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([], [receipt("a1")])
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    assert await types(store, account) == ["accepted", "sent", "delivered"]


async def test_an_answer_and_its_receipt_of_one_group_are_two_events(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")], [receipt("a1")])
    assert await types(store, account) == ["accepted", "sent", "delivered"]


async def test_a_lease_that_runs_out_is_in_doubt(store, account):
    await store.queue.accept(leased(account_id=account))
    await store.queue.expire_leases(now_ms=NOW_MS + LEASE_MS, owner=None, repeats=RepeatPolicy())
    assert await types(store, account) == ["accepted", "in_doubt"]


async def test_a_message_whose_validity_ends_in_the_queue_is_expired(store, account):
    await store.queue.accept(message(account_id=account))
    await store.queue.expire(now_ms=LATER_MS, limit=10)
    assert await types(store, account) == ["accepted", "expired"]


async def test_a_message_whose_validity_is_over_when_it_is_claimed_is_expired(store, account):
    await store.queue.accept(message(account_id=account))
    assert await claim(store, LATER_MS) == []
    assert await types(store, account) == ["accepted", "expired"]


async def test_a_message_without_a_receipt_leaves_an_expired_event(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    await store.queue.end_unreported(now_ms=LATER_MS, expired_ms=LATER_MS, limit=10)
    assert await types(store, account) == ["accepted", "sent", "expired"]
    assert (await last_data(store, account))["reason"] == Reason.NO_RECEIPT


async def test_a_message_of_several_parts_changes_with_all_of_them(store, account):
    one = leased("first", "second", account_id=account)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, 1, carrier_message_id="a1")])
    await store.queue.record([settlement(one, 2, carrier_message_id="a2", ended_ms=NOW_MS + 70)])
    await store.queue.record([], [receipt("a1")])
    assert (await last_data(store, account))["deliveredParts"] == 0
    await store.queue.record([], [receipt("a2", at_ms=NOW_MS + 9_000)])
    assert await types(store, account) == ["accepted", "sending", "sent", "delivered"]
    events = (await page(store, account)).events
    assert [each.at_ms - NOW_MS for each in events] == [0, 20, 70, 9_000]
    changing = {"carrier": CARRIER, "reason": None, "parts": 2, "deliveredParts": 2}
    assert events[-1].data == changing | OF_MESSAGE


async def test_a_failed_part_names_the_reason_of_the_message(store, account):
    one = leased("first", "second", account_id=account)
    await store.queue.accept(one)
    await store.queue.record(
        [settlement(one, number, carrier_message_id=f"a{number}") for number in (1, 2)]
    )
    await store.queue.record([], [receipt("a1")])
    await store.queue.record([], [receipt("a2", State.FAILED, Reason.HANDSET_UNREACHABLE)])
    assert (await types(store, account))[-1] == "failed"
    data = await last_data(store, account)
    assert data["reason"] == Reason.HANDSET_UNREACHABLE
    assert (data["parts"], data["deliveredParts"]) == (2, 1)


async def test_a_refused_part_cancels_the_rest_in_one_change(store, account):
    one = leased("first", "second", account_id=account)
    await store.queue.accept(one)
    await store.queue.record([turned_back(one, 2), refused(one, 1)])
    assert await types(store, account) == ["accepted", "rejected"]


async def test_the_same_request_again_leaves_no_second_event(store, account):
    await store.queue.accept(leased(account_id=account, request=key()))
    await store.queue.accept(leased(account_id=account, request=key()))
    assert await types(store, account) == ["accepted"]


async def test_a_result_of_a_lower_rank_leaves_no_event(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    await store.queue.record([], [receipt("a1")])
    await store.queue.record([in_doubt(one)])
    assert await types(store, account) == ["accepted", "sent", "delivered"]


async def test_many_messages_settled_together_have_an_event_each(store, account):
    messages = [leased(account_id=account) for _ in range(60)]
    await asyncio.gather(*(store.queue.accept(one) for one in messages))
    await store.queue.record(
        [settlement(one, carrier_message_id=f"m{n}") for n, one in enumerate(messages)]
    )
    await store.queue.record([], [receipt(f"m{n}") for n in range(60)])
    for one in messages:
        assert await types(store, account, one) == ["accepted", "sent", "delivered"]
    events = (await page(store, account)).events
    assert [each.sequence for each in events] == list(range(1, 181))


async def test_a_rolled_back_transaction_leaves_no_event(store, account):
    one = leased(account_id=account)
    await store.queue.accept(one)
    again = leased(account_id=account, id=one.id)
    with pytest.raises(StoreError):
        await store.queue.accept(again)
    assert await types(store, account) == ["accepted"]
    await store.queue.accept(leased(account_id=account))
    events = (await page(store, account)).events
    assert [each.sequence for each in events] == [1, 2]


async def test_events_name_states_as_the_api_does(store, account):
    """Only messages without parts are scheduled or held."""
    for state in [each for each in State if each not in (State.SCHEDULED, State.HELD)]:
        one = leased(account_id=account)
        await store.queue.accept(one)
        await store.queue.record([settlement(one, state=state)])
        expected = ["accepted"] if state is State.ACCEPTED else ["accepted", state]
        assert await types(store, account, one) == expected


async def test_a_page_continues_after_the_one_before(store, account):
    for _ in range(5):
        await store.queue.accept(leased(account_id=account))
    first = await page(store, account, limit=2)
    second = await page(store, account, after=2, limit=2)
    third = await page(store, account, after=4, limit=2)
    sequences = [each.sequence for part in (first, second, third) for each in part.events]
    assert sequences == [1, 2, 3, 4, 5]
    end = await page(store, account, after=5)
    assert (end.events, end.last_sequence, end.deleted_to) == ((), 5, 0)


async def test_events_outlive_the_process(opening):
    async with opening() as store:
        account = await store.accounts.add_account(Account(0, "shop", "secret", events=True))
        await store.queue.accept(leased(account_id=account))
    async with opening() as store:
        await store.queue.accept(leased(account_id=account))
        events = (await page(store, account)).events
        assert [each.sequence for each in events] == [1, 2]


async def test_an_account_is_listed_with_whether_its_events_are_kept(store, account):
    async def kept():
        [found] = [each for each in await store.accounts.list_accounts() if each.id == account]
        return found.events

    assert await kept() is True
    await store.accounts.change_account(AccountChange(id=account, access_code="shop", name="x"))
    assert await kept() is True
    await store.accounts.change_account(AccountChange(id=account, access_code="shop", events=False))
    assert await kept() is False


async def test_a_message_accepted_before_events_were_enabled_leaves_events_from_then_on(store):
    account = await store.accounts.add_account(Account(0, "shop", "secret"))
    one = leased(account_id=account)
    await store.queue.accept(one)
    await store.accounts.change_account(AccountChange(id=account, access_code="shop", events=True))
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    assert await types(store, account) == ["sent"]


async def test_a_pause_leaves_a_gap_that_every_reader_sees(store, account):
    """A reader that was at the end before the pause must learn that events are missing."""
    await store.queue.accept(leased(account_id=account))
    before = await page(store, account)

    async def keep(events):
        change = AccountChange(id=account, access_code="shop", events=events)
        await store.accounts.change_account(change)

    await keep(events=False)
    await store.queue.accept(leased(account_id=account))
    assert await types(store, account) == ["accepted"]
    await keep(events=True)
    after = await page(store, account)
    assert after.events == ()
    assert after.deleted_to > before.last_sequence
    await store.queue.accept(leased(account_id=account))
    [event] = (await page(store, account)).events
    assert event.sequence > after.deleted_to
    await keep(events=True)
    assert (await page(store, account)).deleted_to == after.deleted_to


async def test_old_events_are_deleted_in_steps_from_the_oldest_on(store, account):
    other = await store.accounts.add_account(Account(0, "other", "secret", events=True))
    for number in range(5):
        await store.queue.accept(message(at_ms=NOW_MS + number, account_id=account))
    await store.queue.accept(message(at_ms=NOW_MS, account_id=other))
    await page(store, account)

    async def delete(limit):
        return await store.events.delete_events_before(NOW_MS + 3, limit=limit)

    assert sorted([await delete(2), await delete(2), await delete(2)]) == [1, 1, 2]
    assert await delete(2) == 0
    left = await page(store, account)
    assert [each.sequence for each in left.events] == [4, 5]
    assert (left.deleted_to, left.last_sequence) == (3, 5)
    assert (await page(store, other)).deleted_to == 1


async def test_numbers_go_on_after_all_events_were_deleted(store, account):
    await store.queue.accept(leased(account_id=account))
    await page(store, account)
    assert await store.events.delete_events_before(NOW_MS + 1, limit=10) == 1
    empty = await page(store, account)
    assert (empty.events, empty.deleted_to, empty.last_sequence) == ((), 1, 1)
    await store.queue.accept(leased(account_id=account))
    assert (await page(store, account, after=1)).events[0].sequence == 2


async def test_events_kept_before_a_pause_are_deleted_too(store, account):
    await store.queue.accept(leased(account_id=account))
    await page(store, account)
    for events in (False, True):
        await store.accounts.change_account(
            AccountChange(id=account, access_code="shop", events=events)
        )
    await page(store, account)
    assert await store.events.delete_events_before(NOW_MS - DAY_MS, limit=10) == 1
    assert await store.events.delete_events_before(NOW_MS - DAY_MS, limit=10) == 0


async def test_no_event_has_a_text_or_a_number(store, account):
    one = leased("a text that nobody may read", account_id=account, destination="66899999999")
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    told = json.dumps([dict(each.data) for each in (await page(store, account)).events])
    assert one.text not in told
    assert one.destination not in told


async def test_a_held_message_leaves_an_event_of_each_state(store, account):
    one, two = held(account_id=account), held(account_id=account)
    for each in (one, two):
        await store.held.hold(each)
    assert await last_data(store, account) == {
        "carrier": None,
        "reason": "scheduled",
        "parts": 1,
        "deliveredParts": 0,
        **OF_MESSAGE,
    }
    until_ms = DUE_MS + DAY_MS
    again = Deferral(
        account, one.message.id, State.HELD, Reason.SCHEDULED, until_ms, until_ms + DAY_MS
    )
    await store.held.defer_held([again], now_ms=DUE_MS)
    await store.held.defer_held([again], now_ms=DUE_MS)
    await store.held.release_held([one.message], now_ms=DUE_MS)
    await store.held.cancel_message(account, two.message.id, now_ms=DUE_MS)
    assert await types(store, account, one.message) == ["scheduled", "held", "accepted"]
    assert await types(store, account, two.message) == ["scheduled", "cancelled"]


async def test_cancelled_parts_leave_one_event(store, account):
    one = message("aa", "bb", account_id=account)
    await store.queue.accept(one)
    assert await store.held.cancel_message(account, one.id, now_ms=NOW_MS + 5)
    assert await types(store, account, one) == ["accepted", "cancelled"]
    assert (await last_data(store, account))["reason"] == "cancelled"


async def test_a_held_message_of_an_account_without_events_leaves_none(store):
    other = await store.accounts.add_account(Account(0, "quiet", "secret-of-quiet"))
    one = held(account_id=other)
    await store.held.hold(one)
    await store.held.cancel_message(other, one.message.id, now_ms=NOW_MS)
    assert await types(store, other) == []
