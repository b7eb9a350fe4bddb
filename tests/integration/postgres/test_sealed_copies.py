"""Sealed texts stay sealed in every copy of a store, and a missing key is named with what to do."""

import asyncio
import os
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from simpost.domain.accounts import Account
from simpost.domain.texts import TextAbsence
from simpost.store import SqliteStore
from tests import prestarted
from tests.contract.postgres_server import programs
from tests.contract.sealed_facts import KEY, OTHER, PACKED, WORDS, forms, save_all, texts_of
from tests.integration.postgres.conftest import SEAL_KEY, open_store

pytestmark = pytest.mark.timeout(120)  # each runs several processes, on a busy machine

OPENED = [WORDS, [PACKED, WORDS.encode("utf-16-be")], WORDS, WORDS]
ABSENT = [TextAbsence.KEY_MISSING, [], TextAbsence.KEY_MISSING, TextAbsence.KEY_MISSING]
MISSING = "texts are sealed with the key 'new', which is not in store.text_key: add new:KEY to it."


def key_of(key):
    return f"{key.id}:{b64encode(key.octets).decode()}"


class Site:
    """A folder with a configuration, and a sealed store that no process serves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "simpost.db"
        self.configure(KEY)

    def configure(self, *keys, url="sqlite:///simpost.db"):
        config = self.folder / "simpost.toml"
        config.write_text(
            '[server]\nadmin_token = "admin-of-the-tests"\nport = 0\n'
            f'[store]\ndatabase_url = "{url}"\nsecrets_key = "{SEAL_KEY}"\n'
            f'text_key = "{", ".join(map(key_of, keys))}"\n'
        )
        config.chmod(0o600)

    def run(self, *arguments, code=0, **variables):
        """What the command printed, on both of its outputs."""
        plain = {name: text for name, text in os.environ.items() if not name.startswith("SIMPOST_")}
        command = [sys.executable, "-m", "simpost", *map(str, arguments)]
        done = prestarted.run(
            [*command, f"--config={self.folder / 'simpost.toml'}"],
            timeout=90,
            env={**plain, **variables},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())

    async def texts(self, *keys):
        store = await SqliteStore.open(self.store, seal_key=SEAL_KEY, text_keys=keys)
        try:
            return await texts_of(store)
        finally:
            await store.close()


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)

    async def fill():
        store = await SqliteStore.open(made.store, seal_key=SEAL_KEY, text_keys=[KEY])
        await store.accounts.add_account(Account(0, "shop", "secret-of-shop"))
        await save_all(store)
        await store.close()

    asyncio.run(fill())
    return made


async def texts_in(url, *keys):
    store = await open_store(url, "one", text_keys=keys)
    try:
        return await texts_of(store)
    finally:
        await store.close()


def dump(url, file):
    command = [programs() / "bin" / "pg_dump", "--format=custom", f"--file={file}", url]
    done = prestarted.run([str(each) for each in command], timeout=90)
    assert done.returncode == 0, done.stderr


def dumped_text(url):
    done = prestarted.run([str(programs() / "bin" / "pg_dump"), url], timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout.encode()


def clear_forms(stored):
    return [form for form in forms(WORDS) if form in stored]


# The move to PostgreSQL.


async def test_texts_move_sealed_and_open_with_their_key(site, url):
    said = await asyncio.to_thread(site.run, "to-postgres", SIMPOST_TO_POSTGRES_URL=url)
    assert "The same on both sides" in said
    assert "warning" not in said
    assert await texts_in(url, KEY) == OPENED
    assert await texts_in(url, OTHER, KEY) == OPENED
    assert clear_forms(dumped_text(url)) == []


async def test_texts_move_without_their_key_and_a_warning_names_it(site, url):
    site.configure(OTHER)
    said = await asyncio.to_thread(site.run, "to-postgres", SIMPOST_TO_POSTGRES_URL=url)
    assert "The same on both sides" in said
    assert f"warning: 7 {MISSING}" in said
    assert await texts_in(url, OTHER) == ABSENT
    assert await texts_in(url, OTHER, KEY) == OPENED


# A dump of PostgreSQL, as docs/backups.md says.


async def test_a_restored_dump_has_sealed_texts_that_open_with_their_key(site, url, empty_url):
    store = await open_store(url, "one", text_keys=[KEY])
    await save_all(store)
    await store.close()
    file = site.folder / "simpost.dump"
    await asyncio.to_thread(dump, url, file)
    assert clear_forms(file.read_bytes()) == clear_forms(dumped_text(url)) == []
    command = ["pg_restore", "--exit-on-error", f"--dbname={empty_url}", str(file)]
    command[0] = str(programs() / "bin" / command[0])
    done = await asyncio.to_thread(prestarted.run, command, timeout=90)
    assert done.returncode == 0, done.stderr
    assert await texts_in(empty_url, KEY) == OPENED
    assert await texts_in(empty_url, OTHER) == ABSENT
    site.configure(OTHER, url=empty_url)
    assert f"warning: 7 {MISSING}" in await asyncio.to_thread(site.run, "check")
    site.configure(OTHER, KEY, url=empty_url)
    assert MISSING not in await asyncio.to_thread(site.run, "check")


# A backup of the embedded store.


def test_a_backup_names_its_keys_and_is_sealed(site):
    backup = site.folder / "backup.db"
    said = site.run("backup", backup)
    assert "Its texts are sealed with new: keep a copy of store.text_key." in said
    assert clear_forms(backup.read_bytes()) == []


def test_a_restored_backup_opens_with_its_key_and_a_warning_names_a_missing_one(site):
    backup = site.folder / "backup.db"
    site.run("backup", backup)
    site.store.unlink()
    assert "warning" not in site.run("restore", backup)
    assert asyncio.run(site.texts(KEY)) == OPENED
    site.configure(OTHER)
    assert f"warning: 7 {MISSING}" in site.run("restore", backup)
    assert asyncio.run(site.texts(OTHER)) == ABSENT
    assert asyncio.run(site.texts(OTHER, KEY)) == OPENED
    assert clear_forms(site.store.read_bytes()) == []


# `simpost check`.


def test_a_check_names_a_key_that_is_missing_or_another_under_its_id(site):
    assert MISSING not in site.run("check")
    site.configure()
    assert f"warning: 7 {MISSING}" in site.run("check")
    site.configure(OTHER._replace(id="new"))
    assert (
        "warning: 7 texts are sealed with the key 'new', and those that were tried do not open "
        "with that of store.text_key: put the right key under the id new"
    ) in site.run("check")
