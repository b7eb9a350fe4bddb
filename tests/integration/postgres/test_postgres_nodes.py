"""Several nodes on one database: one node at a time has a part, and none is lost."""

import asyncio
import random

import pytest

from simpost.domain.outcomes import ReceiptDisposition
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.ports.store import Accepted, IdempotentReplay
from simpost.store.postgres.connection import PostgresSession
from tests.contract.store_facts import (
    CARRIER,
    LEASE_MS,
    NOW_MS,
    in_doubt,
    key,
    leased,
    message,
    receipt,
    refused,
    settlement,
    turned_back,
)

pytestmark = pytest.mark.timeout(120)


async def claim(store, owner, limit=20, now_ms=NOW_MS):
    return await store.queue.claim(
        CARRIER, limit=limit, now_ms=now_ms, owner=owner, lease_ms=now_ms + LEASE_MS
    )


async def state_of(store, one):
    return (await store.log.find_message(one.account_id, one.id)).state


async def test_nodes_that_claim_at_once_never_lease_the_same_part(node):
    async with node("one") as first, node("two") as second, node("three") as third:
        sent = [message("a", "b") for _ in range(150)]
        await asyncio.gather(*(first.queue.accept(one) for one in sent))
        taken = []

        async def claim_all(store, name):
            while parts := await claim(store, name, limit=7):
                taken.extend((part.message_id, part.number) for part in parts)

        await asyncio.gather(
            *(claim_all(*each) for each in [(first, "one"), (second, "two"), (third, "three")] * 2)
        )
        assert len(taken) == len(set(taken)) == 300


async def test_what_one_node_accepted_another_sends(node):
    async with node("api") as api, node("dispatch") as dispatch:
        one = message("a", "b")
        accepted = await api.queue.accept(one)
        parts = await claim(dispatch, "dispatch")
        assert [(part.text, part.reference) for part in parts] == [
            ("a", accepted.reference),
            ("b", accepted.reference),
        ]


async def test_parts_of_a_dead_node_are_taken_over_when_its_leases_expire(node):
    one = leased(category="code")
    async with node("dead") as dead:
        await dead.queue.accept(one)
    async with node("alive") as alive:
        soon, late = NOW_MS + LEASE_MS - 1, NOW_MS + LEASE_MS
        assert (
            await alive.queue.expire_leases(
                now_ms=soon, owner=None, repeats=RepeatPolicy(frozenset({"code"}))
            )
            == 0
        )
        assert (
            await alive.queue.expire_leases(
                now_ms=late, owner=None, repeats=RepeatPolicy(frozenset({"code"}))
            )
            == 1
        )
        [part] = await claim(alive, "alive", now_ms=late)
        assert (part.attempt, part.repeat) == (2, True)


async def test_each_expired_lease_is_handled_by_one_of_many_nodes(node):
    async with node("one") as first, node("two") as second:
        await asyncio.gather(*(first.queue.accept(leased()) for _ in range(700)))
        late = NOW_MS + LEASE_MS
        counts = await asyncio.gather(
            *(
                each.queue.expire_leases(now_ms=late, owner=None, repeats=RepeatPolicy())
                for each in (first, second)
            )
        )
        left = await first.queue.expire_leases(now_ms=late, owner=None, repeats=RepeatPolicy())
        assert sum(counts) + left == 700


async def test_a_request_id_used_at_two_nodes_at_once_is_accepted_once(node):
    async with node("one") as first, node("two") as second:
        for number in range(20):
            asked = [message(request=key(f"r-{number}")) for _ in range(6)]
            answers = await asyncio.gather(
                *((first, second)[at % 2].queue.accept(one) for at, one in enumerate(asked))
            )
            [won] = [at for at, answer in enumerate(answers) if answer == Accepted()]
            repeated = IdempotentReplay(same=True, message_id=asked[won].id, reason=None)
            assert answers.count(repeated) == 5


async def test_long_messages_of_two_nodes_to_one_esim_have_references_of_their_own(node):
    async with node("one") as first, node("two") as second:
        answers = await asyncio.gather(
            *((first, second)[at % 2].queue.accept(message("a", "b")) for at in range(60))
        )
        assert len({answer.reference for answer in answers}) == 60


# Receipts and answers.


async def test_a_receipt_may_come_to_another_node_than_the_answer(node):
    async with node("one") as first, node("two") as second:
        one = leased()
        await first.queue.accept(one)
        await first.queue.record([settlement(one, carrier_message_id="c-1")])
        await second.queue.record((), [receipt("c-1")])
        assert await state_of(first, one) is State.DELIVERED


async def test_a_receipt_at_another_node_waits_for_the_response(node):
    async with node("one") as first, node("two") as second:
        one = leased()
        await first.queue.accept(one)
        await second.queue.record((), [receipt("c-1")])
        await first.queue.record([settlement(one, carrier_message_id="c-1")])
        found = await second.log.find_message(1, one.id)
        assert found.state is State.DELIVERED
        assert [each.disposition for each in found.receipts] == [ReceiptDisposition.MATCHED]


async def test_concurrent_responses_and_receipts_on_two_nodes_always_match(node):
    """The later commit must see the earlier one; otherwise the receipt is never applied."""
    chance = random.Random(7)
    async with node("one") as first, node("two") as second:
        for number in range(120):
            sent = [leased() for _ in range(chance.randint(1, 4))]
            await asyncio.gather(*(first.queue.accept(one) for one in sent))
            ids = {one.id: f"c-{number}-{at}" for at, one in enumerate(sent)}
            receipts = [receipt(each) for each in ids.values()]
            chance.shuffle(receipts)
            await asyncio.gather(
                first.queue.record(
                    [settlement(one, carrier_message_id=ids[one.id]) for one in sent]
                ),
                second.queue.record((), receipts),
            )
            states = [await state_of(first, one) for one in sent]
            assert set(states) == {State.DELIVERED}


