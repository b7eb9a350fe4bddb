"""Jobs that are due and do not get further: listed after ten minutes, and not before."""

import pytest
from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.bulk_jobs import BulkItemState, BulkResult
from simpost.domain.messages import format_id
from simpost.domain.states import State
from simpost.domain.stuck_jobs import STUCK_MS, StuckKind
from simpost.domain.webhooks import EventDelivery, WebhookEndpoint
from simpost.ports.store.bulk_jobs import NotedItems
from simpost.ports.store.erasures import Erasure
from simpost.store.shared.stuck_jobs import LONGEST_LEASE_MS
from tests.contract import test_store_automations as automation_facts
from tests.contract import test_store_broadcasts as broadcast_facts
from tests.contract.store_facts import (
    CARRIER,
    DUE_MS,
    LEASE_MS,
    NOW_MS,
    held,
    leased,
    message,
    new_id,
    settlement,
)
from tests.contract.test_store_automations import WELCOME
from tests.contract.test_store_bulk_jobs import DUE_MS as JOB_DUE_MS
from tests.contract.test_store_bulk_jobs import claim, noted
from tests.contract.test_store_catalogue_sync import begin as begin_pull

MINUTE_MS = 60_000


async def stuck(store, kind, now_ms, account_id=None, limit=9):
    return await store.needs.list_stuck(kind, account_id, now_ms=now_ms, limit=limit)


async def since(store, kind, at_ms):
    """The only one, which is listed from this time on and not before."""
    assert await stuck(store, kind, at_ms + STUCK_MS - 1) == []
    [found] = await stuck(store, kind, at_ms + STUCK_MS)
    assert (found.kind, found.since_ms) == (kind, at_ms)
    if found.account_id is not None:
        assert await stuck(store, kind, at_ms + STUCK_MS, account_id=1) == [found]
        assert await stuck(store, kind, at_ms + STUCK_MS, account_id=2) == []
    return found


async def again(store, kind, job_id, now_ms, account_id=1):
    return await store.needs.try_again(kind, account_id, job_id, now_ms=now_ms)


async def test_a_bulk_job_is_stuck_though_it_is_leased_again_and_again(store):
    one = await noted(store, "a", "b")
    found = await since(store, StuckKind.BULK_JOB, JOB_DUE_MS)
    assert (found.account_id, found.id) == (1, format_id(one.id))
    assert not found.is_tried
    later_ms = JOB_DUE_MS + STUCK_MS
    assert await store.bulk_jobs.claim(now_ms=later_ms, lease_ms=later_ms + LONGEST_LEASE_MS)
    [found] = await stuck(store, StuckKind.BULK_JOB, later_ms)
    assert (found.since_ms, found.is_tried) == (JOB_DUE_MS, True)


async def test_a_bulk_job_that_gets_further_or_can_be_undone_is_not_stuck(store):
    one = await noted(store, "a", "b", due_ms=NOW_MS + 2 * STUCK_MS)
    assert await stuck(store, StuckKind.BULK_JOB, NOW_MS + 3 * STUCK_MS - 1) == []
    later_ms = NOW_MS + 3 * STUCK_MS
    job = await claim(store, later_ms)
    await store.bulk_jobs.take(job, limit=1)
    await store.bulk_jobs.record(job, [], now_ms=later_ms)
    assert await stuck(store, StuckKind.BULK_JOB, later_ms) != []
    await store.bulk_jobs.record(job, [BulkResult("a", BulkItemState.DONE)], now_ms=later_ms)
    await since(store, StuckKind.BULK_JOB, later_ms)
    await store.bulk_jobs.end(1, one.id, actor="ann", now_ms=later_ms)
    assert await stuck(store, StuckKind.BULK_JOB, later_ms + STUCK_MS) == []


async def test_the_items_of_a_bulk_job_are_counted_in_time(store):
    one = await noted(store, "a")
    later_ms = JOB_DUE_MS + STUCK_MS
    more = replace(one, id=new_id(NOW_MS))
    added = await store.bulk_jobs.add(more)
    await store.bulk_jobs.note(added, NotedItems(["a"], "a"), now_ms=later_ms)
    [found] = await stuck(store, StuckKind.BULK_JOB, later_ms)
    assert found.id == format_id(one.id)


