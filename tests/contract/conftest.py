"""Every implementation of the store, opened on an empty database for each test."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from simpost.ports.store import Store
from simpost.store import SqliteStore
from simpost.store.postgres import PostgresStore
from tests.contract.postgres_server import PostgresServer
from tests.contract.store_facts import OWNER

T = TypeVar("T")

SEAL_KEY = Fernet.generate_key().decode()

Opening = Callable[..., AbstractAsyncContextManager[Store]]
Fresh = Callable[[], Opening]


@contextlib.asynccontextmanager
async def _open_sqlite(path: Path, **options: Any) -> AsyncIterator[Store]:
    store = await SqliteStore.open(path, seal_key=SEAL_KEY, **options)
    try:
        yield store
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def _open_postgres(url: str, **options: Any) -> AsyncIterator[Store]:
    store = await PostgresStore.open(url, seal_key=SEAL_KEY, node=OWNER, **options)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store without a row: copying it is quicker than migrating each time."""
    path = tmp_path_factory.mktemp("store") / "empty.db"

    async def migrate() -> None:
        await (await SqliteStore.open(path, seal_key=SEAL_KEY)).close()

    asyncio.run(migrate())
    return path


@pytest.fixture(scope="session")
def empty_database(postgres: PostgresServer) -> str:
    """The URL of a migrated store: emptying it is quicker than migrating each time."""

    url = postgres.url("contract")

    async def migrate() -> None:
        await postgres.create_database("contract")
        await (await PostgresStore.open(url, seal_key=SEAL_KEY, node=OWNER)).close()

    asyncio.run(migrate())
    return url


@pytest.fixture(scope="session")
def wipe(empty_database: str) -> Iterator[Callable[[], None]]:
    """Deletes every row. In a thread: a test may have a loop that runs.

    Over one connection for all tests: a new one takes longer to read the catalogue than to delete.
    """
    with ThreadPoolExecutor(1) as thread, asyncio.Runner() as runner:

        def run(call: Coroutine[Any, Any, T]) -> T:
            return thread.submit(runner.run, call).result()

        connection = run(_connected(empty_database))
        tables = run(
            connection.fetch(
                "SELECT relname FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace "
                "AND relkind IN ('r', 'p') AND NOT relispartition "
                "AND relname NOT IN ('schema_version', 'meta')"
            )
        )
        emptied = [f"DELETE FROM {table}" for (table,) in tables]
        emptied.append("DELETE FROM meta WHERE name IN ('instance', 'copy_mark')")
        script = ";".join([*emptied, "ALTER TABLE accounts ALTER id RESTART WITH 1"])
        yield lambda: run(connection.execute(script))
        run(connection.close())


async def _connected(url: str) -> asyncpg.Connection[asyncpg.Record]:
    return await asyncpg.connect(url)


# The first of a process waits for a server to be made and started, on a busy machine too.
_postgres = pytest.param("postgres", marks=pytest.mark.timeout(120))


@pytest.fixture(params=["sqlite", _postgres])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Returns a function that opens an empty store; on PostgreSQL it replaces the earlier one."""
    if request.param == "sqlite":
        empty_file = request.getfixturevalue("empty_file")
        count = iter(range(1_000_000))

        def new_file() -> Opening:
            path = tmp_path / f"simpost-{next(count)}.db"
            shutil.copyfile(empty_file, path)
            return partial(_open_sqlite, path)

        return new_file
    url = request.getfixturevalue("empty_database")
    wipe = request.getfixturevalue("wipe")

    def new_database() -> Opening:
        wipe()
        return partial(_open_postgres, url)

    return new_database


@pytest.fixture
def opening(fresh: Fresh) -> Opening:
    """Opens the same store each time."""
    return fresh()


@pytest_asyncio.fixture
async def store(opening: Opening) -> AsyncIterator[Store]:
    async with opening() as opened:
        yield opened