async def test_a_receipt_again_at_another_node_is_known_as_such(node):
    async with node("one") as first, node("two") as second:
        one = leased()
        await first.queue.accept(one)
        await first.queue.record([settlement(one, carrier_message_id="c-1")])
        await first.queue.record((), [receipt("c-1")])
        await second.queue.record((), [receipt("c-1")])
        await second.queue.record((), [receipt("c-1", State.FAILED)])
        kept = (await first.log.find_message(1, one.id)).receipts
        assert {each.disposition for each in kept} == {
            ReceiptDisposition.DUPLICATE,
            ReceiptDisposition.LATE,
        }


async def test_an_id_format_learned_by_one_node_is_known_to_the_other(node):
    async with node("one") as first, node("two") as second:
        handset = ("66812345678",)
        one, other = leased(), leased()
        for store, each, answered in ((first, one, "FEDCBA98"), (second, other, "ABCDEF01")):
            await store.queue.accept(each)
            await store.queue.record([settlement(each, carrier_message_id=answered)])
        await first.queue.record((), [receipt(str(0xFEDCBA98), numbers=handset)])
        # Without a number only a form that is known is believed.
        await second.queue.record((), [receipt(str(0xABCDEF01))])
        assert await state_of(second, other) is State.DELIVERED


async def test_maintenance_applies_receipts_left_between_two_commits_of_a_node(node, monkeypatch):
    async def died(*_):
        return None

    async with node("one") as store:
        one = leased()
        await store.queue.accept(one)
        await store.queue.record((), [receipt("c-1", at_ms=NOW_MS + 15)])
        monkeypatch.setattr("simpost.store.postgres.attempt_results.apply_parked", died)
        await store.queue.record([settlement(one, carrier_message_id="c-1")])
        assert await state_of(store, one) is State.SENT
        await store.retention.purge(now_ms=NOW_MS + 5_000, limit=100)
        assert await state_of(store, one) is State.DELIVERED


# Parts of one message on several nodes.


async def test_parts_settled_by_two_nodes_at_once_fold_into_one_state(node):
    async with node("one") as first, node("two") as second:
        for _ in range(40):
            one = leased("a", "b", "c", "d")
            await first.queue.accept(one)
            await asyncio.gather(
                first.queue.record([settlement(one, 1), settlement(one, 3)]),
                second.queue.record([settlement(one, 4), settlement(one, 2)]),
            )
            assert await state_of(first, one) is State.SENT
            [listed] = await second.log.list_messages(1, _sent_only())
            assert listed.id == one.id


async def test_outcomes_of_every_kind_from_two_nodes_leave_no_message_behind(node):
    """Locks are taken in any order: a deadlock aborted by the database is retried."""
    chance = random.Random(3)
    async with node("one") as first, node("two") as second:
        sent = [leased("a", "b", "c") for _ in range(30)]
        await asyncio.gather(*(first.queue.accept(one) for one in sent))
        kinds = (settlement, refused, in_doubt, turned_back)
        told = [
            chance.choice(kinds)(one, number) for one in sent for number in (1, 2, 3) for _ in "ab"
        ]
        chance.shuffle(told)
        await asyncio.gather(
            *((first, second)[at % 2].queue.record([each]) for at, each in enumerate(told))
        )
        for one in sent:
            found = await first.log.find_message(1, one.id)
            assert State.ACCEPTED not in {part.state for part in found.parts}


def _sent_only():
    from simpost.ports.store import MessageFilter

    return MessageFilter(state=State.SENT, limit=1)


# Waking.


async def test_parts_accepted_at_one_node_wake_the_others_and_not_itself(node):
    async with node("one") as first, node("two") as second:
        heard = {"one": asyncio.Queue(), "two": asyncio.Queue()}
        for name, store in (("one", first), ("two", second)):
            store.on_waiting(heard[name].put_nowait)
            await asyncio.wait_for(store.listener.listens.wait(), 60)
        await first.queue.accept(message())
        assert await asyncio.wait_for(heard["two"].get(), 60) == CARRIER
        await second.queue.accept(message(carrier="other"))
        assert await asyncio.wait_for(heard["one"].get(), 60) == "other"


async def test_parts_that_a_lane_took_wake_nobody(node):
    async with node("one") as first, node("two") as second:
        heard = asyncio.Queue()
        second.on_waiting(heard.put_nowait)
        await asyncio.wait_for(second.listener.listens.wait(), 60)
        await first.queue.accept(leased())
        await first.queue.accept(message(carrier="later"))
        assert await asyncio.wait_for(heard.get(), 60) == "later"


async def test_a_receipt_is_not_of_a_part_in_doubt_while_its_own_is_answered(node, monkeypatch):
    """The answer is committed by another node between two queries of the search."""
    async with node("one") as first, node("two") as second:
        one = leased("a", "b")
        await first.queue.accept(one)
        await first.queue.record([in_doubt(one, 1)])
        execute = PostgresSession.execute
        searched = []

        async def execute_and_answer(session, name, *parameters):
            rows = await execute(session, name, *parameters)
            if name in ("may_be_of_sibling", "answers_of_esim") and not searched:
                searched.append(name)
                await first.queue.record([settlement(one, 2, carrier_message_id="c-2")])
            return rows

        monkeypatch.setattr(PostgresSession, "execute", execute_and_answer)
        await second.queue.record((), [receipt("c-2", numbers=(one.destination,))])
        assert searched
        found = await first.log.find_message(one.account_id, one.id)
        assert [(part.state, part.carrier_message_id) for part in found.parts] == [
            (State.IN_DOUBT, None),
            (State.DELIVERED, "c-2"),
        ]
