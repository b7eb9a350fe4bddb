"""The embedded store with a faulty disk, folder or file, and with a second owner."""

import asyncio
import os
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import apsw
import pytest
from cryptography.fernet import Fernet
from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.inbound import RawPart
from simpost.domain.options import DEFAULT_OPTIONS, Options
from simpost.domain.states import State
from simpost.errors import SchemaTooNew, StoreBusy, StoreError, StoreReadOnly
from simpost.store.migrations import script
from simpost.store.sqlite import SqliteStore
from simpost.store.sqlite.schema import PACKAGE, VERSION
from tests.contract.inbound_facts import alone, new, one_of
from tests.contract.store_facts import leased
from tests.integration.store.conftest import SEAL_KEY

ROOT = Path(__file__).parents[3]


def child(what, path, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.store.children", what, str(path), SEAL_KEY],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def told_by(what, path):
    with child(what, path) as running:
        lines = running.stdout.read().splitlines()
    assert running.returncode == 0
    return [line for line in lines if "store_opened" not in line]


def is_sound(path):
    connection = apsw.Connection(str(path))
    verdict = connection.execute("PRAGMA integrity_check").get
    connection.close()
    return verdict == "ok"


def set_version(path, version):
    """Returns what the file holds then."""
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE schema_version SET version = ?", (version,))
    connection.close()
    return path.read_bytes()


async def opened(path, **options):
    return await SqliteStore.open(path, **{"seal_key": SEAL_KEY, **options})


# The disk.


async def test_a_full_disk_refuses_and_harms_nothing(path):
    told = [line.split() for line in told_by("fill", path)]
    assert Counter(what for what, _ in told).keys() == {"accepted", "refused"}
    store = await opened(path)
    for what, message_id in told:
        found = await store.log.find_message(1, bytes.fromhex(message_id))
        assert (found is not None) == (what == "accepted")
    await store.close()
    assert is_sound(path)


async def test_what_was_answered_survives_kill_9_in_mid_load(path):
    told = []
    with child("work", path) as running:
        for line in running.stdout:
            if "store_opened" in line:
                continue
            told.append(line.split())
            if len(told) == 1_500:
                running.kill()
        # The last line may be cut off by the kill.
        told = [line for line in told if len(line) == 2 and len(line[1]) == 32]
    rank = {"accepted": State.ACCEPTED, "sent": State.SENT, "delivered": State.DELIVERED}
    store = await opened(path)
    for what, message_id in told:
        found = await store.log.find_message(1, bytes.fromhex(message_id))
        assert not rank[what].outranks(found.state)
    await store.close()
    assert is_sound(path)


async def test_the_journal_is_moved_into_the_file_while_the_store_works(path):
    store = await opened(path)
    for _ in range(40):
        await asyncio.gather(*(store.queue.accept(leased("x" * 1_000)) for _ in range(100)))
    journal = path.with_name("simpost.db-wal").stat().st_size
    assert journal < 24 * 1024 * 1024
    assert path.stat().st_size > 4_000_000
    await store.close()


# The folder.


async def test_a_missing_folder_is_made_for_its_owner_alone(tmp_path):
    store = await opened(tmp_path / "new" / "deep" / "simpost.db")
    await store.close()
    assert stat.S_IMODE((tmp_path / "new" / "deep").stat().st_mode) == 0o700


async def test_a_folder_that_cannot_be_is_one_clear_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreReadOnly, match=r"the folder .*/file cannot be written"):
        await opened(tmp_path / "file" / "simpost.db")


def test_a_folder_that_may_not_be_written_is_one_clear_sentence(tmp_path):
    tmp_path.chmod(0o555)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    [line] = told_by("trespass", tmp_path / "simpost.db")
    tmp_path.chmod(0o755)
    assert line.startswith("read only: the folder")
    assert list(tmp_path.iterdir()) == []


def modes(path):
    return {
        one.name: stat.S_IMODE(one.stat().st_mode)
        for one in path.parent.iterdir()
        if one.name.startswith(path.name)
    }


@pytest.fixture
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask")
async def test_every_file_of_a_new_store_is_its_owners_alone(tmp_path):
    path = tmp_path / "new.db"
    store = await opened(path)
    await store.queue.accept(leased())
    assert modes(path) == dict.fromkeys(
        ["new.db", "new.db-wal", "new.db-shm", "new.db.lock"], 0o600
    )
    await store.close()


@pytest.mark.usefixtures("no_umask")
async def test_a_store_that_others_could_read_is_made_private_when_it_is_opened(path):
    with child("work", path) as running:
        assert running.stdout.readline()
        running.kill()  # the journal is left behind
    for one in path.parent.iterdir():
        one.chmod(0o644)
    store = await opened(path)
    assert set(modes(path)) == {f"simpost.db{end}" for end in ("", "-wal", "-shm", ".lock")}
    assert set(modes(path).values()) == {0o600}
    await store.close()


# The owner.


async def test_a_second_owner_is_refused_by_the_name_of_the_first(path):
    store = await opened(path)
    with pytest.raises(StoreBusy, match=f"process {os.getpid()} owns the store"):
        await opened(path)
    await store.queue.accept(leased())
    await store.close()
    await (await opened(path)).close()


