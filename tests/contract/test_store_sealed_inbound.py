"""Texts of travellers are sealed; no octet of a sealed text is in the store."""

import asyncio
from pathlib import Path

import pytest

from simpost.config.text_keys import TextKey
from simpost.domain.inbound import RawPart
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.texts import TextAbsence
from simpost.ports.store.inbound import InboundFilter, NewInbound
from simpost.ports.store.recipients import Flag
from simpost.store import SqliteStore
from simpost.text import pack_septets
from tests.contract.inbound_facts import PHONE, alone, inbound, one_of
from tests.contract.postgres_server import programs
from tests.contract.raw_rows import raw_rows
from tests.contract.store_facts import NOW_MS, held, message, new_id

KEY, OTHER = TextKey("new", bytes(range(32))), TextKey("other", bytes(range(1, 33)))
WORDS = "Meet me at the blue gate"
PACKED = pack_septets(WORDS.encode())


def raw(number: int, octets: bytes) -> RawPart:
    return RawPart(number, 0, 0x40, octets, len(octets))


async def save_all(store) -> None:
    """A text at every place that has texts."""
    await store.queue.accept(message(WORDS))
    await store.queue.accept(message(WORDS, WORDS, WORDS))
    await store.queue.accept(message("00480065", text=WORDS.encode().hex(), encoding="binary"))
    await store.held.hold(held(WORDS))
    part = one_of(1, text=WORDS, raw=raw(1, PACKED))
    await store.inbound.add_part(part)
    flag = Flag(new_id(NOW_MS), 1, "23072017992029", WORDS, NOW_MS)
    change = PreferenceChange(
        id=new_id(NOW_MS),
        account_id=1,
        esim_tran_no="23072017992029",
        way=Way.HANDSET,
        at_ms=NOW_MS,
        choices={Category.PROMOTION: False},
        words=WORDS,
    )
    row = inbound(text=WORDS, raw=(raw(1, PACKED), raw(2, WORDS.encode("utf-16-be"))))
    await store.inbound.save(NewInbound(row, alone(WORDS), change=change, flag=flag))


async def texts_of(store) -> list:
    [one] = await store.inbound.list_inbound(1, InboundFilter())
    found = await store.inbound.find_inbound(1, one.id)
    [change] = await store.recipients.list_changes(1, "23072017992029", before=None, limit=9)
    [flag] = await store.recipients.list_flags(1, before=None, limit=9)
    return [
        one.text_absence or one.text,
        [part.octets for part in found.raw],
        change.words_absence or change.words,
        flag.words_absence or flag.words,
    ]


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


def forms(text: str) -> list[bytes]:
    """The octets of a text as they may be stored, and their hex digits."""
    octets = text.encode()
    plain = [octets, text.encode("utf-16-be"), text.encode("utf-16-le"), pack_septets(octets)[:-1]]
    return plain + [each.hex().encode() for each in plain]


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
