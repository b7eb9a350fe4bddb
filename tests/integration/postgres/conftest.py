"""A database of its own for each test."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet

from simpost.store.postgres import PostgresStore
from tests.contract.postgres_server import PostgresServer

SEAL_KEY = Fernet.generate_key().decode()

Node = Callable[..., AbstractAsyncContextManager[PostgresStore]]


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """The name of a database with a migrated store without a row."""

    async def migrate() -> None:
        await postgres.create_database("template_of_store")
        await (await open_store(postgres.url("template_of_store"), "template")).close()

    asyncio.run(migrate())
    return "template_of_store"


_count = itertools.count()


@pytest.fixture
def database(postgres: PostgresServer, template: str) -> Iterator[str]:
    """The name of a database that is a copy of the template."""
    name = f"store_{next(_count)}"
    asyncio.run(postgres.create_database(name, template))
    yield name
    asyncio.run(postgres.drop_database(name))


@pytest.fixture
def url(postgres: PostgresServer, database: str) -> str:
    return postgres.url(database)


@pytest.fixture
def empty_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database without tables."""
    name = f"empty_{next(_count)}"
    asyncio.run(postgres.create_database(name))
    yield postgres.url(name)
    asyncio.run(postgres.drop_database(name))


@pytest.fixture
def node(url: str) -> Node:
    """Opens the test's database as the node of that name."""

    @contextlib.asynccontextmanager
    async def opened(name: str = "one", **options: Any) -> AsyncIterator[PostgresStore]:
        store = await open_store(options.pop("at", url), name, **options)
        try:
            yield store
        finally:
            await store.close()

    return opened


async def open_store(url: str, name: str, **options: Any) -> PostgresStore:
    return await PostgresStore.open(url, **{"seal_key": SEAL_KEY, **options}, node=name)


async def run_sql(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()
