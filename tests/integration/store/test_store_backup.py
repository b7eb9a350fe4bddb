"""Backups made under load, files copied one by one, and damage found at start and later."""

import asyncio
import contextlib
import stat
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from cryptography.fernet import Fernet

from simpost.errors import StoreBusy, StoreDamaged, StoreError
from simpost.store.secret_box import SecretBox
from simpost.store.sqlite import SqliteStore
from simpost.store.sqlite.backup import back_up, restore
from simpost.store.sqlite.soundness import check_sound
from tests.contract.store_facts import leased
from tests.integration.store.conftest import SEAL_KEY

ROOT = Path(__file__).parents[3]
SEAL = SecretBox(SEAL_KEY)


@contextlib.contextmanager
def under_load(path):
    """Yields a function that waits until a number of further messages were delivered."""
    command = [sys.executable, "-m", "tests.integration.store.children", "work", str(path)]
    with subprocess.Popen(
        [*command, SEAL_KEY], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as running:
        accepted = []

        def wait_for(count):
            wanted = len(accepted) + count
            for line in running.stdout:
                what, *ids = line.split()
                if what == "accepted":
                    accepted.append(bytes.fromhex(ids[0]))
                if len(accepted) >= wanted:
                    return list(accepted)
            raise AssertionError("the load ended")

        wait_for(1)
        yield wait_for
        running.kill()


async def opened(path):
    return await SqliteStore.open(path, seal_key=SEAL_KEY)


def damage(path, table):
    """Overwrite the pages of a table or index, but its first, as a bad disk would."""
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        size = connection.pragma("page_size")
        pages = connection.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,)).fetchall()
    with path.open("r+b") as file:
        for (number,) in pages[1:]:
            file.seek((number - 1) * size)
            file.write(b"\xa5" * size)


async def filled(path, count=400):
    store = await opened(path)
    messages = [leased("x" * 100) for _ in range(count)]
    await asyncio.gather(*(store.queue.accept(one) for one in messages))
    return store, messages


# A copy of the files.


def test_files_copied_one_by_one_under_load_are_refused(path, tmp_path):
    with under_load(path) as wait_for:
        wait_for(2_000)
        copy = tmp_path / "copied.db"
        copy.write_bytes(path.read_bytes())
        wait_for(3_000)  # by then the journal was moved into the file and began again
        copy.with_name("copied.db-wal").write_bytes(path.with_name("simpost.db-wal").read_bytes())
    with pytest.raises(StoreDamaged, match=r"copied\.db is damaged .*simpost restore FILE"):
        asyncio.run(opened(copy))


# A backup.


def test_a_backup_made_under_load_has_all_that_was_answered_before(path, tmp_path):
    backup = tmp_path / "backup.db"
    with under_load(path) as wait_for:
        for _ in range(3):
            before = wait_for(500)
            written = back_up(path, backup)
            assert written.messages >= len(before)
            assert written.octets == backup.stat().st_size
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    check_sound(backup, is_thorough=True)

    async def look():
        store = await opened(backup)
        found = [await store.log.find_message(1, each) for each in before]
        await store.close()
        return found

    assert None not in asyncio.run(look())
    assert not list(tmp_path.glob(".*"))


async def test_a_backup_of_a_damaged_store_fails_and_leaves_the_earlier_one(path, tmp_path):
    store, _ = await filled(path)
    await store.close()
    backup = tmp_path / "backup.db"
    back_up(path, backup)
    good = backup.read_bytes()
    damage(path, "messages")
    with pytest.raises(StoreDamaged):
        back_up(path, backup)
    assert backup.read_bytes() == good
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("content", [b"my thesis", b""])
def test_a_file_that_is_no_backup_is_not_replaced(path, tmp_path, content):
    other = tmp_path / "thesis.txt"
    other.write_bytes(content)
    with pytest.raises(StoreError, match="untouched"):
        back_up(path, other)
    assert other.read_bytes() == content


