"""Quotas on PostgreSQL: one statement for what fits, and a decision for each where it does not."""

import asyncio

import pytest
from msgspec.structs import replace

from simpost.domain.decision_record import encode_record, with_quotas
from simpost.domain.messages import Category, Priority
from simpost.domain.policy.quotas import Quota, QuotaKey, QuotaReached
from simpost.domain.reasons import Reason
from simpost.ports.store import Accepted, IdempotentReplay
from simpost.store.postgres import acceptance
from tests.contract.store_facts import DAY_MS, NOW_MS, key, message

TODAY = "2026-01-01"
SHOWN = ["esim_tran_no", "iccid", "destination", "sender", "category", "text", "encoding",
         "created_ms", "expires_ms", "caller_reference", "options"]  # fmt: skip


def limited(limit, *, amount=1, alarms=(50, 80, 100), parts=(), **changes):
    facts = (TODAY, amount, limit, Reason.BUDGET_REACHED, NOW_MS + DAY_MS, alarms)
    quotas = (Quota("budget:day:", *facts), Quota("budget:day:66", *facts))
    return message(*parts, quotas=quotas, **changes)


@pytest.fixture
def decided(monkeypatch):
    """How many messages each group had that did not fit into one statement."""
    groups = []
    accept_each = acceptance.accept_each

    async def counted(session, messages):
        groups.append(len(messages))
        return await accept_each(session, messages)

    monkeypatch.setattr(acceptance, "accept_each", counted)
    return groups


async def used(store):
    return await store.quotas.find_used([QuotaKey(1, "budget:day:", TODAY)])


async def test_messages_within_their_quotas_are_one_statement(node, decided):
    async with node() as store:
        some = [limited(1_000), limited(1_000, parts=("one ", "two")), message()]
        some += [limited(1_000, request=key(f"r-{number}")) for number in range(20)]
        answers = await asyncio.gather(*map(store.queue.accept, some))
        assert {type(each) for each in answers} == {Accepted}
        assert decided == []
        assert await used(store) == [22]
        for one in some:
            shown = await store.log.find_message(1, one.id)
            assert len(shown.parts) == len(one.parts)


DIFFERENT = {
    "account_id": 2,
    "iccid": "8985200000000000002",
    "destination": "447700900001",
    "sender": "Hotel",
    "carrier": "other",
    "category": Category.NOTICE,
    "priority": Priority.BULK,
    "encoding": "ucs2",
    "caller_reference": "order 7",
    "part_count": 3,
    "lease_ms": NOW_MS + DAY_MS,
    "decision": encode_record(with_quotas(None, limited(9, alarms=()).quotas[:1])),
}


@pytest.mark.parametrize("counts", [False, True], ids=["plain", "counting"])
async def test_what_differs_in_a_group_is_kept_of_each_message(node, decided, counts):
    """Arrays of the statement are short where all messages are alike."""
    quotas = limited(1_000_000, alarms=()).quotas
    async with node() as store:
        some = [message(), *(message(**{name: value}) for name, value in DIFFERENT.items())]
        some += [message(**DIFFERENT), message("one ", "two"), message(request=key())]
        if counts:
            used = [(), quotas[:1], quotas, (replace(quotas[0], period="2026-01-02", amount=7),)]
            some = [replace(one, quotas=used[at % 4]) for at, one in enumerate(some)]
        answers = await asyncio.gather(*map(store.queue.accept, some))
        assert {type(each) for each in answers} == {Accepted}
        assert decided == []
        for one in some:
            shown = await store.log.find_message(one.account_id, one.id)
            assert [getattr(shown, name) for name in SHOWN] == [
                getattr(one, name) for name in SHOWN
            ]
            assert shown.part_count == (one.part_count or len(one.parts))
            assert shown.parts[0].carrier == one.carrier
            assert shown.request_id == (one.request and one.request.request_id)
            assert bool(shown.decisions) == (one.decision is not None)
        for account_id in (1, 2):
            for period, quota in (TODAY, quotas[0]), (TODAY, quotas[1]), ("2026-01-02", quotas[0]):
                wanted = QuotaKey(account_id, quota.counter, period)
                uses = [
                    each.amount
                    for one in some
                    for each in one.quotas
                    if (one.account_id, each.counter, each.period) == wanted
                ]
                assert await store.quotas.find_used([wanted]) == [sum(uses)]


