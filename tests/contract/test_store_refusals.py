"""Refused texts are listed with their reason, up to a limit for each account and day."""

import asyncio

from simpost.domain.reasons import Reason
from simpost.ports.store.refusals import (
    MOST_A_DAY,
    RefusalBatch,
    RefusalFilter,
    RefusalRecord,
    UnlistedDay,
)
from tests.contract.store_facts import DAY_MS, NOW_MS, new_id

TODAY = NOW_MS // DAY_MS


def refusal(at_ms=NOW_MS, **changes):
    facts = {
        "account_id": 1,
        "id": new_id(at_ms),
        "esim_tran_no": "23072017992029",
        "iccid": "8985200000000000001",
        "reason": Reason.NOT_INSTALLED,
        "request_id": "r-1",
        "created_ms": at_ms,
    }
    return RefusalRecord(**{**facts, **changes})


async def add(store, *refusals, **rest):
    await store.refusals.add_refusals(RefusalBatch(refusals, rest.get("not_listed", {})))


async def listed(store, account_id=1, **which):
    return await store.refusals.list_refusals(account_id, RefusalFilter(**which))


async def test_a_refusal_comes_back_as_it_was_noted(opening):
    whole = refusal()
    bare = refusal(esim_tran_no=None, iccid=None, request_id=None)
    async with opening() as store:
        await add(store, whole, bare)
    async with opening() as store:
        assert await listed(store) == [bare, whole]


async def test_an_account_sees_its_own_refusals_only(store):
    await add(store, refusal(account_id=2))
    assert await listed(store) == []
    assert len(await listed(store, account_id=2)) == 1


async def test_refusals_are_found_by_esim_iccid_reason_and_time(store):
    one = refusal()
    other = refusal(
        NOW_MS + 60_000, esim_tran_no="1", iccid="8", reason=Reason.ESIM_EXPIRED, request_id=None
    )
    await add(store, one, other)
    assert await listed(store, esim_tran_no="1") == [other]
    assert await listed(store, iccid=one.iccid) == [one]
    assert await listed(store, reason=Reason.ESIM_EXPIRED) == [other]
    assert await listed(store, from_ms=NOW_MS + 1) == [other]
    assert await listed(store, to_ms=NOW_MS) == [one]
    assert await listed(store, esim_tran_no="1", reason=Reason.NOT_INSTALLED) == []
    assert await listed(store, iccid="a NUL \0") == []


async def test_pages_follow_one_another_without_a_gap(store):
    refusals = [refusal(NOW_MS + number) for number in range(5)]
    await add(store, *refusals)
    first = await listed(store, limit=2)
    second = await listed(store, limit=2, before=first[-1].id)
    third = await listed(store, limit=2, before=second[-1].id)
    assert [*first, *second, *third] == refusals[::-1]


async def test_a_day_lists_a_limited_number_of_refusals_and_counts_the_others(store):
    await add(store, *(refusal() for _ in range(MOST_A_DAY - 1)))
    await add(store, *(refusal() for _ in range(3)), not_listed={(1, TODAY): 40})
    await add(store, refusal(account_id=2), refusal(NOW_MS + DAY_MS))
    assert len(await listed(store, to_ms=NOW_MS, limit=MOST_A_DAY + 10)) == MOST_A_DAY
    assert await store.refusals.unlisted_refusals(1) == [UnlistedDay(TODAY, 42)]
    assert await store.refusals.unlisted_refusals(2) == []
    assert len(await listed(store, from_ms=NOW_MS + 1)) == 1


async def test_concurrent_writers_do_not_exceed_the_daily_limit(store):
    batches = [[refusal() for _ in range(300)] for _ in range(6)]
    await asyncio.gather(*(add(store, *batch) for batch in batches))
    assert len(await listed(store, limit=MOST_A_DAY * 2)) == MOST_A_DAY
    assert await store.refusals.unlisted_refusals(1) == [UnlistedDay(TODAY, 1_800 - MOST_A_DAY)]


async def test_old_refusals_are_dropped_in_steps(store):
    old = [refusal(NOW_MS - 3 * DAY_MS + number) for number in range(3)]
    young = refusal()
    await add(store, *old, young, not_listed={(1, TODAY - 3): 5, (1, TODAY): 1})
    before_ms = NOW_MS - DAY_MS
    assert await store.retention.delete_refusals(before_ms=before_ms, limit=2) == 2
    assert await store.retention.delete_refusals(before_ms=before_ms, limit=2) == 1
    assert await listed(store) == [young]
    assert await store.refusals.unlisted_refusals(1) == [UnlistedDay(TODAY, 1)]
