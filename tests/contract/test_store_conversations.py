"""Conversations: one of an eSIM is not closed, and texts and replies change it in their commit."""

import asyncio

import msgspec
import pytest

from simpost.domain.accounts import Account
from simpost.domain.conversations import (
    ConversationChange,
    ConversationRules,
    ConversationStatus,
    Note,
)
from simpost.domain.messages import Category, format_id
from simpost.domain.policy.quotas import Quota
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import ConversationExists
from simpost.ports.store.conversations import MOST_NOTES, ConversationFilter, ReceivedText
from simpost.ports.store.messages import Accepted, IdempotentReplay
from tests.contract import inbound_facts
from tests.contract.raw_rows import run_raw
from tests.contract.store_facts import (
    DAY_MS,
    DUE_MS,
    NOW_MS,
    find_current,
    held,
    key,
    message,
    new_id,
    receipt,
    refused,
    settlement,
)

ESIM = "23072017992029"
HOUR_MS = 3_600_000
RULES = ConversationRules()
OPEN, WAITING, CLOSED = ConversationStatus


async def receive(store, text="Help me", *, at_ms=NOW_MS, account_id=1, asked=False, esim=ESIM):
    """Save a text of the eSIM for a person; the id of its inbound message."""
    fields = {"account_id": account_id, "text": text, "received_ms": at_ms, "esim_tran_no": esim}
    new = inbound_facts.new(inbound_facts.alone(f"{text} {at_ms}"), at_ms=at_ms, **fields)
    new = msgspec.structs.replace(new, received=ReceivedText(RULES, asked))
    assert await store.inbound.save(new) == Accepted()
    return new.inbound.id


async def current(store, esim=ESIM, account_id=1):
    return await find_current(store, account_id, esim)


async def change(store, of, *, now_ms=NOW_MS, **fields):
    changed = ConversationChange(**fields)
    return await store.conversations.change(of.account_id, of.id, changed, now_ms=now_ms)


async def close(store, of, *, now_ms=NOW_MS):
    return await change(store, of, now_ms=now_ms, status=CLOSED)


async def reply(store, of, *, at_ms=NOW_MS + 60_000, **fields):
    one = message(
        "On its way", at_ms=at_ms, category=Category.SUPPORT, conversation_id=of.id, **fields
    )
    await store.queue.accept(one)
    return one


async def listed(store, account_id=1, **which):
    found = await store.conversations.list_conversations(account_id, ConversationFilter(**which))
    return [each.id for each in found]


async def test_the_first_text_begins_a_conversation_that_a_restart_keeps(opening):
    async with opening() as store:
        first = await receive(store)
    async with opening() as store:
        found = await current(store)
    assert (found.id, found.status, found.unread, found.own_number) == (first, OPEN, 1, "12345")
    assert (found.opened_ms, found.unanswered_ms) == (NOW_MS, NOW_MS)
    assert found.reply_due_ms == NOW_MS + 4 * HOUR_MS


async def test_further_texts_are_of_the_same_conversation(store):
    first = await receive(store)
    await receive(store, "Hello?", at_ms=NOW_MS + HOUR_MS)
    found = await current(store)
    assert (found.id, found.unread, found.unanswered_ms) == (first, 2, NOW_MS)
    assert found.updated_ms == NOW_MS + HOUR_MS


async def test_texts_at_the_same_time_begin_one_conversation(store):
    await asyncio.gather(*(receive(store, f"text {number}") for number in range(20)))
    assert len(await listed(store)) == 1
    assert (await current(store)).unread == 20


async def test_a_text_that_came_twice_counts_once(store):
    new = inbound_facts.new(inbound_facts.alone("again"))
    new = msgspec.structs.replace(new, received=ReceivedText(RULES))
    await store.inbound.save(new)
    other_link = inbound_facts.alone("again", link=b"link-2", links=(b"link-2",))
    second = msgspec.structs.replace(
        new, inbound=inbound_facts.inbound(text="again"), of=other_link
    )
    await store.inbound.save(second)
    assert (await current(store)).unread == 1


