"""Every implementation of the store, opened anew on a copy of an empty, migrated one."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from simpost.ports.store import Store
from simpost.store import SqliteStore

SEAL_KEY = Fernet.generate_key().decode()

Opening = Callable[[], AbstractAsyncContextManager[Store]]
OpeningOf = Callable[[Path], AbstractAsyncContextManager[Store]]


@contextlib.asynccontextmanager
async def _open_sqlite(path: Path) -> AsyncIterator[Store]:
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(params=[_open_sqlite], ids=["sqlite"])
def opening_of(request: pytest.FixtureRequest) -> OpeningOf:
    """Opens the store that is kept at a path: leaving the block closes it."""
    found: OpeningOf = request.param
    return found


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store without a row: copying it is quicker than migrating each time."""
    path = tmp_path_factory.mktemp("store") / "empty.db"

    async def migrate() -> None:
        await (await SqliteStore.open(path, seal_key=SEAL_KEY)).close()

    asyncio.run(migrate())
    return path


@pytest.fixture
def opening(opening_of: OpeningOf, empty_file: Path, tmp_path: Path) -> Opening:
    """Opens the same store each time."""
    path = tmp_path / "simpost.db"
    shutil.copyfile(empty_file, path)
    return lambda: opening_of(path)


@pytest_asyncio.fixture
async def store(opening: Opening) -> AsyncIterator[Store]:
    async with opening() as opened:
        yield opened
