"""The service and the job of webhooks on both real stores; time is injected."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from simpost.domain.accounts import Account
from simpost.domain.webhooks import EventDelivery, WebhookEndpoint
from simpost.features.webhooks.delivery import WebhookDelivery
from simpost.features.webhooks.endpoints import Webhooks
from simpost.features.webhooks.sender import WebhookSender
from simpost.messaging.accounts import Accounts
from simpost.net.resolver import NameResolver
from simpost.ports.store import DeliveryFilter, Store
from simpost.store import SqliteStore
from simpost.store.postgres import PostgresStore
from tests.contract.postgres_server import PostgresServer
from tests.contract.store_facts import NOW_MS, message, new_id
from tests.integration.webhooks.receiver import Receiver, receiving

SEAL_KEY = Fernet.generate_key().decode()
_count = itertools.count()


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """The name of a migrated database without a row."""

    async def migrate() -> None:
        await postgres.create_database("webhooks")
        url = postgres.url("webhooks")
        await (await PostgresStore.open(url, seal_key=SEAL_KEY, node="template")).close()

    with ThreadPoolExecutor(1) as thread:  # the loop of a test runs already
        thread.submit(lambda: asyncio.run(migrate())).result()
    return "webhooks"


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store
    if request.param == "sqlite":
        opened = await SqliteStore.open(tmp_path / "simpost.db", seal_key=SEAL_KEY)
        yield opened
        await opened.close()
        return
    template = request.getfixturevalue("template")
    postgres = request.getfixturevalue("postgres")
    name = f"{template}_{next(_count)}"
    await postgres.create_database(name, template)
    opened = await PostgresStore.open(postgres.url(name), seal_key=SEAL_KEY, node="embedded")
    yield opened
    await opened.close()
    await postgres.drop_database(name)


class Hooks:
    """Two accounts, the service, and the job of one node.

    Attributes:
        now_ms: the time.
        account, other: of the accounts 1 and 2.
    """

    def __init__(self, store: Store, accounts: Accounts, *, allow_private: bool = True) -> None:
        self.store = store
        self.now_ms = NOW_MS
        self.accounts = accounts
        self.sender = WebhookSender(
            NameResolver(),
            allow_private=allow_private,
            clock_ms=lambda: self.now_ms,
            account_of=accounts.by_id,
        )
        self.service = Webhooks(
            store,
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
async def hooks(store: Store) -> AsyncIterator[Hooks]:
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
