"""The caller's reference of a message is stored with it, and is in its events."""

import pytest

from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason
from simpost.ports.store import MessageFilter
from simpost.ports.store.refusals import RefusalBatch, RefusalFilter, RefusalRecord
from tests.contract.store_facts import DUE_MS, NOW_MS, held, key, leased, message, new_id

REFERENCE = 'order 4711/\\"%_~'


@pytest.fixture
async def account(store):
    return await store.accounts.add_account(Account(0, "refers", "secret-of-refers", events=True))


async def shown(store, account_id, message_id):
    found = await store.log.find_message(account_id, message_id)
    [listed] = await store.log.list_messages(account_id, MessageFilter(limit=1))
    assert listed.caller_reference == found.caller_reference
    return found.caller_reference


async def in_events(store, account_id):
    page = await store.events.events_after(account_id, None, limit=100)
    return [event.data["reference"] for event in page.events]


async def test_an_accepted_message_has_its_reference(store, account):
    one = leased(account_id=account, caller_reference=REFERENCE)
    await store.queue.accept(one)
    assert await shown(store, account, one.id) == REFERENCE
    assert await in_events(store, account) == [REFERENCE]


@pytest.mark.parametrize("parts", [("one",), ("one ", "two")])
async def test_messages_of_one_commit_keep_their_own(store, account, parts):
    both = [
        leased(*parts, account_id=account, caller_reference=reference, request=request)
        for reference, request in [("a", key("r-1")), (None, key("r-2")), ("b", None)]
    ]
    for one in both:
        await store.queue.accept(one)
    found = [await store.log.find_message(account, one.id) for one in both]
    assert [one.caller_reference for one in found] == ["a", None, "b"]
    assert [one.request_id for one in found] == ["r-1", "r-2", None]


async def test_a_held_message_keeps_its_reference_when_it_is_released(store, account):
    one = held(account_id=account, caller_reference=REFERENCE)
    await store.held.hold(one)
    assert await shown(store, account, one.message.id) == REFERENCE
    await store.held.claim_held(now_ms=DUE_MS, lease_ms=DUE_MS + 15_000, limit=10)
    again = message("other text", id=one.message.id, account_id=account, at_ms=DUE_MS)
    await store.held.release_held([again], now_ms=DUE_MS)
    assert await shown(store, account, one.message.id) == REFERENCE
    assert await in_events(store, account) == [REFERENCE] * 2


async def test_a_refusal_has_its_reference(store):
    facts = (1, new_id(NOW_MS), "E-1", None, Reason.NOT_INSTALLED, None, NOW_MS)
    await store.refusals.add_refusals(
        RefusalBatch((RefusalRecord(*facts, caller_reference=REFERENCE),), {})
    )
    [found] = await store.refusals.list_refusals(1, RefusalFilter())
    assert found.caller_reference == REFERENCE
