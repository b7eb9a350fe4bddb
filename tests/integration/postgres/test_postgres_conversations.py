"""Conversations on two nodes: each step holds its rows, and no step of another node is lost."""

import asyncio

from msgspec.structs import replace

from simpost.domain.conversations import (
    ConversationChange,
    ConversationRules,
    ConversationStatus,
    Note,
)
from simpost.domain.messages import Category
from simpost.errors import ConversationExists
from simpost.ports.store import Accepted
from simpost.ports.store.conversations import ReceivedText
from tests.contract import inbound_facts
from tests.contract.store_facts import DAY_MS, NOW_MS, find_current, message, new_id

OPEN, WAITING, CLOSED = ConversationStatus
RULES = ConversationRules()
ROUNDS = 20


async def receive(store, esim, at_ms):
    new = inbound_facts.new(
        inbound_facts.alone(f"{esim} {at_ms}"), at_ms=at_ms, esim_tran_no=esim, received_ms=at_ms
    )
    await store.inbound.save(replace(new, received=ReceivedText(RULES)))


async def change(store, conversation_id, now_ms, **fields):
    wanted = ConversationChange(**fields)
    return await store.conversations.change(1, conversation_id, wanted, now_ms=now_ms)


async def closed_twice(store, esim):
    """The ids of two closed conversations of an eSIM."""
    ids = []
    for at_ms in (NOW_MS, NOW_MS + 10 * DAY_MS):
        await receive(store, esim, at_ms)
        ids.append((await find_current(store, 1, esim)).id)
        await change(store, ids[-1], at_ms, status=CLOSED)
    assert len(set(ids)) == 2
    return ids


def reply(store, esim, conversation_id):
    return store.queue.accept(
        message(esim_tran_no=esim, category=Category.SUPPORT, conversation_id=conversation_id)
    )


async def test_replies_in_two_closed_conversations_at_once_are_both_accepted(node):
    async with node("n1") as one, node("n2") as two:
        for number in range(ROUNDS):
            esim = f"e{number}"
            first, second = await closed_twice(one, esim)
            done = await asyncio.gather(reply(one, esim, first), reply(two, esim, second))
            assert done == [Accepted()] * 2
            assert (await find_current(one, 1, esim)).status is WAITING


async def test_a_text_and_a_reply_in_an_old_conversation_at_once(node):
    async with node("n1") as one, node("n2") as two:
        for number in range(ROUNDS):
            esim, at_ms = f"e{number}", NOW_MS + 20 * DAY_MS
            first, _ = await closed_twice(one, esim)
            accepted, _ = await asyncio.gather(reply(one, esim, first), receive(two, esim, at_ms))
            assert accepted == Accepted()
            assert await find_current(one, 1, esim) is not None


async def test_reopening_and_a_text_at_once(node):
    async with node("n1") as one, node("n2") as two:
        for number in range(ROUNDS):
            esim, at_ms = f"e{number}", NOW_MS + 20 * DAY_MS
            first, _ = await closed_twice(one, esim)
            reopened, received = await asyncio.gather(
                change(one, first, at_ms, status=OPEN),
                receive(two, esim, at_ms),
                return_exceptions=True,
            )
            assert received is None
            assert isinstance(reopened, ConversationExists) or reopened.status is OPEN
            assert (await find_current(one, 1, esim)).unread == 1


async def test_jobs_replies_texts_and_notes_of_many_conversations_at_once(node):
    async with node("n1") as one, node("n2") as two:
        esims = [f"e{number}" for number in range(40)]
        await asyncio.gather(*(receive(one, each, NOW_MS) for each in esims))
        found = [await find_current(one, 1, each) for each in esims]
        later_ms = NOW_MS + DAY_MS
        for _ in range(5):
            done = await asyncio.gather(
                *(reply(one, each.esim_tran_no, each.id) for each in found),
                *(reply(two, each.esim_tran_no, each.id) for each in reversed(found)),
                *(receive(two, each, later_ms) for each in reversed(esims)),
                *(change(one, each.id, later_ms, assignee="Ana") for each in found),
                *(
                    two.conversations.add_note(
                        Note(new_id(NOW_MS), 1, each.id, "Ana", "Hm", NOW_MS)
                    )
                    for each in reversed(found)
                ),
                one.conversations.return_overdue(now_ms=later_ms),
                two.conversations.return_overdue(now_ms=later_ms),
                one.conversations.reopen_failed(rules=RULES, now_ms=later_ms),
                two.conversations.reopen_failed(rules=RULES, now_ms=later_ms),
                return_exceptions=True,
            )
            assert [each for each in done if isinstance(each, BaseException)] == []
            later_ms += DAY_MS
