"""Accounts that have something that does not get better by itself."""

import pytest

from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.webhooks import DeliveryState, EndpointState, EventDelivery, WebhookEndpoint
from simpost.ports.store import EndpointChange
from simpost.ports.store.needs import AccountNeed
from tests.contract.store_facts import NOW_MS, held, in_doubt, leased, new_id, receipt, settlement


@pytest.fixture
async def accounts(store):
    return [
        await store.accounts.add_account(Account(0, name, f"secret-of-{name}", events=True))
        for name in ("one", "two", "three", "four")
    ]


async def found(store, need, limit=9):
    return await store.needs.find_accounts(need, limit=limit)


async def doubt(store, account_id, *texts):
    one = leased(*texts or ("Hello",), account_id=account_id)
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one)])
    return one


async def test_accounts_with_messages_in_doubt_are_found_until_it_ends(store, accounts):
    one, two, three, _ = accounts
    assert await found(store, AccountNeed.IN_DOUBT) == []
    for account in (three, one, one):
        await doubt(store, account)
    ended = await doubt(store, two)
    await store.queue.record([settlement(ended, carrier_message_id="c")])
    await store.queue.record((), [receipt("c")])
    assert await found(store, AccountNeed.IN_DOUBT) == [one, three]
    assert await found(store, AccountNeed.IN_DOUBT, limit=1) == [one]


async def test_accounts_with_held_messages_are_found_and_not_for_a_schedule(store, accounts):
    _, two, three, _ = accounts
    await store.held.hold(held("Hello", account_id=two))
    quiet = held("Hello", account_id=three, state=State.HELD, reason=Reason.QUIET_HOURS)
    await store.held.hold(quiet)
    assert await found(store, AccountNeed.HELD) == [three]
    await store.held.cancel_message(three, quiet.message.id, now_ms=NOW_MS)
    assert await found(store, AccountNeed.HELD) == []


async def endpoint(store, account_id):
    one = WebhookEndpoint(
        account_id=account_id, id=new_id(NOW_MS), url="https://shop.example/", secret="whsec_x"
    )
    added, _ = await store.webhooks.add_endpoint(one, limit=9)
    return added


async def test_accounts_with_stopped_endpoints_are_found(store, accounts):
    one, two, three, _ = accounts
    changes = ((one, EndpointState.GONE), (two, EndpointState.PAUSED))
    for account, state in (*changes, (three, EndpointState.DISABLED)):
        added = await endpoint(store, account)
        await store.webhooks.change_endpoint(account, added.id, EndpointChange(state=state))
    assert await found(store, AccountNeed.STOPPED_WEBHOOK) == [one, three]


async def test_accounts_whose_deliveries_were_given_up_are_found(store, accounts):
    one, two, *_ = accounts
    states = ((one, DeliveryState.DELIVERED), (two, DeliveryState.EXHAUSTED))
    await store.webhooks.add_deliveries(
        [
            EventDelivery(
                account_id=account,
                endpoint_id=new_id(NOW_MS),
                sequence=7,
                type="message.delivered",
                subject="s",
                at_ms=NOW_MS,
                data={},
                state=state,
                updated_ms=NOW_MS,
            )
            for account, state in states
        ]
    )
    assert await found(store, AccountNeed.GIVEN_UP) == [two]
