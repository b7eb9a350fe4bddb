"""Texts of travellers are sealed; no octet of a sealed text is in the store."""

import asyncio
from pathlib import Path

import pytest

from simpost.domain.texts import TextAbsence
from simpost.store import SqliteStore
from tests.contract.inbound_facts import PHONE, one_of
from tests.contract.postgres_server import programs
from tests.contract.raw_rows import raw_rows
from tests.contract.sealed_facts import KEY, OTHER, PACKED, WORDS, forms, raw, save_all, texts_of


async def test_texts_of_travellers_are_sealed_and_readable(opening):
    async with opening(text_keys=(KEY,)) as store:
        await save_all(store)
        for table in ("inbound", "incoming_parts", "preference_changes", "preference_flags"):
            [row] = await raw_rows(store, table)
            assert row["text_key"] in ("new", "secrets_key")
        raws = [PACKED, WORDS.encode("utf-16-be")]
        assert await texts_of(store) == [WORDS, raws, WORDS, WORDS]
    async with opening(text_keys=(OTHER,)) as store:
        missing = TextAbsence.KEY_MISSING
        assert await texts_of(store) == [missing, [], missing, missing]


async def test_parts_that_wait_are_joined_though_the_key_was_replaced(opening):
    async with opening(text_keys=(KEY,)) as store:
        await store.inbound.add_part(one_of(1, 2, raw=raw(1, b"one")))
    async with opening(text_keys=(OTHER,)) as store:
        whole = await store.inbound.add_part(one_of(2, 2, raw=raw(2, b"two")))
        assert [part.octets for part in whole.parts] == [b"part 1 ", b"part 2 "]
        assert [part.raw.octets for part in whole.parts] == [b"one", b"two"]


async def dump(store, request) -> bytes:
    """The store as somebody with its files or a dump has it."""
    if isinstance(store, SqliteStore):
        path = store.database.path
        files = [path, Path(f"{path}-wal")]
        return b"".join(file.read_bytes() for file in files if file.exists())
    url = request.getfixturevalue("empty_database")
    program = programs() / "bin" / "pg_dump"
    dumped = await asyncio.create_subprocess_exec(
        program, f"--dbname={url}", stdout=asyncio.subprocess.PIPE
    )
    stored, _ = await dumped.communicate()
    assert dumped.returncode == 0
    return stored


@pytest.mark.timeout(120)
async def test_no_octet_of_a_text_is_in_the_store_or_its_dump(fresh, request):
    async with fresh()() as store:
        await save_all(store)
        stored = await dump(store, request)
        assert len([form for form in forms(WORDS) if form in stored]) >= 2  # the search works
    async with fresh()(text_keys=(KEY,)) as store:
        await save_all(store)
        stored = await dump(store, request)
        assert [form for form in forms(WORDS) if form in stored] == []
        assert PHONE.encode() in stored
