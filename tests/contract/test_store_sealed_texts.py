"""Texts are sealed in their rows, and readable where they are needed."""

import pytest

from simpost.config.text_keys import TextKey
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.ports.store import MessageFilter
from simpost.ports.store.held import Deferral
from tests.contract.raw_rows import raw_rows, run_raw
from tests.contract.store_facts import (
    CARRIER,
    DUE_MS,
    LEASE_MS,
    NOW_MS,
    OWNER,
    held,
    message,
    settlement,
)

NEW, OLD = TextKey("new", bytes(range(32))), TextKey("old", bytes(range(1, 33)))
LONG = ("first words, ", "second words")


@pytest.fixture
async def sealed(opening):
    async with opening(text_keys=(NEW,)) as opened:
        yield opened


async def claim(store, now_ms=NOW_MS):
    lease_ms = now_ms + LEASE_MS
    return await store.queue.claim(
        CARRIER, limit=100, now_ms=now_ms, owner=OWNER, lease_ms=lease_ms
    )


async def read(store, one):
    found = await store.log.find_message(one.account_id, one.id)
    return found.text_absence or found.text


async def test_parts_are_shown_with_their_sealed_texts(sealed):
    for one, texts in ((message("words"), ["words"]), (message(*LONG), list(LONG))):
        await sealed.queue.accept(one)
        parts = await sealed.log.find_sent_parts(one.account_id, one.id)
        assert [part.text for part in parts] == texts


async def test_a_text_is_sealed_in_its_rows_and_readable_by_lane_and_log(sealed):
    one, two = message("words"), message(*LONG)
    for each in (one, two):
        await sealed.queue.accept(each)
    assert [row["text_key"] for row in await raw_rows(sealed, "messages")] == ["new", "new"]
    stored = [row["text"] for row in await raw_rows(sealed, "messages")]
    stored += [row["text"] for row in await raw_rows(sealed, "parts") if row["text"]]
    assert len(stored) == 4
    assert not any("words" in str(text) for text in stored)
    assert [part.text for part in await claim(sealed)] == ["words", *LONG]
    assert [part.text for part in await sealed.queue.leased(CARRIER, owner=OWNER, limit=9)] == [
        "words",
        *LONG,
    ]
    assert await read(sealed, two) == "".join(LONG)
    listed = await sealed.log.list_messages(1, MessageFilter())
    assert {each.text for each in listed} == {"words", "".join(LONG)}


async def test_without_keys_only_codes_are_sealed(store):
    code, other = message("483911", category=Category.CODE), message("words")
    for each in (code, other):
        await store.queue.accept(each)
    rows = {row["id"]: row for row in await raw_rows(store, "messages")}
    assert rows[code.id]["text_key"] == "secrets_key"
    assert "483911" not in str(rows[code.id]["text"])
    assert rows[other.id]["text_key"] is None
    assert {part.text for part in await claim(store)} == {"483911", "words"}


async def test_a_held_message_is_sealed_until_it_is_released_sealed(sealed):
    one = held("words")
    await sealed.held.hold(one)
    for table in ("messages", "held_messages"):
        assert "words" not in str(await raw_rows(sealed, table))
    assert "validity_s" not in str(await raw_rows(sealed, "held_messages"))
    [due] = await sealed.held.claim_held(now_ms=DUE_MS, lease_ms=DUE_MS + 1, limit=9)
    assert (due.text, due.request) == ("words", one.request)
    released = message(*LONG, id=one.message.id, expires_ms=DUE_MS + LEASE_MS)
    await sealed.held.release_held([released], now_ms=DUE_MS)
    assert "words" not in str(await raw_rows(sealed, "messages") + await raw_rows(sealed, "parts"))
    assert [part.text for part in await claim(sealed, DUE_MS)] == list(LONG)


async def test_a_queued_message_can_be_moved_with_its_texts(sealed):
    one, two = message("words"), message(*LONG)
    for each in (one, two):
        await sealed.queue.accept(each)
    queued = await sealed.routing.queued_messages(CARRIER, after=None, limit=9)
    assert [(each.text, each.parts) for each in queued] == [
        ("words", ("words",)),
        ("".join(LONG), LONG),
    ]


async def test_a_key_that_is_missing_stops_only_its_messages(opening):
    one, two, waits = message("words"), message(*LONG), held("words")
    async with opening(text_keys=(OLD,)) as store:
        for each in (one, two):
            await store.queue.accept(each)
        await store.held.hold(waits)
    async with opening(text_keys=(NEW,)) as store:
        plain = message("other")
        await store.queue.accept(plain)
        assert [part.text for part in await claim(store)] == ["other"]
        found = await store.log.find_message(1, one.id)
        assert (found.state, found.reason) == (State.ACCEPTED, Reason.TEXT_UNREADABLE)
        assert (found.text, found.text_absence) == ("", TextAbsence.KEY_MISSING)
        assert await claim(store, NOW_MS + 59_000) == []
        queued = await store.routing.queued_messages(CARRIER, after=None, limit=9)
        assert [each.may_move for each in queued] == [False, False]
        [due] = await store.held.claim_held(now_ms=DUE_MS, lease_ms=DUE_MS + 1, limit=9)
        assert due.text is TextAbsence.KEY_MISSING
        wait = Deferral(
            1, waits.message.id, State.HELD, Reason.TEXT_UNREADABLE, DUE_MS + 9, due.expires_ms
        )
        await store.held.defer_held([wait], now_ms=DUE_MS)
    async with opening(text_keys=(NEW, OLD)) as store:
        texts = {part.text: part.attempt for part in await claim(store, NOW_MS + 60_000)}
        assert texts == {"words": 1, LONG[0]: 1, LONG[1]: 1}
        assert await read(store, one) == "words"
        await store.queue.record([settlement(one)])
        assert (await store.log.find_message(1, one.id)).reason is None
        [due] = await store.held.claim_held(now_ms=DUE_MS + 9, lease_ms=DUE_MS + 10, limit=9)
        assert due.text == "words"


async def test_a_message_whose_key_is_missing_expires(opening):
    one = message("words")
    async with opening(text_keys=(OLD,)) as store:
        await store.queue.accept(one)
    async with opening() as store:
        assert await claim(store, one.expires_ms) == []
        found = await store.log.find_message(1, one.id)
        assert (found.state, found.reason) == (State.EXPIRED, Reason.VALIDITY_EXPIRED)


async def test_a_copied_ciphertext_does_not_open_in_another_row(sealed):
    one, two = message("words"), message("other")
    for each in (one, two):
        await sealed.queue.accept(each)
    first, second = await raw_rows(sealed, "messages")
    await run_raw(
        sealed, "UPDATE messages SET text = $1 WHERE id = $2", first["text"], second["id"]
    )
    assert await read(sealed, one) == "words"
    assert await read(sealed, two) is TextAbsence.DAMAGED
    assert [part.text for part in await claim(sealed)] == ["words"]
    assert (await sealed.log.find_message(1, two.id)).reason is Reason.TEXT_UNREADABLE


async def test_identical_texts_are_counted_though_sealed(sealed):
    for text in ("words", "words", "other"):
        await sealed.queue.accept(message(text))
    count = sealed.inbound.count_identical
    of = {"sender": "Shop", "text": "words", "since_ms": NOW_MS}
    assert await count(1, "23072017992029", **of, limit=9) == 2
    assert await count(1, "23072017992029", **of, limit=1) == 1
