"""Parts of a message wait until the last one arrived, sealed, bounded, and never without a word."""

import pytest
from uuid_utils import uuid7

from simpost.domain.accounts import Account
from simpost.domain.messages import format_id
from simpost.ports.store.smpp_parts import SmppPart
from tests.contract.raw_rows import raw_rows
from tests.contract.store_facts import NOW_MS, message

LATER_MS = NOW_MS + 600_000


def part(number=1, *, key=b"key-of-the-message", octets=None, account_id=1, **fields):
    return SmppPart(
        account_id=account_id,
        key=key,
        message_id=fields.pop("message_id", None) or uuid7().bytes,
        number=number,
        total=fields.pop("total", 3),
        octets=octets or b"part %d" % number,
        encoding="gsm7",
        reference=f"smpp:shop:1:msisdn.1.1::5.0:Shop{number}",
        created_ms=fields.pop("created_ms", NOW_MS),
    )


@pytest.fixture
async def parts(store):
    """The verbs, and an account that keeps events."""
    await store.accounts.add_account(Account(0, "one", "secret-of-account", events=True))
    return store.smpp_parts


async def events(store):
    await store.events.assign_sequence(limit=100)
    return (await store.events.events_after(1, 0, limit=100)).events


async def add(store, *parts):
    for each in parts:
        await store.smpp_parts.add_smpp_part(each)


async def expire(store, before_ms=LATER_MS):
    return await store.smpp_parts.expire_smpp_parts(before_ms=before_ms, now_ms=LATER_MS, limit=10)


async def test_parts_of_any_order_are_one_message_with_the_id_of_the_first(store, parts):
    first = part(2)
    found = await parts.add_smpp_part(first)
    assert (found.message_id, found.is_complete) == (first.message_id, False)
    await parts.add_smpp_part(part(3))
    found = await parts.add_smpp_part(part(1))
    assert (found.message_id, found.is_complete) == (first.message_id, True)
    assert [each.octets for each in found.parts] == [b"part 1", b"part 2", b"part 3"]
    assert [each.reference[-5:] for each in found.parts] == ["Shop1", "Shop2", "Shop3"]


async def test_a_waiting_part_cannot_be_read_in_the_store(store, parts):
    await parts.add_smpp_part(part(1, octets=b"the code is 1234"))
    [row] = await raw_rows(store, "smpp_parts")
    assert b"1234" not in bytes(row["octets"])
    assert b"1234" not in repr(row).encode()


async def test_other_messages_and_accounts_have_parts_of_their_own(store, parts):
    for each in (part(1), part(2, key=b"another"), part(3, account_id=2)):
        found = await parts.add_smpp_part(each)
        assert len(found.parts) == 1


async def test_a_part_that_comes_again_is_kept_once(store, parts):
    first = await parts.add_smpp_part(part(1))
    again = await parts.add_smpp_part(part(1))
    assert again == first
    assert await events(store) == ()


async def test_a_reference_that_is_used_again_drops_what_was_incomplete(store, parts):
    before = await parts.add_smpp_part(part(1))
    found = await parts.add_smpp_part(part(1, octets=b"another text"))
    assert found.message_id != before.message_id
    assert [each.octets for each in found.parts] == [b"another text"]
    [event] = await events(store)
    assert (event.type, event.subject) == ("smpp.parts_dropped", format_id(before.message_id))
    assert (event.data["state"], event.data["parts"]) == ("expired", [1])


async def test_a_message_that_is_sent_leaves_nothing(store, parts):
    found = await parts.add_smpp_part(part(1, total=1))
    await parts.take_smpp_parts(1, found.message_id)
    assert await expire(store) == 0
    assert await events(store) == ()


async def test_a_refused_message_tells_all_parts_but_the_one_that_was_answered(store, parts):
    for number in (1, 2):
        await parts.add_smpp_part(part(number))
    found = await parts.add_smpp_part(part(3))
    await parts.drop_smpp_parts(1, found.message_id, reason="x", but=3, now_ms=NOW_MS)
    [event] = await events(store)
    assert event.data["state"] == "rejected"
    assert event.data["parts"] == [1, 2]
    assert [text[-5:] for text in event.data["references"]] == ["Shop1", "Shop2"]
    assert await expire(store) == 0


async def test_an_incomplete_message_expires_and_says_so_once(store, parts):
    old = await parts.add_smpp_part(part(1))
    await parts.add_smpp_part(part(1, key=b"young", created_ms=LATER_MS))
    assert await expire(store) == 1
    assert await expire(store) == 0
    [event] = await events(store)
    assert event.subject == format_id(old.message_id)


async def test_parts_of_a_message_that_was_committed_before_a_crash_expire_silently(store, parts):
    sent = message("part 1", account_id=1)
    await parts.add_smpp_part(part(1, total=1, message_id=sent.id))
    await store.queue.accept(sent)
    assert await expire(store) == 1
    assert [event.type for event in await events(store)] == ["message.accepted"]


async def test_incomplete_messages_are_limited(store, parts, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.smpp_parts.MOST_INCOMPLETE", 2)
    assert await parts.add_smpp_part(part(1, key=b"a"))
    assert await parts.add_smpp_part(part(1, key=b"b"))
    assert await parts.add_smpp_part(part(1, key=b"c")) is None
    assert await parts.add_smpp_part(part(2, key=b"a"))
    assert await parts.add_smpp_part(part(1, key=b"c", account_id=2))
