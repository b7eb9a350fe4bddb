"""A text at every place of a store that has texts, and the forms in which it must not be there."""

from __future__ import annotations

from typing import Any

from simpost.config.text_keys import TextKey
from simpost.domain.inbound import RawPart
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.ports.store import Store
from simpost.ports.store.inbound import InboundFilter, NewInbound
from simpost.ports.store.recipients import Flag
from simpost.text import pack_septets
from tests.contract.inbound_facts import alone, inbound, one_of
from tests.contract.store_facts import NOW_MS, held, message, new_id

KEY, OTHER = TextKey("new", bytes(range(32))), TextKey("other", bytes(range(1, 33)))
WORDS = "Meet me at the blue gate"
PACKED = pack_septets(WORDS.encode())


def raw(number: int, octets: bytes) -> RawPart:
    return RawPart(number, 0, 0x40, octets, len(octets))


async def save_all(store: Store) -> None:
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


async def texts_of(store: Store) -> list[Any]:
    [one] = await store.inbound.list_inbound(1, InboundFilter())
    found = await store.inbound.find_inbound(1, one.id)
    assert found is not None
    [change] = await store.recipients.list_changes(1, "23072017992029", before=None, limit=9)
    [flag] = await store.recipients.list_flags(1, before=None, limit=9)
    return [
        one.text_absence or one.text,
        [part.octets for part in found.raw],
        change.words_absence or change.words,
        flag.words_absence or flag.words,
    ]


def forms(text: str) -> list[bytes]:
    """The octets of a text as they may be stored, and their hex digits."""
    octets = text.encode()
    plain = [octets, text.encode("utf-16-be"), text.encode("utf-16-le"), pack_septets(octets)[:-1]]
    return plain + [each.hex().encode() for each in plain]
