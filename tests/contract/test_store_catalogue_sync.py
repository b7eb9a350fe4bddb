"""Copies of suppliers' catalogues: one pull at a time, and eSIMs that a source lists no more."""

import asyncio

from simpost.domain.catalogue_sync import RefusedSourceRow, RowCounts, SyncReport, SyncState
from tests.contract.store_facts import NOW_MS, esim, plan

LATER_MS = NOW_MS + 1_000
REPORT = SyncReport(
    is_full=True,
    plans=RowCounts(1, 2, 3, 4),
    refused=[RefusedSourceRow("26", "iccid is wrong")],
    missing=0,
)


async def begin(store, name="a", now_ms=NOW_MS, *, is_dry=False):
    return await store.catalogue_syncs.begin_sync(
        name, now_ms=now_ms, lease_ms=now_ms + 500, is_dry=is_dry
    )


async def test_a_pull_begins_once_until_its_end_or_the_end_of_its_lease(store):
    syncs = store.catalogue_syncs
    assert sorted(await asyncio.gather(*(begin(store) for _ in range(5)))) == [False] * 4 + [True]
    assert await begin(store, "b")
    assert not await begin(store, now_ms=NOW_MS + 499)
    assert await syncs.extend_sync("a", started_ms=NOW_MS, lease_ms=NOW_MS + 600)
    assert not await begin(store, now_ms=NOW_MS + 599)
    assert await begin(store, now_ms=NOW_MS + 600, is_dry=True)
    # The first one lost its lease: nothing that it says counts.
    assert not await syncs.extend_sync("a", started_ms=NOW_MS, lease_ms=NOW_MS + 900)
    assert not await syncs.end_sync(SyncState("a", started_ms=NOW_MS, ended_ms=LATER_MS))
    ended = SyncState("a", started_ms=NOW_MS + 600, ended_ms=LATER_MS, problem="no")
    assert await syncs.end_sync(ended)
    assert await begin(store, now_ms=NOW_MS + 601)


async def test_the_state_is_read_as_it_was_saved(opening):
    async with opening() as store:
        await begin(store)
        ended = SyncState(
            "a", NOW_MS, None, NOW_MS, LATER_MS, NOW_MS + 500, is_dry=False, report=REPORT
        )
        assert await store.catalogue_syncs.end_sync(ended)
    async with opening() as store:
        assert await store.catalogue_syncs.list_syncs() == [ended]
        assert await begin(store, now_ms=LATER_MS, is_dry=True)
        [running] = await store.catalogue_syncs.list_syncs()
    assert (running.applied_ms, running.is_dry, running.report) == (NOW_MS, True, None)
    assert running.is_running(LATER_MS + 499)
    assert not running.is_running(LATER_MS + 500)


async def test_missing_esims_are_marked_once_until_they_are_listed_again(store):
    syncs = store.catalogue_syncs
    await syncs.note_listed("a", ["1", "3", "2", "3"])
    await syncs.note_listed("b", ["9"])
    assert await syncs.mark_missing("a", ["2", "3", "9"], now_ms=NOW_MS) == 2
    assert await syncs.mark_missing("a", ["3"], now_ms=LATER_MS) == 0
    await syncs.note_listed("a", ["3"])

    async def listed(after, limit=10):
        found = await syncs.list_listed("a", after=after, limit=limit)
        return [(each.esim_tran_no, each.missing_ms) for each in found]

    assert await listed("") == [("1", None), ("2", NOW_MS), ("3", None)]
    assert await listed("1", 1) == [("2", NOW_MS)]


async def test_a_comparison_counts_as_a_merge_and_writes_nothing(store):
    catalogue = store.catalogue
    await catalogue.merge_plans([plan("a")])
    await catalogue.merge_esims(1, [esim("1")])
    await catalogue.merge_esims(2, [esim("5")])
    esims = [esim("1"), esim("2"), esim("1", msisdn="66800000001"), esim("5")]
    plans = [plan("a"), plan("b"), plan("a", sms_status=2)]
    before = await catalogue.all_plans(after="", limit=9)
    compared = await catalogue.compare_plans(plans), await catalogue.compare_esims(1, esims)
    assert (compared[0].added, compared[0].changed, compared[0].unchanged) == (1, 1, 1)
    assert (compared[1].added, compared[1].changed, compared[1].unchanged) == (1, 1, 1)
    assert compared[1].foreign == ["5"]
    assert await catalogue.all_plans(after="", limit=9) == before
    assert await catalogue.find_esim(1, esim_tran_no="2", iccid=None) is None
    assert await catalogue.merge_plans(plans) == compared[0]
    assert await catalogue.merge_esims(1, esims) == compared[1]
