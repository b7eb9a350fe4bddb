import asyncio
import itertools

import pytest

from simpost.domain.accounts import Account
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import MessageFilter
from tests.contract.store_facts import (
    DAY_MS,
    NOW_MS,
    esim,
    in_doubt,
    leased,
    message,
    receipt,
    refused,
    settlement,
)


async def listed(store, account_id=1, **which):
    return [one.text for one in await store.log.list_messages(account_id, MessageFilter(**which))]


@pytest.fixture
async def five(store):
    """Five messages, a day apart, to two eSIMs; the oldest is called 0."""
    esims = ("E-1", "8985200000000000001"), ("E-2", "8985200000000000002")
    await store.catalogue.save_esims(1, [esim(tran_no, iccid=iccid) for tran_no, iccid in esims])
    sent = []
    for index in range(5):
        tran_no, iccid = esims[index % 2]
        one = leased(str(index), at_ms=NOW_MS + index * DAY_MS, esim_tran_no=tran_no, iccid=iccid)
        await store.queue.accept(one)
        sent.append(one)
    return sent


async def test_the_newest_are_listed_first(store, five):
    assert await listed(store) == ["4", "3", "2", "1", "0"]


async def test_a_listed_message_is_the_one_that_is_found(store, five):
    [first] = await store.log.list_messages(1, MessageFilter(limit=1))
    found = await store.log.find_message(1, first.id)
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
    await store.queue.record(
        [settlement(five[0], carrier_message_id="c"), refused(five[1]), settlement(five[2])]
    )
    await store.queue.record((), [receipt("c")])
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


async def test_a_message_of_several_parts_is_listed_in_the_state_of_them_all(store):
    one = leased("first ", "second", esim_tran_no="E-1")
    await store.queue.accept(one)
    await store.queue.record(
        [settlement(one, number, carrier_message_id=f"c{number}") for number in (1, 2)]
    )
    await store.queue.record((), [receipt("c1")])
    of_esim = {"esim_tran_no": "E-1"}
    assert await listed(store, state=State.SENT, **of_esim) == [one.text]
    assert await listed(store, state=State.DELIVERED, **of_esim) == []
    await store.queue.record((), [receipt("c2", State.FAILED, Reason.UNDELIVERABLE)])
    assert await listed(store, state=State.FAILED, **of_esim) == [one.text]
    assert await listed(store, state=State.SENT, **of_esim) == []
    assert await listed(store, state=State.DELIVERED, **of_esim) == []


async def test_parts_are_shown_as_they_are_sent_and_attempts_with_their_ids(store):
    one = leased("first ", "second", esim_tran_no="E-1")
    await store.queue.accept(one)
    await store.queue.record(
        [settlement(one, number, carrier_message_id=f"c{number}") for number in (1, 2)]
    )
    await store.queue.record((), [receipt("c1"), receipt("c2")])
    parts = await store.log.find_sent_parts(1, one.id)
    assert [(part.number, part.total, part.text) for part in parts] == [
        (1, 2, "first "),
        (2, 2, "second"),
    ]
    assert {part.destination for part in parts} == {one.destination}
    found = await store.log.find_message(1, one.id)
    assert [each.carrier_message_id for each in found.attempts] == ["c1", "c2"]
    assert await store.log.find_sent_parts(2, one.id) == []


async def test_the_part_of_a_one_time_code_is_shown_without_its_text(store):
    code = leased("123456", category=Category.CODE)
    await store.queue.accept(code)
    [part] = await store.log.find_sent_parts(1, code.id)
    assert (part.text, part.category) == ("", "code")


ENDS = (
    (State.DELIVERED, None),
    (State.FAILED, Reason.UNDELIVERABLE),
    (State.EXPIRED, Reason.EXPIRED_AT_CARRIER),
)
STATES = (*(state for state, _ in ENDS), State.SENT, State.IN_DOUBT, State.REJECTED, State.ACCEPTED)


