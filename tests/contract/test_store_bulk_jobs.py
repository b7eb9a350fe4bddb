"""Bulk jobs: an item is noted once and recorded once, and the counts always add up."""

import asyncio

from simpost.domain.bulk_jobs import (
    MAX_UNFINISHED,
    BulkItemState,
    BulkJob,
    BulkReason,
    BulkResult,
    BulkSelection,
    BulkStatus,
    BulkVerb,
)
from simpost.domain.states import State
from simpost.ports.store.bulk_jobs import NotedItems
from tests.contract.store_facts import NOW_MS, new_id

DUE_MS = NOW_MS + 30_000
LEASE_MS = 60_000
DONE, SKIPPED, FAILED = BulkItemState.DONE, BulkItemState.SKIPPED, BulkItemState.FAILED


def job(**fields):
    facts = {
        "account_id": 1,
        "id": new_id(NOW_MS),
        "verb": BulkVerb.CANCEL,
        "selection": BulkSelection(state=State.HELD, reference="ticket 7"),
        "created_ms": NOW_MS,
        "due_ms": DUE_MS,
        "begun_by": "ann",
    }
    return BulkJob(**facts | fields)


async def noted(store, *items, **fields):
    """A job with these items, of which nothing was done."""
    added = await store.bulk_jobs.add(job(**fields))
    return await store.bulk_jobs.note(added, NotedItems(items, None), now_ms=NOW_MS)


async def find(store, one):
    found = await store.bulk_jobs.find(one.account_id, one.id)
    assert found.done + found.skipped + found.failed + found.remaining == found.total
    return found


async def items(store, one, **which):
    found = await store.bulk_jobs.list_items(1, one.id, **{"after": "", "limit": 9} | which)
    return [(each.item, each.state) for each in found]


async def claim(store, now_ms):
    return await store.bulk_jobs.claim(now_ms=now_ms, lease_ms=now_ms + LEASE_MS)


async def test_a_job_is_kept_as_it_was_begun(store):
    one = job(request_id="r", fingerprint=b"f")
    assert await store.bulk_jobs.add(one) == one
    assert await find(store, one) == one
    assert await store.bulk_jobs.list_jobs(1, before=None, limit=9) == [one]
    assert await store.bulk_jobs.list_jobs(1, before=one.id, limit=9) == []


async def test_another_account_sees_nothing_of_a_job(store):
    one = await noted(store, "a")
    assert await store.bulk_jobs.find(2, one.id) is None
    assert await store.bulk_jobs.list_jobs(2, before=None, limit=9) == []
    assert await store.bulk_jobs.list_items(2, one.id, after="", limit=9) == []
    assert await store.bulk_jobs.end(2, one.id, actor="", now_ms=NOW_MS) is None
    assert (await find(store, one)).status is BulkStatus.WAITING


async def test_a_repeated_request_begins_one_job(store):
    added = await asyncio.gather(
        *(store.bulk_jobs.add(job(request_id="r", fingerprint=b"f")) for _ in range(3))
    )
    assert len({each.id for each in added}) == 1
    assert len(await store.bulk_jobs.list_jobs(1, before=None, limit=9)) == 1


async def test_an_account_has_a_limited_number_of_jobs_that_are_not_over(store):
    jobs = [await store.bulk_jobs.add(job()) for _ in range(MAX_UNFINISHED)]
    assert await store.bulk_jobs.add(job()) is None
    assert await store.bulk_jobs.add(job(account_id=2)) is not None
    await store.bulk_jobs.end(1, jobs[0].id, actor="ann", now_ms=NOW_MS)
    assert await store.bulk_jobs.add(job()) is not None


async def test_items_are_noted_in_pages_and_once(store):
    added = await store.bulk_jobs.add(job())
    first = await store.bulk_jobs.note(added, NotedItems(("c", "b"), "b"), now_ms=NOW_MS)
    assert (first.total, first.place, first.is_noted) == (2, "b", False)
    stale = await store.bulk_jobs.note(added, NotedItems(("z",), None), now_ms=NOW_MS)
    assert stale == first  # by a node that lost its lease
    last = await store.bulk_jobs.note(first, NotedItems(("b", "a"), None, True), now_ms=NOW_MS)
    assert (last.total, last.is_noted, last.is_cut) == (3, True, True)
    assert [item for item, _ in await items(store, added)] == ["a", "b", "c"]
    assert await items(store, added, after="a", limit=1) == [("b", BulkItemState.WAITING)]


async def test_a_job_is_claimed_by_one_and_again_after_its_lease(store):
    one = await store.bulk_jobs.add(job())
    found = await asyncio.gather(*(claim(store, NOW_MS) for _ in range(3)))
    assert [each.id for each in found if each] == [one.id]
    assert await claim(store, NOW_MS + LEASE_MS - 1) is None
    assert (await claim(store, NOW_MS + LEASE_MS)).id == one.id


