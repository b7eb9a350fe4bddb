from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from simpost.store import SqliteStore

SEAL_KEY = Fernet.generate_key().decode()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "empty.db"

    async def migrate() -> None:
        await (await SqliteStore.open(path, seal_key=SEAL_KEY)).close()

    asyncio.run(migrate())
    return path


@pytest.fixture
def path(empty_file: Path, tmp_path: Path) -> Path:
    """A migrated store without a row."""
    copied = tmp_path / "simpost.db"
    shutil.copyfile(empty_file, copied)
    return copied