@pytest.mark.parametrize("reason", ["quota", "alarm", "replay", "replay at once"])
async def test_what_does_not_fit_is_decided_by_itself(node, decided, reason):
    async with node() as store:
        if reason == "quota":
            some, count = [limited(2, alarms=()) for _ in range(3)], 2
        elif reason == "alarm":
            some, count = [limited(10) for _ in range(5)], 5
        elif reason == "replay":
            await store.queue.accept(limited(1_000, request=key()))
            some, count = [limited(1_000), limited(1_000, request=key())], 2
        else:
            some, count = [limited(1_000, request=key()) for _ in range(2)], 1
        answers = await asyncio.gather(*map(store.queue.accept, some))
        assert sum(decided) == len(some)
        assert await used(store) == [count]
        kinds = {"quota": QuotaReached, "alarm": Accepted}
        assert kinds.get(reason, IdempotentReplay) in {type(each) for each in answers}


async def test_two_nodes_never_exceed_a_quota_together(node):
    async with node() as one, node("other") as other:
        answers = await asyncio.gather(
            *(each.queue.accept(limited(77)) for each in (one, other) for _ in range(100))
        )
        assert sum(isinstance(each, Accepted) for each in answers) == 77
        alarms = [
            alarm.percent
            for each in answers
            for alarm in each.alarms
            if alarm.quota.counter == "budget:day:"
        ]
        assert sorted(alarms) == [50, 80, 100]
        assert await used(one) == [77]


def recorded(**changes):
    one = limited(3, alarms=(), **changes)
    return replace(one, decision=encode_record(with_quotas(None, one.quotas)))


async def kept(store, one):
    [record] = (await store.log.find_message(1, one.id)).decisions
    return record.used


async def test_a_replayed_request_is_not_counted_for_those_behind_it(node, decided):
    async with node() as store:
        first = recorded(request=key("r-1"))
        assert isinstance(await store.queue.accept(first), Accepted)
        again, second, third = recorded(request=key("r-1")), recorded(), recorded()
        batch = (again, second, third)
        replay, *answers = await asyncio.gather(*map(store.queue.accept, batch))
        assert decided[-1] == 3
        assert (replay.message_id, replay.same) == (first.id, True)
        assert {type(each) for each in answers} == {Accepted}
        assert [await kept(store, each) for each in (first, second, third)] == [
            (0, 0),
            (1, 1),
            (2, 2),
        ]
        assert await used(store) == [3]


async def test_a_request_twice_in_one_group_is_counted_once(node, decided):
    async with node() as store:
        batch = [recorded(request=key("r-1")), recorded(request=key("r-1")), recorded(), recorded()]
        answers = await asyncio.gather(*map(store.queue.accept, batch))
        assert decided[-1] == 4
        kinds = [Accepted, IdempotentReplay, Accepted, Accepted]
        assert [type(each) for each in answers] == kinds
        assert [await kept(store, batch[place]) for place in (0, 2, 3)] == [(0, 0), (1, 1), (2, 2)]
        assert await used(store) == [3]


async def test_a_replay_is_answered_when_the_quota_is_used_up(node):
    async with node() as store:
        batch = [recorded(request=key(f"r-{number}")) for number in range(4)]
        answers = await asyncio.gather(*map(store.queue.accept, batch))
        assert [type(each) for each in answers] == [*[Accepted] * 3, QuotaReached]
        again = recorded(request=key("r-0"))
        replay, refused = await asyncio.gather(*map(store.queue.accept, (again, recorded())))
        assert (replay.message_id, replay.same) == (batch[0].id, True)
        assert isinstance(refused, QuotaReached)