async def test_a_bulk_job_is_tried_again_at_once_unless_it_can_be_undone(store):
    one = await noted(store, "a")
    later_ms = JOB_DUE_MS + STUCK_MS
    assert not await again(store, StuckKind.BULK_JOB, one.id, JOB_DUE_MS - 1)
    assert not await again(store, StuckKind.BULK_JOB, one.id, later_ms, account_id=2)
    assert await claim(store, later_ms)
    assert not await claim(store, later_ms)
    assert await again(store, StuckKind.BULK_JOB, one.id, later_ms)
    assert await stuck(store, StuckKind.BULK_JOB, later_ms) == []
    assert await claim(store, later_ms)
    await store.bulk_jobs.end(1, one.id, actor="", now_ms=later_ms)
    assert not await again(store, StuckKind.BULK_JOB, one.id, later_ms)


async def test_a_broadcast_is_stuck_until_a_recipient_is_decided(store):
    one = await broadcast_facts.add(store, start_ms=NOW_MS + MINUTE_MS)
    found = await since(store, StuckKind.BROADCAST, NOW_MS + MINUTE_MS)
    assert (found.account_id, found.id) == (1, format_id(one.id))
    await broadcast_facts.change(store, one, broadcast_facts.BroadcastStatus.SENDING)
    await broadcast_facts.take(store, one, limit=1)
    later_ms = NOW_MS + STUCK_MS
    await store.broadcasts.end_recipients(1, one.id, [], now_ms=later_ms)
    assert await stuck(store, StuckKind.BROADCAST, NOW_MS + MINUTE_MS + STUCK_MS) != []
    result = broadcast_facts.result(0)
    await store.broadcasts.end_recipients(1, one.id, [result], now_ms=later_ms)
    await since(store, StuckKind.BROADCAST, later_ms)
    assert await again(store, StuckKind.BROADCAST, one.id, later_ms + STUCK_MS)
    await since(store, StuckKind.BROADCAST, later_ms + STUCK_MS)
    await broadcast_facts.change(store, one, broadcast_facts.BroadcastStatus.PAUSED)
    assert await stuck(store, StuckKind.BROADCAST, NOW_MS + 9 * STUCK_MS) == []
    assert not await again(store, StuckKind.BROADCAST, one.id, NOW_MS + 9 * STUCK_MS)


async def test_a_held_message_is_stuck_though_it_is_claimed_again_and_again(store):
    one = held("Hello")
    await store.held.hold(one)
    found = await since(store, StuckKind.HELD_MESSAGE, DUE_MS)
    assert found.id == format_id(one.message.id)
    later_ms = DUE_MS + STUCK_MS
    await store.held.claim_held(now_ms=later_ms, lease_ms=later_ms + 15_000, limit=9)
    [found] = await stuck(store, StuckKind.HELD_MESSAGE, later_ms)
    assert (found.since_ms, found.is_tried) == (DUE_MS, True)
    assert not await again(store, StuckKind.HELD_MESSAGE, one.message.id, DUE_MS - 1)
    assert await again(store, StuckKind.HELD_MESSAGE, one.message.id, later_ms)
    assert await stuck(store, StuckKind.HELD_MESSAGE, later_ms) == []
    claimed = await store.held.claim_held(now_ms=later_ms, lease_ms=later_ms + 1, limit=9)
    assert [each.message_id for each in claimed] == [one.message.id]
    await store.held.cancel_message(1, one.message.id, now_ms=later_ms)
    assert not await again(store, StuckKind.HELD_MESSAGE, one.message.id, later_ms)


async def test_runs_that_are_due_are_counted_by_automation(store):
    await automation_facts.known_esim(store)
    await store.automations.save(WELCOME)
    await automation_facts.report(store)
    await automation_facts.start(store)
    [run] = await automation_facts.due(store)
    found = await since(store, StuckKind.AUTOMATION, run.due_ms)
    assert (found.id, found.count) == ("welcome", 1)
    await store.automations.end_runs([automation_facts.sent(run)])
    assert await stuck(store, StuckKind.AUTOMATION, run.due_ms + STUCK_MS) == []


async def test_transitions_that_started_nothing_are_counted(store):
    await automation_facts.known_esim(store)
    await store.automations.save(WELCOME)
    await automation_facts.report(store)
    at_ms = NOW_MS + STUCK_MS
    assert await stuck(store, StuckKind.TRANSITION, at_ms) == []
    [found] = await stuck(store, StuckKind.TRANSITION, at_ms + 1)
    assert (found.account_id, found.count, found.since_ms) == (1, 3, NOW_MS)
    assert await stuck(store, StuckKind.TRANSITION, at_ms + 1, account_id=2) == []
    await automation_facts.start(store)
    assert await stuck(store, StuckKind.TRANSITION, at_ms + 1) == []


async def endpoint(store, account_id):
    one = WebhookEndpoint(
        account_id=account_id, id=new_id(NOW_MS), url="https://shop.example/", secret="whsec_x"
    )
    added, _ = await store.webhooks.add_endpoint(one, limit=9)
    return added


