"""Keys of texts are replaced while the store is open."""

import asyncio
from base64 import b64encode

from simpost.config.text_keys import parse_text_keys
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.ports.store.inbound import InboundFilter, NewInbound
from tests.contract.inbound_facts import alone, inbound
from tests.contract.raw_rows import raw_rows
from tests.contract.store_facts import DUE_MS, held, message, settlement

OLD, NEW = (f"{name}:{b64encode(name[:1].encode() * 32).decode()}" for name in ("old", "new"))


def use(store, *keys):
    store.use_text_keys(parse_text_keys(", ".join(keys)))


async def add(store, text="words"):
    one = message(text)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, state=State.DELIVERED)])
    return one


async def shown(store, one):
    found = await store.log.find_message(1, one.id)
    return found.text_absence or found.text


async def keys_in_rows(store):
    return [row["text_key"] for row in await raw_rows(store, "messages")]


async def test_new_rows_have_the_first_key_and_old_ones_open(store):
    clear = await add(store)
    use(store, OLD)
    old = await add(store)
    use(store, NEW, OLD)
    new = await add(store)
    assert await keys_in_rows(store) == [None, "old", "new"]
    assert [await shown(store, each) for each in (clear, old, new)] == ["words"] * 3


async def test_a_removed_key_opens_again_when_it_is_back(store):
    use(store, OLD)
    one = await add(store)
    use(store, NEW)
    assert await shown(store, one) is TextAbsence.KEY_MISSING
    use(store, NEW, OLD)
    assert await shown(store, one) == "words"


async def test_keys_are_replaced_while_messages_are_accepted(store):
    use(store, OLD, NEW)
    adding = [asyncio.create_task(add(store, f"words {number}")) for number in range(60)]
    for turn in range(30):
        use(store, *((NEW, OLD) if turn % 2 else (OLD, NEW)))
        await asyncio.sleep(0)
    for number, one in enumerate(await asyncio.gather(*adding)):
        assert await shown(store, one) == f"words {number}"


async def again(store, table="messages", after=b"", *, limit=100, again=True, clear=False):
    return await store.sealing.seal_again(1, table, after, limit=limit, again=again, clear=clear)


async def test_rows_are_sealed_again_and_the_old_key_is_not_needed(store):
    clear = await add(store)
    use(store, OLD)
    whole = message("two ", "parts")
    await store.queue.accept(whole)
    waits = held("waits")
    await store.held.hold(waits)
    use(store, NEW, OLD)
    before = await again(store, again=False)
    assert (before.sealed, before.in_clear, before.rows) == (0, 1, {"old": 2})
    done = await again(store)
    assert (done.sealed, done.in_clear, done.rows, done.after) == (2, 1, {"new": 2}, None)
    use(store, NEW)
    texts = [await shown(store, each) for each in (clear, whole, waits.message)]
    assert texts == ["words", "two parts", "waits"]
    [due] = await store.held.claim_held(now_ms=DUE_MS, lease_ms=DUE_MS + 1, limit=9)
    assert (due.text, due.request) == ("waits", waits.request)
    parts = await store.queue.claim(
        "smsc", limit=9, now_ms=DUE_MS - 86_400_000 + 1, owner="embedded", lease_ms=180_000
    )
    assert sorted(part.text for part in parts) == ["parts", "two "]


async def test_texts_in_clear_are_sealed_when_asked(store):
    one = await add(store, "zäöü€")
    row = inbound(text="answer")
    await store.inbound.save(NewInbound(row, alone("answer")))
    use(store, NEW)
    assert (await again(store)).in_clear == 1
    for table in ("messages", "inbound"):
        assert (await again(store, table, clear=True)).sealed == 1
    assert "zäöü€" not in str(await raw_rows(store, "messages"))
    assert "answer" not in str(await raw_rows(store, "inbound"))
    assert await shown(store, one) == "zäöü€"
    [came] = await store.inbound.list_inbound(1, InboundFilter())
    assert came.text == "answer"


async def test_a_row_without_its_key_stays_and_is_counted(store):
    use(store, OLD)
    one = await add(store)
    use(store, NEW)
    done = await again(store)
    assert (done.sealed, done.unreadable, done.rows) == (0, 1, {"old": 1})
    use(store, NEW, OLD)
    assert await shown(store, one) == "words"


async def test_it_is_done_in_steps_and_can_be_repeated(store):
    use(store, OLD)
    for _ in range(3):
        await add(store)
    use(store, NEW, OLD)
    first = await again(store, limit=2)
    rest = await again(store, after=first.after, limit=2)
    assert (first.sealed, rest.sealed, rest.after) == (2, 1, None)
    assert (await again(store)).sealed == 0


async def test_without_a_key_nothing_is_sealed(store):
    await add(store)
    assert (await again(store, clear=True)).in_clear == 1