async def test_a_reply_waits_for_the_traveller_and_ends_the_timer(store):
    await receive(store)
    await reply(store, await current(store))
    found = await current(store)
    assert (found.status, found.unread, found.reply_due_ms) == (WAITING, 0, None)
    assert (found.first_reply_ms, found.unanswered_ms) == (NOW_MS + 60_000, None)
    await receive(store, "Thanks", at_ms=NOW_MS + HOUR_MS)
    assert (await current(store)).status is OPEN


async def test_a_repeated_request_changes_the_conversation_once(store):
    await receive(store)
    of = await current(store)
    await reply(store, of, request=key())
    await receive(store, "Another", at_ms=NOW_MS + HOUR_MS)
    again = message("On its way", category=Category.SUPPORT, conversation_id=of.id, request=key())
    assert isinstance(await store.queue.accept(again), IdempotentReplay)
    assert (await current(store)).status is OPEN


async def test_a_reply_beyond_a_quota_changes_nothing(store):
    await receive(store)
    of = await current(store)
    quota = Quota("support", "1", 1, 0, Reason.BUDGET_REACHED, NOW_MS + DAY_MS)
    await reply(store, of, quotas=(quota,))
    assert await current(store) == of


async def test_replies_and_other_messages_are_accepted_together(store):
    await receive(store)
    of = await current(store)
    other = [store.queue.accept(message(f"text {number}")) for number in range(5)]
    results = await asyncio.gather(reply(store, of), *other)
    assert results[1:] == [Accepted()] * 5
    assert (await current(store)).status is WAITING
    assert (await store.log.find_message(1, results[0].id)).text == "On its way"


async def test_a_scheduled_reply_counts_from_its_commit(store):
    await receive(store)
    of = await current(store)
    one = held("Tomorrow", category=Category.SUPPORT, conversation_id=of.id)
    assert await store.held.hold(one) == Accepted()
    assert (await current(store)).status is WAITING


@pytest.mark.parametrize("hours", [72, 73])
async def test_a_text_reopens_for_72_hours_and_begins_a_new_one_later(store, hours):
    first = await receive(store)
    await close(store, await current(store))
    assert await current(store) is None
    await receive(store, "Again", at_ms=NOW_MS + hours * HOUR_MS)
    found = await current(store)
    assert (found.id == first) == (hours == 72)
    assert (found.status, found.unread, found.closed_ms) == (OPEN, 1, None)
    assert found.unanswered_ms == NOW_MS + hours * HOUR_MS


async def test_an_esim_has_one_conversation_that_is_not_closed(store):
    await receive(store)
    first = await close(store, await current(store))
    await receive(store, "Later", at_ms=NOW_MS + 100 * HOUR_MS)
    with pytest.raises(ConversationExists):
        await change(store, first, status=OPEN)
    assert (await store.conversations.find(1, first.id)).status is CLOSED


async def test_a_request_begins_one_or_finds_it(store):
    ids = [new_id(NOW_MS + number) for number in range(20)]
    begun = await asyncio.gather(
        *(store.conversations.begin(1, ESIM, new_id=each, now_ms=NOW_MS) for each in ids)
    )
    assert len({each.id for each in begun}) == 1
    assert begun[0].status is WAITING
    await receive(store)
    assert (await current(store)).id == begun[0].id


async def test_a_reply_in_a_closed_conversation_reopens_it(store):
    await receive(store)
    closed = await close(store, await current(store))
    await reply(store, closed)
    assert (await current(store)).id == closed.id


async def test_a_failed_reply_reopens_the_conversation_once(store):
    await receive(store)
    one = await reply(store, await current(store))
    await store.queue.record([refused(one)])
    assert (
        await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + 61_000) == 0
    )  # too early
    assert await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + 62_000) == 1
    found = await current(store)
    assert (found.status, found.failed_id, found.first_reply_ms) == (OPEN, one.id, None)
    assert found.reply_due_ms == NOW_MS + 62_000 + RULES.first_reply_ms
    assert await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + DAY_MS) == 0
    await reply(store, found, at_ms=NOW_MS + DAY_MS)
    assert (await current(store)).failed_id is None


