"""Deleted messages are gone from the files, and their space is freed."""

import asyncio
import contextlib

import apsw

from simpost.domain.accounts import Account
from simpost.domain.states import State
from simpost.store.migrations import script
from simpost.store.sqlite import SqliteStore, schema
from tests.contract.inbound_facts import alone, new
from tests.contract.store_facts import DAY_MS, NOW_MS, leased, settlement
from tests.integration.store.conftest import SEAL_KEY

OLD_MS = NOW_MS - 40 * DAY_MS
BEFORE_MS = NOW_MS - 30 * DAY_MS
TEXTS = [f"your code is {number:06}, keep it to yourself" for number in range(200)]


async def opened(path):
    return await SqliteStore.open(path, seal_key=SEAL_KEY)


def legible(path):
    """Which texts stand in the file or its journal."""
    octets = b"".join(
        one.read_bytes() for one in (path, path.with_name("simpost.db-wal")) if one.exists()
    )
    return [text for text in TEXTS if text.encode() in octets]


async def fill(store, texts, at_ms):
    async def one(text):
        message = leased(text, at_ms=at_ms)
        await store.queue.accept(message)
        await store.queue.record([settlement(message, carrier_message_id=None, state=State.FAILED)])

    await asyncio.gather(*(one(text) for text in texts))


async def retire(store):
    for verb in (store.retention.delete_messages, store.retention.delete_inbound):
        while await verb(before_ms=BEFORE_MS, limit=50) == 50:
            pass


async def test_no_retired_text_is_left_in_file_or_journal(path):
    store = await opened(path)
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    await fill(store, TEXTS[:100], OLD_MS)
    for text in TEXTS[100:]:
        await store.inbound.save(new(alone(text), at_ms=OLD_MS, text=text))
    await fill(store, ["young"] * 50, NOW_MS)
    assert legible(path) == TEXTS
    await retire(store)
    assert legible(path) == []
    assert len(await store.log.list_messages(1, _any())) == 50
    await store.close()
    assert legible(path) == []


def _any():
    from simpost.ports.store import MessageFilter

    return MessageFilter(limit=100)


async def test_the_file_shrinks_when_messages_are_retired(path):
    store = await opened(path)
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    for _ in range(10):
        await fill(store, ["x" * 1_000] * 200, OLD_MS)
    await retire_nothing(store)
    full = path.stat().st_size
    await retire(store)
    assert path.stat().st_size < full / 4
    await store.close()


async def retire_nothing(store):
    await store.retention.delete_messages(before_ms=1, limit=1)


async def test_a_file_of_an_older_release_is_rid_of_old_texts_and_shrinks(path):
    old = path.with_name("old.db")
    with contextlib.closing(apsw.Connection(str(old))) as connection:
        connection.execute(script("simpost.store.sqlite", end="0005")).fetchall()
        connection.pragma("journal_mode", "wal")
        connection.execute("CREATE TABLE gone (text TEXT)")
        connection.executemany("INSERT INTO gone VALUES (?)", [(text,) for text in TEXTS])
        connection.execute("DROP TABLE gone")
    old.replace(path)
    assert legible(path) == TEXTS
    store = await opened(path)
    assert legible(path) == []
    await store.close()
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        assert connection.pragma("auto_vacuum") == 2
        assert connection.pragma("freelist_count") == 0


def test_an_old_file_is_written_again_in_bounded_memory(tmp_path):
    path = tmp_path / "simpost.db"
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE old (octets)")
        connection.executemany(
            "INSERT INTO old VALUES (randomblob(?))", [(1 << 20,) for _ in range(48)]
        )
    apsw.memory_high_water(True)
    schema._compact(path)
    assert schema.can_shrink(path)
    # Two caches of pages; the file as a whole would be 48 MiB more.
    assert apsw.memory_high_water() < 48 << 20