async def test_a_store_that_could_not_be_opened_is_owned_by_nobody(path):
    with pytest.raises(StoreError):
        await opened(path, seal_key=Fernet.generate_key().decode())
    await (await opened(path)).close()


# The file.


async def test_a_newer_schema_is_named_and_left_untouched(path):
    before = set_version(path, "9999")
    with pytest.raises(SchemaTooNew, match=rf"schema 9999, this release knows {VERSION}"):
        await opened(path)
    assert path.read_bytes() == before


def write_as_of(version, path):
    """The same rows in a file as an earlier release wrote it."""
    old = path.with_name("old.db")
    connection = apsw.Connection(str(old))
    connection.execute(script(PACKAGE, end=version)).fetchall()  # to the end of the script
    connection.execute("ATTACH ? AS new", (str(path),))
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version'"
    for (table,) in connection.execute(tables).fetchall():
        names = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
        columns = ", ".join(names)
        connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new.{table}")
    connection.close()
    old.replace(path)


async def test_a_store_of_an_earlier_release_keeps_its_messages_and_gets_new_columns(path):
    store = await opened(path)
    old = leased("first, ", "second")
    await store.queue.accept(old)
    await store.close()
    write_as_of("0001", path)
    store = await opened(path)
    new = leased(options=Options(message_class=0))
    await store.queue.accept(new)
    found = [await store.log.find_message(1, one.id) for one in (old, new)]
    assert [(one.text, one.options) for one in found] == [
        ("first, second", DEFAULT_OPTIONS),
        ("hello", Options(message_class=0)),
    ]
    await store.close()


async def test_an_account_of_an_earlier_release_sends_texts_as_they_are(path):
    store = await opened(path)
    await store.accounts.add_account(Account(0, "shop", "a-secret"))
    await store.close()
    write_as_of("0005", path)
    store = await opened(path)
    [account] = await store.accounts.list_accounts()
    assert account == Account(account.id, "shop", "a-secret", look_alikes=False)
    await store.accounts.change_account(replace(account, look_alikes=True))
    assert [each.look_alikes for each in await store.accounts.list_accounts()] == [True]
    await store.close()


async def test_what_came_in_to_the_release_before_octets_were_kept_is_read(path):
    store = await opened(path)
    one = new(alone())
    await store.inbound.save(one)
    await store.inbound.add_part(one_of(1, total=2))
    sent = leased("an old text")
    await store.queue.accept(sent)
    await store.close()
    write_as_of("0005", path)
    store = await opened(path)
    assert (await store.inbound.find_inbound(1, one.inbound.id)).raw == ()
    raw = RawPart(2, 0, 0x40, b"as it came", 10)
    gathered = await store.inbound.add_part(one_of(2, total=2, raw=raw))
    assert [part.raw for part in gathered.parts] == [None, raw]
    assert (await store.log.find_message(1, sent.id)).text == "an old text"
    await store.close()


@pytest.mark.parametrize("content", [b"hello, I am a text\n" * 300, b"\x00" * 8192])
async def test_a_file_that_is_no_database_is_left_untouched(tmp_path, content):
    other = tmp_path / "notes.txt"
    other.write_bytes(content)
    with pytest.raises(StoreError, match=r"notes\.txt.*untouched"):
        await opened(other)
    assert other.read_bytes() == content


async def test_another_programs_database_is_left_untouched(tmp_path):
    other = tmp_path / "other.db"
    connection = apsw.Connection(str(other))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(StoreError, match="not a simpost store"):
        await opened(other)
    assert other.read_bytes() == before


async def test_another_seal_key_is_one_clear_sentence(path):
    with pytest.raises(StoreError, match="the seal key is not the one"):
        await opened(path, seal_key=Fernet.generate_key().decode())


async def test_no_secret_is_in_the_files_in_clear(path):
    store = await opened(path)
    await store.accounts.add_account(Account(0, "shop", "s3cret-in-clear"))
    on_disk = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert b"shop" in on_disk
    assert b"s3cret" not in on_disk
    await store.close()


def test_one_sqlite_library_alone_touches_the_file(path):
    [line] = told_by("serve", path)
    assert "sqlite3" not in line.split()


async def test_a_file_whose_version_stands_in_the_earlier_table_opens(path):
    store = await opened(path)
    await store.accounts.add_account(Account(0, "shop", "s3cret"))
    await store.close()
    connection = apsw.Connection(str(path))
    connection.execute(
        "DROP TABLE schema_version; CREATE TABLE alembic_version (version_num TEXT NOT NULL);"
        f"INSERT INTO alembic_version VALUES ('{VERSION}')"
    )
    connection.close()
    store = await opened(path)
    assert [account.access_code for account in await store.accounts.list_accounts()] == ["shop"]
    await store.close()


async def test_a_migration_that_fails_says_why(path):
    before = set_version(path, "0000")
    with pytest.raises(StoreError, match=r"could not be migrated: .*'0000'"):
        await opened(path)
    assert path.read_bytes() == before
