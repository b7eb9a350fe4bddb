"""What a store reports for metrics: queue lengths and ages, commits, ended parts."""

import asyncio

from simpost.domain.accounts import Account
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    LEASE_MS,
    NOW_MS,
    OWNER,
    leased,
    message,
    receipt,
    refused,
    settlement,
    turned_back,
)


async def queues(store):
    return {each.carrier: each for each in await store.health.queues()}


async def test_an_empty_store_has_no_queues(store):
    assert await store.health.queues() == []


async def test_a_queue_is_counted_in_parts_and_as_old_as_its_oldest_message(store):
    await store.queue.accept(message("one", "two", at_ms=NOW_MS - 7000))
    await store.queue.accept(message(at_ms=NOW_MS))
    await store.queue.accept(message(carrier="other", at_ms=NOW_MS - 9000))
    found = await queues(store)
    assert found.keys() == {CARRIER, "other"}
    assert (found[CARRIER].parts, found[CARRIER].oldest_ms) == (3, NOW_MS - 7000)
    assert (found["other"].parts, found["other"].oldest_ms) == (1, NOW_MS - 9000)


async def test_leased_parts_are_not_counted_as_queued(store):
    await store.queue.accept(leased())
    await store.queue.accept(message())
    lease_ms = NOW_MS + LEASE_MS
    assert await store.queue.claim(CARRIER, limit=9, now_ms=NOW_MS, owner=OWNER, lease_ms=lease_ms)
    assert await store.health.queues() == []


async def test_a_probe_commits_and_changes_no_data(store):
    one = message()
    await store.queue.accept(one)
    for at_ms in (NOW_MS, NOW_MS + 1):
        await store.health.probe(now_ms=at_ms)
    assert (await store.log.find_message(1, one.id)).text == one.text


async def test_commits_are_counted_with_the_number_of_writes_they_share(store):
    before = sum(store.health.counts().commit_jobs.counts), store.health.counts().commit_jobs.total
    await asyncio.gather(*(store.queue.accept(message()) for _ in range(20)))
    counts = store.health.counts()
    commits = sum(counts.commit_jobs.counts) - before[0]
    assert 1 <= commits <= 20
    assert counts.commit_jobs.total - before[1] == 20
    assert sum(counts.commit_s.counts) == sum(counts.commit_jobs.counts)
    assert counts.refused == 0
    assert counts.waiting == 0


async def test_a_part_that_ended_is_counted_once_however_often_it_is_reported(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a1")])
    assert store.health.counts().ended == {}
    for _ in range(3):
        await store.queue.record((), [receipt("a1")])
    assert store.health.counts().ended == {(CARRIER, "delivered", ""): 1}
    assert store.health.counts().kept == {(CARRIER, "duplicate"): 2}


async def test_every_final_state_is_counted_with_its_reason(store):
    refused, failed = leased(), leased()
    for one in (refused, failed):
        await store.queue.accept(one)
    reason = Reason.CARRIER_REFUSED
    await store.queue.record(
        [
            settlement(refused, state=State.REJECTED, reason=reason, outcome=OutcomeKind.REFUSED),
            settlement(failed, carrier_message_id="a2"),
        ]
    )
    await store.queue.record((), [receipt("a2", state=State.FAILED, reason=Reason.UNDELIVERABLE)])
    overdue = message(at_ms=NOW_MS - 3 * DAY_MS)
    await store.queue.accept(overdue)
    assert await store.queue.expire(now_ms=NOW_MS, limit=9) == 1
    assert store.health.counts().ended == {
        (CARRIER, "rejected", "carrier_refused"): 1,
        (CARRIER, "failed", "undeliverable"): 1,
        (CARRIER, "expired", "validity_expired"): 1,
    }


async def test_parts_of_a_message_end_one_by_one(store):
    three = leased("one", "two", "three")
    await store.queue.accept(three)
    await store.queue.record(
        [
            settlement(three, 1, carrier_message_id="b1"),
            settlement(three, 2, carrier_message_id="b2"),
            settlement(three, 3, state=State.REJECTED, outcome=OutcomeKind.REFUSED),
        ]
    )
    await store.queue.record((), [receipt("b1"), receipt("b2")])
    assert store.health.counts().ended == {
        (CARRIER, "rejected", ""): 1,
        (CARRIER, "delivered", ""): 2,
    }


async def test_a_sent_part_without_a_receipt_is_counted_when_it_ends(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="c1")])
    account = Account(1, "demo", "secret")
    await store.accounts.add_account(account)
    late_ms = NOW_MS + 3 * DAY_MS
    assert await store.queue.end_unreported(now_ms=late_ms, expired_ms=late_ms, limit=9) == 1
    assert store.health.counts().ended == {(CARRIER, "expired", "no_receipt"): 1}


async def test_a_receipt_before_its_response_is_counted_as_parked_and_then_as_matched(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record((), [receipt("d1")])
    assert store.health.counts().kept == {(CARRIER, "parked"): 1}
    await store.queue.record([settlement(one, carrier_message_id="d1")])
    assert store.health.counts().kept == {(CARRIER, "parked"): 1, (CARRIER, "matched"): 1}
    assert store.health.counts().ended == {(CARRIER, "delivered", ""): 1}


async def test_a_late_refusal_of_an_ended_part_is_not_counted_again(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="e1")])
    await store.queue.record((), [receipt("e1")])
    await store.queue.record([refused(one)])
    assert (await store.log.find_message(1, one.id)).state is State.DELIVERED
    assert store.health.counts().ended == {(CARRIER, "delivered", ""): 1}


async def test_a_refusal_of_an_earlier_attempt_ends_the_part_once(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([turned_back(one)])
    await store.queue.claim(
        CARRIER, limit=1, now_ms=NOW_MS + 1_000, owner=OWNER, lease_ms=NOW_MS + LEASE_MS
    )
    await store.queue.record([refused(one, attempt=1)])
    await store.queue.record([refused(one, attempt=2)])
    assert store.health.counts().ended == {(CARRIER, "rejected", "carrier_refused"): 1}


async def test_a_refusal_of_an_unknown_part_is_not_counted(store):
    await store.queue.record([refused(leased())])
    assert store.health.counts().ended == {}