async def test_a_reply_without_a_receipt_is_looked_at_ever_more_rarely(store):
    await receive(store)
    one = await reply(store, await current(store))
    await store.queue.record([settlement(one, carrier_message_id="m1")])
    looks, now_ms = 0, NOW_MS + 60_000
    while now_ms < NOW_MS + DAY_MS:
        looks += await store.conversations.reopen_failed(rules=RULES, now_ms=now_ms)
        now_ms += 60_000
    assert 20 < looks < 100
    await store.queue.record([], [receipt("m1", State.FAILED, Reason.UNDELIVERABLE)])
    while await store.conversations.reopen_failed(rules=RULES, now_ms=now_ms) == 0:
        now_ms += 60_000
    assert (await current(store)).failed_id == one.id


async def test_a_delivered_reply_reopens_nothing(store):
    await receive(store)
    one = await reply(store, await current(store))
    await store.queue.record([settlement(one, carrier_message_id="m1")], [receipt("m1")])
    assert await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + 62_000) == 1
    assert (await current(store)).status is WAITING
    assert await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + DAY_MS) == 0


async def test_a_cancelled_scheduled_reply_reopens_the_conversation(store):
    await receive(store)
    of = await current(store)
    one = held("Tomorrow", category=Category.SUPPORT, conversation_id=of.id)
    await store.held.hold(one)
    assert await store.held.cancel_message(1, one.message.id, now_ms=NOW_MS + 5)
    await store.conversations.reopen_failed(rules=RULES, now_ms=DUE_MS)
    assert (await current(store)).status is OPEN


@pytest.mark.parametrize("days", [8, 59])
async def test_a_reply_scheduled_far_ahead_is_watched_until_it_leaves(store, days):
    await receive(store)
    of = await current(store)
    until_ms = NOW_MS + 60 * DAY_MS
    one = held("Later", category=Category.SUPPORT, conversation_id=of.id, until_ms=until_ms)
    await store.held.hold(one)
    now_ms = NOW_MS
    while now_ms < NOW_MS + days * DAY_MS:
        await store.conversations.reopen_failed(rules=RULES, now_ms=now_ms)
        now_ms += 6 * HOUR_MS
    assert await store.held.cancel_message(1, one.message.id, now_ms=now_ms)
    await store.conversations.reopen_failed(rules=RULES, now_ms=now_ms + HOUR_MS)
    assert (await current(store)).failed_id == one.message.id


async def test_a_reply_whose_message_is_gone_is_looked_at_no_more(store):
    await receive(store)
    await reply(store, await current(store))
    await run_raw(store, "DELETE FROM parts")
    assert await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + DAY_MS) == 1
    assert await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + 2 * DAY_MS) == 0
    assert (await current(store)).status is WAITING


async def test_the_failure_of_an_earlier_reply_reopens_nothing(store):
    await receive(store)
    of = await current(store)
    first = await reply(store, of)
    await reply(store, of, at_ms=NOW_MS + 120_000)
    await store.queue.record([refused(first)])
    await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + DAY_MS)
    assert (await current(store)).status is WAITING


async def test_an_overdue_conversation_goes_back_to_the_queue_once(store):
    await receive(store)
    of = await change(store, await current(store), assignee="Ana")
    due_ms = NOW_MS + 4 * HOUR_MS
    assert await store.conversations.return_overdue(now_ms=due_ms - 1) == 0
    assert await store.conversations.return_overdue(now_ms=due_ms) == 1
    found = await store.conversations.find(1, of.id)
    assert (found.assignee, found.status, found.unanswered_ms) == ("", OPEN, NOW_MS)
    assert await store.conversations.return_overdue(now_ms=due_ms + DAY_MS) == 0