@pytest.mark.parametrize("end", ["", "-wal", ".lock"])
def test_the_store_is_not_its_own_backup(path, end):
    with pytest.raises(StoreError, match="a file of the store itself"):
        back_up(path, path.with_name(f"simpost.db{end}"))


# Restoring.


async def test_a_restored_store_is_that_of_the_backup_and_the_other_is_kept(path, tmp_path):
    store, [old] = await filled(path, 1)
    back_up(path, tmp_path / "backup.db")
    new = leased("after the backup")
    await store.queue.accept(new)
    with pytest.raises(StoreBusy, match="owns the store"):
        restore(tmp_path / "backup.db", path, seal=SEAL)
    await store.close()
    aside = restore(tmp_path / "backup.db", path, seal=SEAL)
    for file, known in ((path, [old]), (aside, [old, new])):
        store = await opened(file)
        found = [one for one in (old, new) if await store.log.find_message(1, one.id)]
        assert found == known
        await store.close()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_store_that_is_rubbish_with_its_journal_is_replaced(path, tmp_path):
    store, [one] = await filled(path, 1)
    back_up(path, tmp_path / "backup.db")
    await store.close()
    rubbish = b"\xa5" * 8192
    for file in (path, path.with_name("simpost.db-wal")):
        file.write_bytes(rubbish)
    aside = restore(tmp_path / "backup.db", path, seal=SEAL)
    assert aside.read_bytes() == rubbish
    store = await opened(path)
    assert await store.log.find_message(1, one.id)
    await store.close()


async def test_a_backup_that_is_not_good_changes_nothing(path, tmp_path):
    store, _ = await filled(path)
    await store.close()
    before = path.read_bytes()
    backup = tmp_path / "backup.db"
    back_up(path, backup)
    with pytest.raises(StoreError, match="seal key is not the one"):
        restore(backup, path, seal=SecretBox(Fernet.generate_key().decode()))
    damage(backup, "messages_by_esim")
    with pytest.raises(StoreError, match=r"backup\.db is damaged, or no backup; nothing"):
        restore(backup, path, seal=SEAL)
    backup.write_text("no database at all, but some words of mine")
    with pytest.raises(StoreError, match=r"backup\.db is damaged, or no backup; nothing"):
        restore(backup, path, seal=SEAL)
    with pytest.raises(StoreError, match="there is no backup"):
        restore(tmp_path / "none.db", path, seal=SEAL)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*before*"))
    assert not list(path.parent.glob(".*"))


# Damage found later.


@pytest.mark.parametrize("table", ["messages", "parts", "messages_by_esim"])
async def test_a_store_found_damaged_at_start_is_refused(path, table):
    store, _ = await filled(path)
    await store.close()
    damage(path, table)
    with pytest.raises(StoreDamaged, match=r"is damaged \(.+\); stop simpost and restore"):
        await opened(path)


async def test_damage_found_by_a_read_ends_all_accepting(path):
    store, messages = await filled(path)
    await store.close()
    store = await opened(path)
    damage(path, "messages")
    found = await asyncio.gather(
        *(store.log.find_message(1, one.id) for one in messages), return_exceptions=True
    )
    assert any(isinstance(one, StoreDamaged) for one in found)
    for verb in (
        lambda: store.queue.accept(leased()),
        lambda: store.health.probe(now_ms=1),
        lambda: store.log.find_message(1, messages[0].id),
    ):
        with pytest.raises(StoreDamaged):
            await verb()
    await store.close()


async def test_damage_found_by_a_write_ends_all_accepting(path):
    store, _ = await filled(path)
    await store.close()
    store = await opened(path)
    damage(path, "messages")
    with pytest.raises(StoreDamaged):
        await store.queue.accept(leased())
    with pytest.raises(StoreDamaged):
        await store.health.probe(now_ms=1)
    await store.close()
