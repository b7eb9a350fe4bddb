"""Batches of a shared rate limit: what a node requests, uses and discards."""

import asyncio

import pytest

from simpost.cluster.shared_rate_limit import SharedRateLimits
from simpost.domain.accounts import Account

SLOW = Account(id=1, access_code="slow", secret="s", requests_per_s=8)
RARE = Account(id=3, access_code="rare", secret="s", requests_per_s=0.001)
FAST = Account(id=2, access_code="fast", secret="s", requests_per_s=1_000)


class Counting:
    """The store of a node, with a count of its calls."""

    def __init__(self, store):
        self._store = store
        self.drawn = []

    async def draw(self, one):
        self.drawn.append(one.wanted)
        return await self._store.draw(one)


class Time:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def store(open_nodes):
    return Counting(open_nodes("a"))


@pytest.fixture
def time_s():
    return Time()


@pytest.fixture
def paces(store, time_s):
    return SharedRateLimits(store, time_s)


async def passes(paces, account):
    return paces.take(account) or not await paces.draw(account)


async def test_with_a_small_limit_each_request_asks_the_database(paces, store):
    for _ in range(4):
        assert await passes(paces, SLOW)
    assert store.drawn == [1] * 4


async def test_with_a_large_limit_one_batch_of_tokens_serves_many(paces, store):
    for _ in range(100):
        assert await passes(paces, FAST)
    assert store.drawn == [50, 50]


async def test_the_rest_of_a_batch_is_discarded_after_a_second(paces, store, time_s):
    assert await passes(paces, FAST)
    time_s.now_s += 1.0
    assert not paces.take(FAST)
    assert await passes(paces, FAST)
    assert store.drawn == [50, 50]


async def test_of_many_that_wait_for_tokens_one_asks_for_all(paces, store):
    told = await asyncio.gather(*(paces.draw(RARE) for _ in range(40)))
    assert told.count(0.0) == 1
    assert all(900 < wait_s <= 1_000 for wait_s in told if wait_s)
    assert len(store.drawn) == 2


async def test_a_changed_limit_uses_no_tokens_of_the_old_one(paces):
    assert await passes(paces, FAST)
    paces.discard(FAST)
    assert not paces.take(FAST)