async def test_filters_select_and_pages_go_on(store):
    ids = [await receive(store, esim=f"e{number}", at_ms=NOW_MS + number) for number in range(5)]
    found = [await current(store, f"e{number}") for number in range(5)]
    await change(store, found[0], tags=("vip", "re_fund"), assignee="Ana")
    await change(store, found[1], tags=("vip2",))
    await change(store, found[2], is_read=True)
    await close(store, found[3])
    assert await listed(store) == ids[::-1]
    assert await listed(store, limit=2) == ids[:2:-1]
    assert await listed(store, limit=2, before=ids[3]) == [ids[2], ids[1]]
    assert await listed(store, tag="vip") == [ids[0]]
    assert await listed(store, tag="re_fund") == [ids[0]]
    assert await listed(store, tag="rexfund") == []
    assert await listed(store, assignee="Ana") == [ids[0]]
    assert await listed(store, assignee="", status=OPEN) == [ids[4], ids[2], ids[1]]
    assert await listed(store, status=CLOSED) == [ids[3]]
    assert await listed(store, has_unread=True) == [ids[4], ids[1], ids[0]]
    assert await listed(store, esim_tran_no="e3") == [ids[3]]
    assert await listed(store, esim_tran_no="e3", status=OPEN) == []
    assert await listed(store, account_id=2) == []


async def test_another_account_finds_and_changes_nothing(store):
    await receive(store)
    of = msgspec.structs.replace(await current(store), account_id=2)
    assert await store.conversations.find(2, of.id) is None
    assert await change(store, of, assignee="Eve") is None
    assert not await store.conversations.add_note(note(of))
    assert (await current(store)).assignee == ""


def note(of, text="Asked for a refund", *, at_ms=NOW_MS):
    return Note(new_id(at_ms), of.account_id, of.id, "Ana", text, at_ms)


async def test_notes_are_kept_newest_first_and_bounded(store):
    await receive(store)
    of = await current(store)
    notes = [note(of, f"note {number}") for number in range(MOST_NOTES + 2)]
    for each in notes:
        assert await store.conversations.add_note(each)
    found = await store.conversations.list_notes(1, of.id, before=None, limit=MOST_NOTES + 10)
    assert found == notes[:1:-1]
    page = await store.conversations.list_notes(1, of.id, before=found[1].id, limit=2)
    assert page == found[2:4]


async def test_old_conversations_go_with_their_notes(store):
    await receive(store)
    of = await current(store)
    await store.conversations.add_note(note(of))
    assert await store.conversations.delete_old(before_ms=NOW_MS) == 0
    assert await store.conversations.delete_old(before_ms=NOW_MS + 1) == 1
    assert await current(store) is None
    assert await store.conversations.list_notes(1, of.id, before=None, limit=9) == []


async def test_a_text_at_the_same_time_as_the_end_of_a_conversation_keeps_the_notes(store):
    for number in range(20):
        at_ms = NOW_MS + number * DAY_MS
        await receive(store, at_ms=at_ms)
        of = await current(store)
        await store.conversations.add_note(note(of))
        await asyncio.gather(
            receive(store, "Still there", at_ms=at_ms + HOUR_MS),
            store.conversations.delete_old(before_ms=at_ms + 1),
        )
        notes = await store.conversations.list_notes(1, of.id, before=None, limit=9)
        assert bool(notes) == (await store.conversations.find(1, of.id) is not None)


async def test_the_question_is_noted(store):
    assert await store.conversations.was_asked(1, ESIM) is None
    await receive(store)
    assert await store.conversations.was_asked(1, ESIM) is False
    await receive(store, "CANCEL", asked=True)
    assert await store.conversations.was_asked(1, ESIM) is True


async def test_every_change_is_an_event(store):
    account_id = await store.accounts.add_account(Account(0, "desk", "secret-of-desk", events=True))
    first = await receive(store, account_id=account_id)
    await receive(store, "More", account_id=account_id, at_ms=NOW_MS + 1)
    of = await current(store, account_id=account_id)
    await change(store, of, assignee="Ana")
    await store.conversations.return_overdue(now_ms=NOW_MS + DAY_MS)
    one = await reply(store, of, account_id=account_id)
    await store.queue.record([refused(one)])
    await store.conversations.reopen_failed(rules=RULES, now_ms=NOW_MS + DAY_MS)
    await close(store, of)
    found = (await store.events.events_after(account_id, None, limit=100)).events
    of_it = [each for each in found if each.type.startswith("conversation.")]
    assert [each.type.removeprefix("conversation.") for each in of_it] == [
        *("opened", "received", "changed", "overdue", "answered", "opened", "closed"),
    ]
    assert of_it[0].data == {
        "because": "text",
        "esimTranNo": ESIM,
        "inboundId": format_id(first),
        "status": "open",
    }