async def lead_apart(store, sent):
    """Bring each message into the matching state of `STATES`."""
    carried = [one for at in range(4) for one in sent[at::7]]
    await store.queue.record(
        [settlement(one, carrier_message_id=one.text) for one in carried]
        + [in_doubt(one) for one in sent[4::7]]
        + [refused(one) for one in sent[5::7]]
    )
    for at, end in enumerate(ENDS):
        await store.queue.record((), [receipt(one.text, *end) for one in sent[at::7]])
    return {one.text: STATES[at % 7] for at, one in enumerate(sent)}


@pytest.mark.parametrize("first_look", [3, 1_000])
async def test_any_combination_of_filters_lists_exactly_the_matching_messages(
    store, monkeypatch, first_look
):
    """`first_look`: how many of an account's messages PostgreSQL reads first for a state filter."""
    monkeypatch.setattr("simpost.store.postgres.log._FIRST_LOOK", first_look)
    esims = {"E-1": "8985200000000000001", "E-2": "8985200000000000002"}
    await store.catalogue.save_esims(
        1, [esim(tran_no, iccid=iccid) for tran_no, iccid in esims.items()]
    )
    sent = []
    for at in range(70):
        tran_no = "E-2" if at % 5 == 0 else "E-1"
        facts = {"esim_tran_no": tran_no, "iccid": esims[tran_no]}
        sent.append(leased(f"m{at}", at_ms=NOW_MS + at * DAY_MS // 7, **facts))
    await asyncio.gather(*(store.queue.accept(one) for one in sent))
    states = await lead_apart(store, sent)
    kinds = itertools.product(
        ({}, {"esim_tran_no": "E-1"}, {"esim_tran_no": "E-2"}, {"iccid": esims["E-2"]}),
        (None, *STATES, State.CANCELLED),
        ({}, {"from_ms": NOW_MS + 2 * DAY_MS, "to_ms": NOW_MS + 7 * DAY_MS}),
        (None, sent[50].id, sent[11].id),
        (2, 50),
    )
    for of, state, time, before, limit in kinds:
        expected = [
            one.text
            for one in reversed(sent)
            if all(getattr(one, name) == value for name, value in of.items())
            and state in (None, states[one.text])
            and time.get("from_ms", 0) <= one.created_ms <= time.get("to_ms", one.created_ms)
            and (before is None or one.id < before)
        ]
        which = {**of, **time, "state": state, "before": before, "limit": limit}
        assert await listed(store, **which) == expected[:limit], which


async def test_pages_follow_each_other_though_messages_keep_coming(store, five):
    page = await store.log.list_messages(1, MessageFilter(limit=2))
    await store.queue.accept(message("new", at_ms=NOW_MS + 9 * DAY_MS))
    assert await listed(store, limit=2, before=page[-1].id) == ["2", "1"]
    assert await listed(store, limit=2, before=five[0].id) == []


async def test_a_cursor_works_with_every_filter(store, five):
    cursor = five[4].id
    assert await listed(store, before=cursor, esim_tran_no="E-1") == ["2", "0"]
    assert await listed(store, before=cursor, iccid="8985200000000000001", limit=1) == ["2"]
    assert await listed(store, before=cursor, state=State.ACCEPTED, limit=1) == ["3"]
    assert await listed(store, before=cursor, to_ms=NOW_MS) == ["0"]


async def test_an_account_sees_its_own_messages_only(store, five):
    await store.queue.accept(message("theirs", account_id=2, esim_tran_no="E-1"))
    assert await listed(store, account_id=2) == ["theirs"]
    assert await listed(store, account_id=2, esim_tran_no="E-1") == ["theirs"]
    assert await listed(store, account_id=2, iccid="8985200000000000001") == []
    assert await listed(store, account_id=2, state=State.ACCEPTED) == ["theirs"]
    assert await store.log.find_message(2, five[0].id) is None
    assert "theirs" not in await listed(store)


async def test_an_unknown_message_is_not_found(store):
    assert await store.log.find_message(1, bytes(16)) is None
    assert await listed(store) == []


async def test_the_owner_of_a_message_is_found_by_its_id_alone(store):
    account_id = await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    await store.accounts.add_account(Account(id=0, access_code="b", secret="s"))
    one = message(account_id=account_id)
    await store.queue.accept(one)
    assert await store.log.find_owner(one.id) == account_id
    assert await store.log.find_owner(message().id) is None