async def test_an_endpoint_is_stuck_if_nobody_sends_its_event(store):
    shop = await store.accounts.add_account(Account(0, "shop", "secret", events=True))
    one = await endpoint(store, shop)
    assert await stuck(store, StuckKind.WEBHOOK, NOW_MS + STUCK_MS) == []
    await store.queue.accept(leased(account_id=shop))
    await store.events.assign_sequence(limit=100)
    [found] = await stuck(store, StuckKind.WEBHOOK, NOW_MS + STUCK_MS)
    assert (found.account_id, found.id, found.since_ms) == (shop, format_id(one.id), NOW_MS)
    assert await stuck(store, StuckKind.WEBHOOK, NOW_MS + STUCK_MS - 1) == []
    later_ms = NOW_MS + STUCK_MS
    assert await again(store, StuckKind.WEBHOOK, one.id, later_ms, account_id=shop)
    assert await stuck(store, StuckKind.WEBHOOK, later_ms) == []
    lease = {"failing": False, "now_ms": later_ms, "lease_ms": later_ms + 30_000, "limit": 9}
    assert await store.webhooks.claim_endpoints("node", **lease)
    assert await stuck(store, StuckKind.WEBHOOK, later_ms + 30_000 + STUCK_MS - 1) == []
    assert await stuck(store, StuckKind.WEBHOOK, later_ms + 30_000 + STUCK_MS) != []


async def test_an_endpoint_is_stuck_if_nobody_tries_a_delivery_again(store):
    shop = await store.accounts.add_account(Account(0, "shop", "secret", events=True))
    one = await endpoint(store, shop)
    due = EventDelivery(
        account_id=shop,
        endpoint_id=one.id,
        sequence=7,
        type="message.delivered",
        subject="s",
        at_ms=NOW_MS,
        data={},
        due_ms=NOW_MS + MINUTE_MS,
        updated_ms=NOW_MS,
    )
    await store.webhooks.add_deliveries([due])
    assert await stuck(store, StuckKind.WEBHOOK, NOW_MS + MINUTE_MS + STUCK_MS - 1) == []
    [found] = await stuck(store, StuckKind.WEBHOOK, NOW_MS + MINUTE_MS + STUCK_MS)
    assert found.since_ms == NOW_MS + MINUTE_MS


async def test_an_erasure_is_stuck_once_all_messages_have_ended(store):
    one = message("Hello")
    await store.queue.accept(one)
    erasure = Erasure(
        account_id=1,
        id=new_id(NOW_MS),
        esim_tran_no=one.esim_tran_no,
        actor="ann",
        begun_ms=NOW_MS + 1,
    )
    await store.erasures.begin(erasure)
    at_ms = NOW_MS + 1 + STUCK_MS
    assert await stuck(store, StuckKind.ERASURE, at_ms) == []
    ended_ms = NOW_MS + STUCK_MS
    await store.queue.record([settlement(one, state=State.FAILED, ended_ms=ended_ms)])
    assert await stuck(store, StuckKind.ERASURE, ended_ms + STUCK_MS - 1) == []
    [found] = await stuck(store, StuckKind.ERASURE, ended_ms + STUCK_MS)
    assert (found.account_id, found.id) == (1, format_id(erasure.id))
    await store.erasures.end(erasure, now_ms=ended_ms)
    assert await stuck(store, StuckKind.ERASURE, ended_ms + STUCK_MS) == []


async def test_leases_that_nobody_took_back_are_counted_by_carrier(store):
    for _ in range(2):
        await store.queue.accept(leased())
    await store.queue.accept(message())
    found = await since(store, StuckKind.LEASE, NOW_MS + LEASE_MS)
    assert (found.account_id, found.id, found.count) == (None, CARRIER, 2)


async def test_a_pull_whose_node_is_gone_is_stuck(store):
    await begin_pull(store)
    found = await since(store, StuckKind.PULL, NOW_MS + 500)
    assert (found.account_id, found.id) == (None, "a")


@pytest.mark.parametrize("kind", StuckKind)
async def test_nothing_is_stuck_in_an_empty_store(store, kind):
    assert await stuck(store, kind, NOW_MS) == []


async def test_the_longest_stuck_come_first_up_to_the_limit(store):
    jobs = [await noted(store, "a", due_ms=JOB_DUE_MS + each) for each in (2, 1, 3)]
    found = await stuck(store, StuckKind.BULK_JOB, JOB_DUE_MS + 2 * STUCK_MS, limit=2)
    assert [each.id for each in found] == [format_id(jobs[each].id) for each in (1, 0)]
