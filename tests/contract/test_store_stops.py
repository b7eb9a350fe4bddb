"""Stops: one per scope, read as they were saved."""

import pytest

from simpost.domain.messages import Category
from simpost.domain.policy.stops import Stop, StopScope
from tests.contract.store_facts import NOW_MS

SCOPES = [
    StopScope(),
    StopScope(account_id=7),
    StopScope(category=Category.PROMOTION),
    StopScope(country="GB"),
    StopScope(7, Category.NOTICE, "FR"),
]


def stop(scope, *, codes=False, reason="the key leaked", since_ms=NOW_MS):
    return Stop(scope, codes, reason, since_ms)


async def test_stops_of_every_scope_are_listed_oldest_first(opening):
    stops = [stop(scope, since_ms=NOW_MS + at) for at, scope in enumerate(SCOPES)]
    async with opening() as store:
        for one in reversed(stops):
            await store.stops.save_stop(one)
    async with opening() as store:
        assert await store.stops.list_stops() == stops


async def test_a_second_stop_of_a_scope_replaces_the_first(store):
    await store.stops.save_stop(stop(StopScope()))
    second = stop(StopScope(), codes=True, reason="größer", since_ms=NOW_MS + 1)
    await store.stops.save_stop(second)
    assert await store.stops.list_stops() == [second]


@pytest.mark.parametrize("scope", SCOPES)
async def test_only_the_stop_of_exactly_the_scope_is_deleted(store, scope):
    for each in SCOPES:
        await store.stops.save_stop(stop(each))
    assert await store.stops.delete_stop(scope)
    assert not await store.stops.delete_stop(scope)
    left = [one.scope for one in await store.stops.list_stops()]
    assert sorted(map(repr, left)) == sorted(repr(each) for each in SCOPES if each != scope)
