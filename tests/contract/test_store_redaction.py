"""Texts are erased after their time; the records stay and say so."""

from simpost.domain.conversations import Note
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.texts import TextAbsence
from simpost.ports.store.inbound import InboundFilter, NewInbound
from simpost.ports.store.recipients import Flag
from tests.contract.inbound_facts import alone, inbound
from tests.contract.raw_rows import raw_rows
from tests.contract.store_facts import (
    DAY_MS,
    DUE_MS,
    NOW_MS,
    esim,
    held,
    message,
    new_id,
    settlement,
)

LATER_MS = NOW_MS + DAY_MS


async def redact(store, category=Category.SERVICE, before_ms=NOW_MS + 1, limit=10):
    return await store.retention.redact_messages(
        1, category, before_ms=before_ms, now_ms=LATER_MS, limit=limit
    )


async def sent(store, *parts, **facts):
    one = message(*parts, **facts)
    await store.queue.accept(one)
    numbers = range(1, len(one.parts) + 1)
    await store.queue.record([settlement(one, number) for number in numbers])
    return one


async def absence(store, one):
    found = await store.log.find_message(1, one.id)
    return found.text_absence if not found.text else found.text


async def test_the_texts_of_a_category_are_erased_and_the_records_stay(store):
    one, two = await sent(store, "words"), await sent(store, "more ", "words")
    notice = await sent(store, "notice", category=Category.NOTICE)
    young = await sent(store, "young", at_ms=NOW_MS + 2)
    assert await redact(store) == 3
    for each in (one, two):
        assert await absence(store, each) is TextAbsence.REDACTED
    assert [await absence(store, each) for each in (notice, young)] == ["notice", "young"]
    assert "words" not in str(await raw_rows(store, "messages") + await raw_rows(store, "parts"))
    assert (await store.log.find_message(1, two.id)).parts
    assert await redact(store) == 0
    assert await redact(store, Category.NOTICE) == 3
    assert await absence(store, notice) is TextAbsence.REDACTED


async def test_it_is_done_in_steps_and_for_one_account(store):
    for _ in range(5):
        await sent(store, "words")
    other = message("other", account_id=2)
    await store.queue.accept(other)
    await store.queue.record([settlement(other)])
    assert [await redact(store, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    left = [row for row in await raw_rows(store, "messages") if row["redacted_ms"] is None]
    assert [row["account_id"] for row in left] == [2]


async def test_a_message_that_is_still_to_be_sent_is_redacted_after_it_was_sent(store):
    queued, waits = message("queued"), held("words")
    await store.queue.accept(queued)
    await store.held.hold(waits)
    assert await redact(store) == 2
    assert await absence(store, queued) == "queued"
    assert await absence(store, waits.message) == "words"
    await store.queue.record([settlement(queued)])
    assert await redact(store) == 0
    assert await absence(store, queued) is TextAbsence.REDACTED
    [due] = await store.held.claim_held(now_ms=DUE_MS, lease_ms=DUE_MS + 1, limit=9)
    assert due.text == "words"
    assert await store.held.cancel_message(1, waits.message.id, now_ms=DUE_MS)
    await redact(store)
    assert await absence(store, waits.message) is TextAbsence.REDACTED


async def test_texts_of_travellers_are_erased_with_their_octets(store):
    row = inbound(text="words")
    await store.inbound.save(NewInbound(row, alone("words")))
    count = await store.retention.redact_inbound(1, before_ms=NOW_MS + 1, now_ms=LATER_MS, limit=10)
    assert count == 1
    [found] = await store.inbound.list_inbound(1, InboundFilter())
    assert (found.text, found.text_absence) == ("", TextAbsence.REDACTED)
    [stored] = await raw_rows(store, "inbound")
    assert (stored["raw"], stored["source"]) == (None, row.source)
    assert esim().esim_tran_no == found.esim_tran_no


async def test_words_of_preferences_and_flags_are_erased_after_their_time(store):
    for at_ms, wanted, words in ((NOW_MS, False, "old words"), (NOW_MS + 2, True, "young")):
        change = PreferenceChange(
            account_id=1, esim_tran_no="1", id=new_id(at_ms), way=Way.HANDSET,
            choices={Category.PROMOTION: wanted}, words=words, at_ms=at_ms,
        )  # fmt: skip
        await store.recipients.change_preferences(change)
        flag = Flag(id=new_id(at_ms), account_id=1, esim_tran_no="1", words=words, at_ms=at_ms)
        await store.inbound.save(NewInbound(inbound(), alone("x"), flag=flag))
    times = {"before_ms": NOW_MS + 1, "now_ms": LATER_MS, "limit": 10}
    assert [await store.retention.redact_words(1, **times) for _ in range(2)] == [1, 0]
    changes = await store.recipients.list_changes(1, "1", before=None, limit=9)
    flags = await store.recipients.list_flags(1, before=None, limit=9)
    for young, old in (changes, flags):
        assert (young.words, young.words_absence) == ("young", None)
        assert (old.words, old.words_absence) == ("", TextAbsence.REDACTED)
    assert changes[1].differences
    stored = [await raw_rows(store, f"preference_{kind}") for kind in ("changes", "flags")]
    assert "old words" not in str(stored)


async def test_notes_of_conversations_are_erased_after_their_time(store):
    of = await store.conversations.begin(1, "1", new_id=new_id(NOW_MS), now_ms=NOW_MS)
    for at_ms, words in ((NOW_MS, "old words"), (NOW_MS + 2, "young")):
        await store.conversations.add_note(Note(new_id(at_ms), 1, of.id, "Ana", words, at_ms))
    times = {"before_ms": NOW_MS + 1, "now_ms": LATER_MS, "limit": 10}
    assert await store.retention.redact_words(2, **times) == 0
    assert [await store.retention.redact_words(1, **times) for _ in range(2)] == [1, 0]
    young, old = await store.conversations.list_notes(1, of.id, before=None, limit=9)
    assert (young.text, old.text, old.author) == ("young", "", "Ana")
    _, stored = sorted(await raw_rows(store, "conversation_notes"), key=lambda row: -row["at_ms"])
    assert (stored["words"], stored["redacted_ms"]) == ("", LATER_MS)
