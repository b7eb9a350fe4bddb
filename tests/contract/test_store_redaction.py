"""Texts are erased after their time; the records stay and say so."""

from simpost.domain.messages import Category
from simpost.domain.texts import TextAbsence
from simpost.ports.store.inbound import InboundFilter, NewInbound
from tests.contract.inbound_facts import alone, inbound
from tests.contract.raw_rows import raw_rows
from tests.contract.store_facts import DAY_MS, DUE_MS, NOW_MS, esim, held, message, settlement

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
