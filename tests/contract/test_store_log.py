import pytest

from simpost.domain.states import State
from simpost.ports.store import MessageFilter
from tests.contract.store_facts import (
    DAY_MS,
    NOW_MS,
    esim,
    leased,
    message,
    receipt,
    refused,
    settlement,
)


async def listed(store, account_id=1, **which):
    return [one.text for one in await store.list_messages(account_id, MessageFilter(**which))]


@pytest.fixture
async def five(store):
    """Five messages, a day apart, to two eSIMs; the oldest is called 0."""
    esims = ("E-1", "8985200000000000001"), ("E-2", "8985200000000000002")
    await store.save_esims(1, [esim(tran_no, iccid=iccid) for tran_no, iccid in esims])
    sent = []
    for index in range(5):
        tran_no, iccid = esims[index % 2]
        one = leased(str(index), at_ms=NOW_MS + index * DAY_MS, esim_tran_no=tran_no, iccid=iccid)
        await store.accept(one)
        sent.append(one)
    return sent


async def test_the_newest_are_listed_first(store, five):
    assert await listed(store) == ["4", "3", "2", "1", "0"]


async def test_a_listed_message_is_the_one_that_is_found(store, five):
    [first] = await store.list_messages(1, MessageFilter(limit=1))
    found = await store.find_message(1, first.id)
    assert first.parts == () == first.attempts
    assert (first.state, first.updated_ms, first.text) == (
        found.state,
        found.updated_ms,
        found.text,
    )


async def test_messages_are_listed_by_esim_by_iccid_and_by_both(store, five):
    assert await listed(store, esim_tran_no="E-1") == ["4", "2", "0"]
    assert await listed(store, iccid="8985200000000000002") == ["3", "1"]
    assert await listed(store, esim_tran_no="E-1", iccid="8985200000000000002") == []
    assert await listed(store, iccid="none") == []


async def test_messages_are_listed_by_state(store, five):
    await store.settle(
        [settlement(five[0], carrier_message_id="c"), refused(five[1]), settlement(five[2])]
    )
    await store.receive([receipt("c")])
    assert await listed(store, state=State.DELIVERED) == ["0"]
    assert await listed(store, state=State.REJECTED) == ["1"]
    assert await listed(store, state=State.SENT) == ["2"]
    assert await listed(store, state=State.ACCEPTED) == ["4", "3"]
    assert await listed(store, state=State.ACCEPTED, esim_tran_no="E-1") == ["4"]
    assert await listed(store, state=State.HELD) == []


async def test_messages_are_listed_by_time_both_ends_included(store, five):
    first, last = NOW_MS + DAY_MS, NOW_MS + 3 * DAY_MS
    assert await listed(store, from_ms=first, to_ms=last) == ["3", "2", "1"]
    assert await listed(store, from_ms=first + 1, to_ms=last - 1) == ["2"]
    assert await listed(store, from_ms=last, state=State.ACCEPTED) == ["4", "3"]
    assert await listed(store, to_ms=first, esim_tran_no="E-1") == ["0"]


async def test_pages_follow_each_other_though_messages_keep_coming(store, five):
    page = await store.list_messages(1, MessageFilter(limit=2))
    await store.accept(message("new", at_ms=NOW_MS + 9 * DAY_MS))
    assert await listed(store, limit=2, before=page[-1].id) == ["2", "1"]
    assert await listed(store, limit=2, before=five[0].id) == []


async def test_a_cursor_works_with_every_filter(store, five):
    cursor = five[4].id
    assert await listed(store, before=cursor, esim_tran_no="E-1") == ["2", "0"]
    assert await listed(store, before=cursor, iccid="8985200000000000001", limit=1) == ["2"]
    assert await listed(store, before=cursor, state=State.ACCEPTED, limit=1) == ["3"]
    assert await listed(store, before=cursor, to_ms=NOW_MS) == ["0"]


async def test_an_account_sees_its_own_messages_only(store, five):
    await store.accept(message("theirs", account_id=2, esim_tran_no="E-1"))
    assert await listed(store, account_id=2) == ["theirs"]
    assert await listed(store, account_id=2, esim_tran_no="E-1") == ["theirs"]
    assert await listed(store, account_id=2, iccid="8985200000000000001") == []
    assert await listed(store, account_id=2, state=State.ACCEPTED) == ["theirs"]
    assert await store.find_message(2, five[0].id) is None
    assert "theirs" not in await listed(store)


async def test_an_unknown_message_is_not_found(store):
    assert await store.find_message(1, bytes(16)) is None
    assert await listed(store) == []
