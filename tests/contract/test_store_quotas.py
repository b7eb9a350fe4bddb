"""Quotas: counted in the commit of a message, and never exceeded."""

import asyncio

import pytest

from simpost.domain.policy.quotas import Quota, QuotaReached
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Accepted, IdempotentReplay, MessageFilter
from tests.contract.store_facts import DAY_MS, DUE_MS, NOW_MS, held, key, message

pytestmark = pytest.mark.asyncio

TODAY = "2026-01-01"


def quota(counter="notice:1", *, limit=2, amount=1, period=TODAY, expires_ms=NOW_MS + DAY_MS):
    return Quota(counter, period, amount, limit, Reason.CAP_REACHED, expires_ms)


def limited(*quotas, **changes):
    return message(quotas=quotas or (quota(),), **changes)


async def texts(store):
    return len(await store.log.list_messages(1, MessageFilter(limit=200)))


async def test_messages_are_counted_until_the_quota_is_reached(store):
    assert await store.queue.accept(limited()) == Accepted(used=(1,))
    assert await store.queue.accept(limited()) == Accepted(used=(2,))
    assert await store.queue.accept(limited()) == QuotaReached(quota(), 2)
    assert await texts(store) == 2


async def test_messages_without_quotas_count_nowhere(store):
    for _ in range(3):
        assert await store.queue.accept(message()) == Accepted()
    assert await store.queue.accept(limited()) == Accepted(used=(1,))


@pytest.mark.parametrize(
    "other",
    [
        {"quotas": (quota("notice:2"),)},
        {"quotas": (quota(period="2026-01-02"),)},
        {"quotas": (quota(),), "account_id": 2},
    ],
)
async def test_counters_periods_and_accounts_are_counted_apart(store, other):
    await store.queue.accept(limited(quota(limit=1)))
    assert await store.queue.accept(message(**other)) == Accepted(used=(1,))


async def test_a_message_counts_for_all_of_its_quotas_or_for_none(store):
    narrow, wide = quota("narrow", limit=1), quota("wide", limit=100, amount=3)
    assert await store.queue.accept(limited(wide, narrow)) == Accepted(used=(3, 1))
    assert await store.queue.accept(limited(wide, narrow)) == QuotaReached(narrow, 1)
    assert await store.queue.accept(limited(wide)) == Accepted(used=(6,))


async def test_an_amount_that_does_not_fit_leaves_the_rest_to_smaller_ones(store):
    assert await store.queue.accept(limited(quota(limit=5, amount=4))) == Accepted(used=(4,))
    assert await store.queue.accept(limited(quota(limit=5, amount=2))) == QuotaReached(
        quota(limit=5, amount=2), 4
    )
    assert await store.queue.accept(limited(quota(limit=5, amount=1))) == Accepted(used=(5,))


async def test_a_repeated_request_counts_once(store):
    first = limited(quota(limit=1), request=key())
    assert await store.queue.accept(first) == Accepted(used=(1,))
    replay = IdempotentReplay(same=True, message_id=first.id, reason=None)
    for _ in range(2):
        assert await store.queue.accept(limited(quota(limit=1), request=key())) == replay
    other = limited(quota(limit=1), request=key(fingerprint=b"other"))
    assert await store.queue.accept(other) == IdempotentReplay(
        same=False, message_id=first.id, reason=None
    )


async def test_a_repeated_request_gives_its_count_back(store):
    first = limited(quota(limit=2), request=key())
    await store.queue.accept(first)
    replays = await asyncio.gather(
        *(store.queue.accept(limited(quota(limit=2), request=key())) for _ in range(5))
    )
    assert {type(replay) for replay in replays} == {IdempotentReplay}
    assert await store.queue.accept(limited(quota(limit=2))) == Accepted(used=(2,))


async def test_a_request_id_is_not_used_by_a_message_over_its_quota(store):
    await store.queue.accept(limited(quota(limit=1)))
    refused = await store.queue.accept(limited(quota(limit=1), request=key()))
    assert isinstance(refused, QuotaReached)
    assert await store.queue.accept(message(request=key())) == Accepted()


async def test_a_signature_is_not_used_by_a_message_over_its_quota(store):
    await store.queue.accept(limited(quota(limit=1)))
    signed = key().__class__("r-2", b"same", NOW_MS - DAY_MS, signature="ab" * 32)
    assert isinstance(
        await store.queue.accept(limited(quota(limit=1), request=signed)), QuotaReached
    )
    one = message(request=signed)
    assert await store.queue.accept(one) == Accepted()
    assert await store.queue.accept(limited(quota(limit=1), request=signed)) == IdempotentReplay(
        same=True, message_id=one.id, reason=None
    )


async def test_of_many_at_once_exactly_as_many_as_allowed_are_committed(store):
    results = await asyncio.gather(
        *(store.queue.accept(limited(quota(limit=7))) for _ in range(100))
    )
    accepted = [one for one in results if isinstance(one, Accepted)]
    assert sorted(one.used for one in accepted) == [(n,) for n in range(1, 8)]
    assert await texts(store) == 7


async def test_a_held_message_counts_when_it_is_released(store):
    await store.held.hold(held(quotas=(quota(limit=1),)))
    first, second = held(quotas=(quota(limit=1),)), held(quotas=(quota(limit=1),))
    await store.held.hold(first)
    await store.held.hold(second)
    released = await store.held.release_held([first.message, second.message], now_ms=DUE_MS)
    assert released == [True, QuotaReached(quota(limit=1), 1)]
    shown = await store.log.find_message(1, second.message.id)
    assert shown.state is State.SCHEDULED


async def test_a_message_that_is_not_released_gives_its_count_back(store):
    one = held(quotas=(quota(limit=1),))
    await store.held.hold(one)
    assert await store.held.cancel_message(1, one.message.id, now_ms=NOW_MS)
    assert await store.held.release_held([one.message], now_ms=DUE_MS) == [False]
    assert await store.queue.accept(limited(quota(limit=1))) == Accepted(used=(1,))


async def test_counts_of_past_periods_are_deleted(store):
    await store.queue.accept(limited(quota(limit=1, expires_ms=NOW_MS)))
    assert await store.retention.purge(now_ms=NOW_MS, limit=10) == 0
    assert await store.retention.purge(now_ms=NOW_MS + 1, limit=10) == 1
    assert await store.queue.accept(limited(quota(limit=1))) == Accepted(used=(1,))
