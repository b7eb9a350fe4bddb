"""Keys of texts are replaced while the store is open."""

import asyncio
from base64 import b64encode

from simpost.config.text_keys import parse_text_keys
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from tests.contract.raw_rows import raw_rows
from tests.contract.store_facts import message, settlement

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
