"""The triggers that write events are there while an account keeps events, and only then."""

import contextlib

import pytest

from simpost.domain.accounts import Account, AccountChange
from simpost.store import SqliteStore
from simpost.store.sqlite.connection import open_reader
from tests.contract.store_facts import message
from tests.integration.store.conftest import SEAL_KEY

SHOP = Account(0, "shop", "secret")


@pytest.fixture
def opened(path):
    @contextlib.asynccontextmanager
    async def open_it():
        store = await SqliteStore.open(path, seal_key=SEAL_KEY)
        yield store
        await store.close()

    return open_it


def triggers(path):
    with contextlib.closing(open_reader(path)) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        return {name for (name,) in found} & {"message_accepted", "message_changed"}


async def events_of(store, account):
    page = await store.events.events_after(account, None, limit=10)
    return [event.type for event in page.events]


async def test_accounts_without_events_pay_for_no_trigger(opened, path):
    async with opened() as store:
        account = await store.accounts.add_account(SHOP)
        await store.queue.accept(message(account_id=account))
        assert triggers(path) == set()


async def test_the_triggers_come_and_go_with_the_events_of_the_last_account(opened, path):
    async with opened() as store:
        account = await store.accounts.add_account(SHOP)
        change = AccountChange(id=account, access_code="shop", events=True)
        await store.accounts.change_account(change)
        await store.queue.accept(message(account_id=account))
        assert await events_of(store, account) == ["message.accepted"]
    async with opened() as store:  # they are there after a restart, too
        await store.queue.accept(message(account_id=account))
        assert await events_of(store, account) == ["message.accepted"] * 2
        change = AccountChange(id=account, access_code="shop", events=False)
        await store.accounts.change_account(change)
        assert triggers(path) == set()
