"""What `simpost check` reports about a store file."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import apsw
import pytest

from simpost.cli import main
from simpost.config import load
from simpost.store import SqliteStore
from simpost.store.migrations import script
from simpost.store.sqlite.move_marker import MoveMarker, set_marker
from simpost.store.sqlite.schema import VERSION

DATABASE = "postgresql://db.example/simpost"
GO_ON = "run `simpost to-postgres` again to finish that, or `simpost to-postgres --cancel`."
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, capsys: Captured) -> Path:
    path = tmp_path / "simpost.toml"
    assert run("init", str(path)) == 0
    capsys.readouterr()
    return path


@pytest.fixture
def store(config: Path) -> Path:
    """The file of an embedded store that was closed."""

    async def serve() -> None:
        await (await opened(config)).close()

    asyncio.run(serve())
    return config.parent / "simpost.db"


async def opened(config: Path) -> SqliteStore:
    settings = load(config).store
    return await SqliteStore.open(settings.path, seal_key=settings.secrets_key.get_secret_value())


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize(
    ("is_over", "said"),
    [
        (True, f"this store was moved to {DATABASE}: set store.database_url to serve it."),
        (
            False,
            f"this store is being moved to {DATABASE}: {GO_ON}",
        ),
    ],
)
def test_a_store_that_was_moved_says_where_it_is(
    config: Path, store: Path, capsys: Captured, is_over: bool, said: str
) -> None:
    with contextlib.closing(apsw.Connection(str(store))) as connection:
        set_marker(connection, MoveMarker("1", DATABASE, is_over=is_over))
    before = store.read_bytes()
    assert run("check", "--config", str(config)) == 2
    assert capsys.readouterr().err == f"simpost: store.database_url: {said}\n"
    assert store.read_bytes() == before


def test_checking_a_store_leaves_it_unchanged(config: Path, store: Path, capsys: Captured) -> None:
    before = {path.name: path.read_bytes() for path in store.parent.iterdir()}
    assert run("check", "--config", str(config)) == 0
    assert f"store     {store}\n" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in store.parent.iterdir()} == before


async def test_a_store_can_be_checked_while_it_is_served(config: Path, capsys: Captured) -> None:
    serving = await opened(config)
    try:
        assert run("check", "--config", str(config)) == 0
    finally:
        await serving.close()
    assert f"store     {config.parent / 'simpost.db'}\n" in capsys.readouterr().out


def test_a_store_of_an_earlier_release_will_be_migrated(config: Path, capsys: Captured) -> None:
    store = config.parent / "simpost.db"
    with contextlib.closing(apsw.Connection(str(store))) as connection:
        connection.execute(script("simpost.store.sqlite", end="0001"))
    assert run("check", "--config", str(config)) == 0
    assert f"store     {store} (will be migrated)\n" in capsys.readouterr().out


def test_a_store_of_a_newer_release_is_refused(config: Path, store: Path, capsys: Captured) -> None:
    with contextlib.closing(apsw.Connection(str(store))) as connection:
        connection.execute("UPDATE schema_version SET version = '9999'")
    assert run("check", "--config", str(config)) == 2
    assert f"has schema 9999, this release knows {VERSION}" in capsys.readouterr().err


def test_a_file_that_is_no_store_is_refused(config: Path, capsys: Captured) -> None:
    (config.parent / "simpost.db").write_bytes(b"something else" * 100)
    assert run("check", "--config", str(config)) == 2
    assert "is not a simpost store" in capsys.readouterr().err
