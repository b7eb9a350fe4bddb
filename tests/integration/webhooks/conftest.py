"""The service and the job of webhooks on both real stores; time is injected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from simpost.domain.accounts import Account
from simpost.domain.webhooks import EventDelivery, WebhookEndpoint
from simpost.features.webhooks.delivery import WebhookDelivery
from simpost.features.webhooks.endpoints import Webhooks
from simpost.features.webhooks.sender import WebhookSender
from simpost.messaging.accounts import Accounts
from simpost.net.resolver import NameResolver
from simpost.ports.store import DeliveryFilter, Store
from tests.contract.conftest import (  # noqa: F401  fixtures
    empty_database,
    empty_file,
    fresh,
    opening,
    store,
    wipe,
)
from tests.contract.store_facts import NOW_MS, message, new_id
from tests.integration.webhooks.receiver import Receiver, receiving


class Hooks:
    """Two accounts, the service, and the job of one node.

    Attributes:
        now_ms: the time.
        account, other: of the accounts 1 and 2.
    """

    def __init__(self, opened: Store, accounts: Accounts, *, allow_private: bool = True) -> None:
        self.store = opened
        self.now_ms = NOW_MS
        self.accounts = accounts
        self.sender = WebhookSender(
            NameResolver(), allow_private=allow_private, clock_ms=lambda: self.now_ms
        )
        self.service = Webhooks(
            opened,
            accounts,
            self.sender,
            new_id=lambda: new_id(self.now_ms),
            clock_ms=lambda: self.now_ms,
            allow_private=allow_private,
        )
        self.job = self.node("embedded")

    def node(self, name: str) -> WebhookDelivery:
        """The job of another node on the same store."""
        return WebhookDelivery(
            self.store.webhooks,
            self.store.events,
            self.sender,
            owner=name,
            clock_ms=lambda: self.now_ms,
        )

    @property
    def account(self) -> Account:
        found = self.accounts.by_id(1)
        assert found
        return found

    @property
    def other(self) -> Account:
        found = self.accounts.by_id(2)
        assert found
        return found

    async def add(self, url: str, **facts: Any) -> WebhookEndpoint:
        endpoint, _ = await self.service.add(self.account, url, **facts)
        return endpoint

    async def accept(self, count: int = 1, **facts: Any) -> list[bytes]:
        """Commit messages; each is an event."""
        messages = [message(**facts) for _ in range(count)]
        await asyncio.gather(*(self.store.queue.accept(each) for each in messages))
        return [each.id for each in messages]

    async def deliver(self, *jobs: WebhookDelivery) -> None:
        """Run the job until it has nothing more to do at this time."""
        jobs = jobs or (self.job,)
        for _ in range(4):
            await asyncio.gather(*(job.run_once() for job in jobs))
            await asyncio.gather(*(job.wait_idle() for job in jobs))

    async def endpoint(self, of: WebhookEndpoint) -> WebhookEndpoint:
        return await self.service.find(self.account, of.id)

    async def deliveries(self, of: WebhookEndpoint) -> list[EventDelivery]:
        which = DeliveryFilter(endpoint_id=of.id, limit=1_000)
        return await self.store.webhooks.list_deliveries(1, which)


@pytest_asyncio.fixture
async def hooks(store: Store) -> AsyncIterator[Hooks]:  # noqa: F811
    for name in ("demo", "other"):
        await store.accounts.add_account(Account(0, name, f"{name}-secret-of-16"))
    accounts = Accounts(store.accounts)
    await accounts.reload()
    made = Hooks(store, accounts)
    yield made
    await made.sender.close()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made