async def test_a_job_whose_items_are_noted_is_not_claimed_before_it_is_due(store):
    one = await noted(store, "a")
    assert await claim(store, DUE_MS - 1) is None
    assert (await claim(store, DUE_MS)).id == one.id


async def test_the_job_that_waited_longest_has_its_turn_first(store):
    late, early = await noted(store, "a", due_ms=DUE_MS + 5), await noted(store, "a")
    assert (await claim(store, DUE_MS + 9)).id == early.id
    assert (await claim(store, DUE_MS + 9)).id == late.id


async def test_items_are_taken_until_each_has_a_result(store):
    one = await noted(store, "a", "b", "c")
    assert await store.bulk_jobs.take(one, limit=2) == ["a", "b"]
    assert (await find(store, one)).status is BulkStatus.WORKING
    results = [
        BulkResult("a", DONE, detail="new"),
        BulkResult("b", SKIPPED, BulkReason.HAS_LEFT, "sent"),
    ]
    after = await store.bulk_jobs.record(one, results, now_ms=DUE_MS)
    assert (after.done, after.skipped, after.remaining) == (1, 1, 1)
    assert await store.bulk_jobs.take(one, limit=2) == ["c"]
    last = [BulkResult("c", FAILED, BulkReason.REFUSED, "opted_out")]
    over = await store.bulk_jobs.record(one, last, now_ms=DUE_MS + 1)
    assert (over.status, over.failed, over.ended_ms) == (BulkStatus.FINISHED, 1, DUE_MS + 1)
    listed = await store.bulk_jobs.list_items(1, one.id, after="", limit=9)
    assert listed == results + last
    assert await items(store, one, state=SKIPPED) == [("b", SKIPPED)]
    assert await claim(store, DUE_MS + 2 * LEASE_MS) is None


async def test_a_result_counts_once_whoever_records_it(store):
    one = await noted(store, "a", "b")
    await store.bulk_jobs.take(one, limit=9)
    results = [BulkResult("a", DONE), BulkResult("b", DONE)]
    await asyncio.gather(
        *(store.bulk_jobs.record(one, results, now_ms=DUE_MS) for _ in range(3)),
        store.bulk_jobs.record(one, [BulkResult("a", FAILED)], now_ms=DUE_MS),
    )
    found = await find(store, one)
    assert found.total == found.done + found.failed == 2
    assert found.status is BulkStatus.FINISHED


async def test_a_job_without_items_finishes(store):
    one = await noted(store)
    assert await store.bulk_jobs.take(one, limit=9) == []
    over = await store.bulk_jobs.record(one, [], now_ms=DUE_MS)
    assert (over.status, over.total) == (BulkStatus.FINISHED, 0)


async def test_a_job_that_is_undone_gives_no_items(store):
    one = await noted(store, "a")
    undone = await store.bulk_jobs.end(1, one.id, actor="bob", now_ms=DUE_MS - 1)
    assert (undone.status, undone.ended_by) == (BulkStatus.UNDONE, "bob")
    assert await store.bulk_jobs.take(one, limit=9) == []
    assert await claim(store, DUE_MS + LEASE_MS) is None
    again = await store.bulk_jobs.end(1, one.id, actor="cid", now_ms=DUE_MS)
    assert again == undone
    noted_late = await store.bulk_jobs.note(one, NotedItems(("b",), None), now_ms=DUE_MS)
    assert noted_late == undone


async def test_a_slice_that_was_taken_is_recorded_after_a_stop(store):
    one = await noted(store, "a", "b")
    await store.bulk_jobs.take(one, limit=1)
    stopped = await store.bulk_jobs.end(1, one.id, actor="bob", now_ms=DUE_MS)
    assert stopped.status is BulkStatus.STOPPED
    after = await store.bulk_jobs.record(one, [BulkResult("a", DONE)], now_ms=DUE_MS)
    assert (after.status, after.done, after.remaining) == (BulkStatus.STOPPED, 1, 1)
    assert await store.bulk_jobs.take(one, limit=9) == []


async def test_old_jobs_are_deleted_with_their_items(store):
    old = await noted(store, *(f"{number:04}" for number in range(600)))
    young, open_ = await noted(store, "a"), await noted(store, "a")
    await store.bulk_jobs.end(1, old.id, actor="", now_ms=NOW_MS)
    await store.bulk_jobs.end(1, young.id, actor="", now_ms=NOW_MS + 10)
    deleted = [await store.bulk_jobs.delete_old(before_ms=NOW_MS + 5) for _ in range(3)]
    assert deleted == [501, 101, 0]
    left = await store.bulk_jobs.list_jobs(1, before=None, limit=9)
    assert {each.id for each in left} == {young.id, open_.id}
    assert await items(store, old) == []


async def test_a_selection_is_kept_whole(store):
    whole = BulkSelection(
        ids=("a", "b"), state=State.FAILED, from_ms=1, to_ms=2, template="t", webhook="w"
    )
    one = await store.bulk_jobs.add(job(selection=whole))
    assert (await find(store, one)).selection == whole
