"""Options are stored so that a restart sends the same octets and the log shows what was sent."""

import pytest

from simpost.domain.options import (
    DEFAULT_OPTIONS,
    Concatenation,
    Options,
    Ports,
    Replacement,
    TemplateRef,
)
from tests.contract.store_facts import CARRIER, LEASE_MS, NOW_MS, OWNER, message

OPTIONS = [
    DEFAULT_OPTIONS,
    Options(concatenation=Concatenation.UDH8),
    Options(replaced=(Replacement("’", "'", 2), Replacement("e\u0301", "é"))),
    Options(concatenation=Concatenation.SAR, message_class=0),
    Options(message_class=3, receipt=False),
    Options(receipt=False),
    Options(ports=Ports(2948, 9200)),
    Options(template=TemplateRef("welcome", 3, "pt-PT")),
    Options(concatenation=Concatenation.UDH16, ports=Ports(240, 255, 8)),
]


async def claimed(store):
    return await store.queue.claim(
        CARRIER, limit=10, now_ms=NOW_MS, owner=OWNER, lease_ms=NOW_MS + LEASE_MS
    )


@pytest.mark.parametrize("options", OPTIONS)
async def test_options_come_back_with_every_part_after_a_restart(opening, options):
    async with opening() as store:
        one = message("first, ", "second", options=options)
        await store.queue.accept(one)
    async with opening() as store:
        assert [part.options for part in await claimed(store)] == [options, options]
        assert (await store.log.find_message(1, one.id)).options == options


@pytest.mark.parametrize(
    ("encoding", "text"), [("latin1", "é" * 10), ("ascii", "{}"), ("binary", "00ff1b00")]
)
async def test_the_label_and_the_text_come_back_as_they_were(store, encoding, text):
    one = message(text, encoding=encoding)
    await store.queue.accept(one)
    [part] = await claimed(store)
    assert (part.encoding, part.text) == (encoding, text)
    found = await store.log.find_message(1, one.id)
    assert (found.encoding, found.text) == (encoding, text)


async def test_the_sender_is_that_of_the_message(store):
    one = message(sender="12345")
    await store.queue.accept(one)
    assert [part.sender for part in await claimed(store)] == ["12345"]
    assert (await store.log.find_message(1, one.id)).sender == "12345"


async def test_a_message_given_whole_shows_what_the_handset_gets(store):
    """One PDU for dispatch, three parts on the bill: message-segment-calculator#5."""
    one = message("x" * 400, options=Options(concatenation=Concatenation.PAYLOAD), part_count=3)
    await store.queue.accept(one)
    [part] = await claimed(store)
    assert (part.total, part.text) == (1, "x" * 400)
    found = await store.log.find_message(1, one.id)
    assert (found.part_count, len(found.parts)) == (3, 1)
