"""What a store tells whoever watches it: what waits and since when, and whether it can commit."""

import asyncio

from tests.contract.store_facts import CARRIER, LEASE_MS, NOW_MS, OWNER, leased, message


async def queues(store):
    return {each.carrier: each for each in await store.queues()}


async def test_an_empty_store_has_no_queues(store):
    assert await store.queues() == []


async def test_a_queue_is_counted_in_parts_and_as_old_as_its_oldest_message(store):
    await store.accept(message("one", "two", at_ms=NOW_MS - 7000))
    await store.accept(message(at_ms=NOW_MS))
    await store.accept(message(carrier="other", at_ms=NOW_MS - 9000))
    found = await queues(store)
    assert found.keys() == {CARRIER, "other"}
    assert (found[CARRIER].parts, found[CARRIER].oldest_ms) == (3, NOW_MS - 7000)
    assert (found["other"].parts, found["other"].oldest_ms) == (1, NOW_MS - 9000)


async def test_what_a_lane_holds_does_not_wait(store):
    await store.accept(leased())
    await store.accept(message())
    lease_ms = NOW_MS + LEASE_MS
    assert await store.claim(CARRIER, limit=9, now_ms=NOW_MS, owner=OWNER, lease_ms=lease_ms)
    assert await store.queues() == []


async def test_a_probe_commits_and_leaves_what_is_stored_alone(store):
    one = message()
    await store.accept(one)
    for at_ms in (NOW_MS, NOW_MS + 1):
        await store.probe(now_ms=at_ms)
    assert (await store.find_message(1, one.id)).text == one.text


async def test_commits_are_counted_with_what_shared_them(store):
    before = sum(store.counts().commit_jobs.counts), store.counts().commit_jobs.total
    await asyncio.gather(*(store.accept(message()) for _ in range(20)))
    counts = store.counts()
    commits = sum(counts.commit_jobs.counts) - before[0]
    assert 1 <= commits <= 20
    assert counts.commit_jobs.total - before[1] == 20
    assert sum(counts.commit_s.counts) == sum(counts.commit_jobs.counts)
    assert counts.refused == 0
    assert counts.waiting == 0
