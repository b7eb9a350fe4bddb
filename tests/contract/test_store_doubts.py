"""A receipt that fits no known id settles the only part in doubt to its number."""

import pytest
from msgspec.structs import replace

from simpost.domain.outcomes import ReceiptDisposition, ReceiptKey
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    LEASE_MS,
    NOW_MS,
    OWNER,
    in_doubt,
    leased,
    receipt,
    settlement,
)

HANDSET = "66812345678"
OTHER = "66899999999"
DOUBTFUL = RepeatPolicy()


def said(carrier_id, state=State.DELIVERED, reason=None, numbers=(HANDSET, "Shop"), **facts):
    return receipt(carrier_id, state, reason, numbers=numbers, **facts)


async def doubted(store, *parts, **changes):
    """A message whose parts were sent without a response."""
    one = leased(*parts, **changes)
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one, number) for number in range(1, len(one.parts) + 1)])
    return one


async def lost(store, *parts, **changes):
    """The same after the node that leased it was killed."""
    one = leased(*parts, **changes)
    await store.queue.accept(one)
    await store.queue.expire_leases(now_ms=NOW_MS + 100, owner=OWNER, repeats=DOUBTFUL)
    return one


async def look_again(store):
    """What maintenance does every few seconds."""
    await store.queue.expire_leases(now_ms=NOW_MS + 200, owner=None, repeats=DOUBTFUL)


async def state_of(store, one):
    return (await store.log.find_message(one.account_id, one.id)).state


async def part_of(store, one, number=1):
    return (await store.log.find_message(one.account_id, one.id)).parts[number - 1]


async def disposition(store, one):
    found = await store.log.find_message(one.account_id, one.id)
    return [(each.carrier_message_id, each.disposition) for each in found.receipts]


@pytest.mark.parametrize("doubting", [doubted, lost])
async def test_an_unknown_receipt_ends_the_only_part_in_doubt_to_its_number(store, doubting):
    one, other = await doubting(store), await doubting(store, destination=OTHER)
    await store.queue.record((), [said("x-1")])
    assert await state_of(store, one) is State.DELIVERED
    assert await state_of(store, other) is State.IN_DOUBT
    part = await part_of(store, one)
    assert (part.carrier_message_id, part.reason, part.final_ms) == ("x-1", None, NOW_MS + 5_000)


@pytest.mark.parametrize("doubting", [doubted, lost])
async def test_a_receipt_that_came_before_the_part_was_in_doubt_is_applied_then(opening, doubting):
    async with opening() as store:
        await store.queue.record((), [said("x-1", at_ms=NOW_MS + 15)])
    async with opening() as store:
        one = await doubting(store)
        await look_again(store)
        assert await state_of(store, one) is State.DELIVERED
        assert await disposition(store, one) == [("x-1", ReceiptDisposition.MATCHED)]
        assert await store.retention.purge(now_ms=NOW_MS + 9 * DAY_MS, limit=10) == 0


async def test_many_parts_in_doubt_are_each_settled_by_their_own_receipt(store):
    many = [
        leased(destination=f"6681000{index:04}", esim_tran_no=f"E{index}") for index in range(144)
    ]
    for one in many:
        await store.queue.accept(one)
    await store.queue.expire_leases(
        now_ms=NOW_MS + 100, owner=OWNER, repeats=RepeatPolicy(frozenset({"service"}))
    )
    shown = many[:-1]
    await store.queue.record(
        (),
        [said(f"x-{index}", numbers=(one.destination, "Shop")) for index, one in enumerate(shown)],
    )
    assert {await state_of(store, one) for one in shown} == {State.DELIVERED}
    assert await state_of(store, many[-1]) is State.IN_DOUBT
    left = await store.queue.claim(
        CARRIER, limit=200, now_ms=NOW_MS + 300, owner=OWNER, lease_ms=NOW_MS + LEASE_MS
    )
    assert [part.message_id for part in left] == [many[-1].id]


async def test_two_parts_in_doubt_to_one_number_are_ambiguous(store):
    one, two = await doubted(store), await doubted(store)
    await store.queue.record((), [said("x-1")])
    await look_again(store)
    assert {await state_of(store, each) for each in (one, two)} == {State.IN_DOUBT}
    assert store.health.counts().kept == {(CARRIER, ReceiptDisposition.PARKED): 1}


async def test_a_parked_receipt_settles_the_last_part_left_in_doubt(store):
    one, two = await doubted(store), await doubted(store)
    await store.queue.record((), [said("x-2")])
    late = {"started_ms": NOW_MS + 90, "ended_ms": NOW_MS + 90}
    await store.queue.record([settlement(one, carrier_message_id="a-1", **late)])
    await look_again(store)
    assert await state_of(store, one) is State.SENT
    assert await state_of(store, two) is State.DELIVERED


async def test_a_receipt_that_may_be_of_an_unanswered_part_settles_no_other(store):
    one = leased("first, ", "second")
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one, 2)])
    await store.queue.record((), [said("x-1")])
    await look_again(store)
    assert (await part_of(store, one, 2)).state is State.IN_DOUBT
    await store.queue.record([settlement(one, carrier_message_id="x-1")])
    assert (await part_of(store, one, 1)).state is State.DELIVERED
    assert (await part_of(store, one, 2)).state is State.IN_DOUBT


async def test_a_receipt_that_may_be_of_an_earlier_copy_settles_no_other_part(store):
    one = leased("first, ", "second")
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one, 1), in_doubt(one, 2)])
    again = {"attempt": 2, "repeat": True, "started_ms": NOW_MS + 70, "ended_ms": NOW_MS + 80}
    await store.queue.record([settlement(one, carrier_message_id="a-2", **again)])
    await store.queue.record((), [said("a-1")])  # of the first copy of part 1, or of part 2
    await look_again(store)
    assert (await part_of(store, one, 2)).state is State.IN_DOUBT


async def test_a_late_response_still_applies_a_receipt_that_was_ambiguous(store):
    one, two = await doubted(store), await doubted(store)
    await store.queue.record((), [said("x-2")])
    late = {"started_ms": NOW_MS + 90, "ended_ms": NOW_MS + 90}
    await store.queue.record([settlement(two, carrier_message_id="x-2", **late)])
    assert await state_of(store, one) is State.IN_DOUBT
    assert await state_of(store, two) is State.DELIVERED


@pytest.mark.parametrize(
    ("state", "reason"),
    [(State.FAILED, Reason.UNDELIVERABLE), (State.EXPIRED, Reason.EXPIRED_AT_CARRIER)],
)
async def test_a_part_in_doubt_gets_the_state_of_its_receipt(store, state, reason):
    one = await doubted(store)
    await store.queue.record((), [said("x-1", state, reason, code="3:27")])
    part = await part_of(store, one)
    assert (part.state, part.reason, part.carrier_code) == (state, reason, "3:27")


async def test_an_intermediate_notice_shows_that_the_carrier_took_it(store):
    one = await doubted(store, category="code")
    await store.queue.record((), [said("x-1", State.SENT, Reason.HANDSET_UNREACHABLE)])
    part = await part_of(store, one)
    assert (part.state, part.reason) == (State.SENT, Reason.HANDSET_UNREACHABLE)
    claimed = await store.queue.claim(
        CARRIER, limit=1, now_ms=one.expires_ms - 1, owner=OWNER, lease_ms=one.expires_ms
    )
    assert claimed == []
    await store.queue.record((), [said("x-1", at_ms=NOW_MS + 9_000)])
    assert await state_of(store, one) is State.DELIVERED


async def test_a_receipt_of_the_state_accepted_takes_the_part_out_of_doubt(store):
    one = await doubted(store, "a", "b")
    late = {"started_ms": NOW_MS + 90, "ended_ms": NOW_MS + 90}
    await store.queue.record([settlement(one, 1, carrier_message_id="a-1", **late)])
    await store.queue.record((), [said("x-1", State.SENT)])
    assert (await part_of(store, one, 2)).state is State.SENT
    assert await state_of(store, one) is State.SENT


async def test_the_last_part_in_doubt_folds_its_message(store):
    one = await doubted(store, "a", "b")
    late = {"started_ms": NOW_MS + 90, "ended_ms": NOW_MS + 90}
    await store.queue.record([settlement(one, 1, carrier_message_id="a-1", **late)])
    await store.queue.record((), [said("a-1"), said("x-1")])
    assert await state_of(store, one) is State.DELIVERED


async def test_a_repeated_part_is_settled_by_the_receipt_of_its_first_attempt(store):
    code = leased(category="code", destination=OTHER)
    await store.queue.accept(code)
    await store.queue.expire_leases(
        now_ms=NOW_MS + 100, owner=OWNER, repeats=RepeatPolicy(frozenset({"code"}))
    )
    [again] = await store.queue.claim(
        CARRIER, limit=1, now_ms=NOW_MS + 200, owner=OWNER, lease_ms=NOW_MS + LEASE_MS
    )
    assert (again.attempt, again.repeat) == (2, True)
    await store.queue.record((), [said("x-1", numbers=(OTHER,))])
    assert await state_of(store, code) is State.DELIVERED
    await store.queue.record([in_doubt(code, attempt=2, repeat=True)])
    assert await state_of(store, code) is State.DELIVERED


async def test_the_number_may_be_written_nationally(store):
    one = await doubted(store)
    await store.queue.record((), [said("x-1", numbers=("0812345678",))])
    assert await state_of(store, one) is State.DELIVERED


@pytest.mark.parametrize(
    "changes",
    [
        {"numbers": ()},
        {"numbers": (OTHER,)},
        {"at_ms": NOW_MS - 60_000},
        {"carrier": "another"},
    ],
)
async def test_a_receipt_with_another_number_time_or_carrier_settles_nothing(store, changes):
    one = await doubted(store)
    facts = {name: fact for name, fact in changes.items() if name != "carrier"}
    other = replace(said("x-1", **facts), carrier=changes.get("carrier", CARRIER))
    await store.queue.record((), [other])
    await look_again(store)
    assert await state_of(store, one) is State.IN_DOUBT


@pytest.mark.parametrize("written", ["DEADBEEF", "deadbeef", "3735928559"])
async def test_a_receipt_repeated_after_a_kill_belongs_to_its_own_part(opening, written):
    """The first was committed, and its acknowledgement was lost with the node."""
    async with opening() as store:
        before = leased()
        await store.queue.accept(before)
        await store.queue.record([settlement(before, carrier_message_id="DEADBEEF")])
        await store.queue.record((), [said(written)])
        assert await state_of(store, before) is State.DELIVERED
        one = leased()
        await store.queue.accept(one)
    async with opening() as store:
        await store.queue.expire_leases(now_ms=NOW_MS + 100, owner=OWNER, repeats=DOUBTFUL)
        await store.queue.record((), [said(written)])
        await look_again(store)
        assert await state_of(store, one) is State.IN_DOUBT


async def test_a_receipt_without_an_id_settles_the_only_part_it_can_be_of(store):
    one = await doubted(store)
    await store.queue.record((), [said("")])
    part = await part_of(store, one)
    assert (part.state, part.carrier_message_id) == (State.DELIVERED, None)


async def test_a_receipt_without_an_id_and_an_end_settles_nothing(store):
    one = await doubted(store)
    await store.queue.record((), [said("", State.SENT, Reason.UNKNOWN_AT_CARRIER)])
    await look_again(store)
    assert await state_of(store, one) is State.IN_DOUBT


async def test_a_receipt_without_an_id_is_not_applied_while_another_part_is_open(store):
    sent = leased()
    await store.queue.accept(sent)
    await store.queue.record([settlement(sent, carrier_message_id="a-1")])
    one = await doubted(store)
    await store.queue.record((), [said("")])
    assert await state_of(store, one) is State.IN_DOUBT
    assert await state_of(store, sent) is State.SENT


# Two ids in one receipt.


async def test_the_id_in_the_text_is_used_where_that_of_the_tlv_matches_nothing(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="a-1")])
    await store.queue.record((), [replace(said("tlv-9", numbers=()), text_id="a-1")])
    assert await state_of(store, one) is State.DELIVERED


async def test_the_id_of_the_tlv_is_preferred(store):
    by_tlv, by_text = leased(), leased()
    for one, carrier_id in ((by_tlv, "a-1"), (by_text, "a-2")):
        await store.queue.accept(one)
        await store.queue.record([settlement(one, carrier_message_id=carrier_id)])
    await store.queue.record((), [replace(said("a-1"), text_id="a-2")])
    assert await state_of(store, by_tlv) is State.DELIVERED
    assert await state_of(store, by_text) is State.SENT


async def test_a_receipt_before_the_response_is_matched_by_the_id_in_its_text_too(opening):
    one = leased()
    async with opening() as store:
        await store.queue.accept(one)
        await store.queue.record((), [replace(said("tlv-9", at_ms=NOW_MS + 15), text_id="a-1")])
    async with opening() as store:
        await store.queue.record([settlement(one, carrier_message_id="a-1")])
        assert await state_of(store, one) is State.DELIVERED


# One id for all parts.


async def sent_with_one_id(store, *parts):
    one = leased(*parts)
    await store.queue.accept(one)
    await store.queue.record(
        [settlement(one, number, carrier_message_id="c-1") for number in range(1, len(parts) + 1)]
    )
    return one


@pytest.mark.parametrize("together", [True, False])
async def test_as_many_receipts_as_parts_end_parts_that_share_an_id(store, together):
    one = await sent_with_one_id(store, "a", "b", "c")
    receipts = [said("c-1", at_ms=NOW_MS + 5_000 + index) for index in range(3)]
    for batch in [receipts] if together else [[each] for each in receipts]:
        assert await state_of(store, one) is State.SENT
        await store.queue.record((), batch)
    assert await state_of(store, one) is State.DELIVERED
    ends = [(await part_of(store, one, number)).final_ms for number in (1, 2, 3)]
    assert ends == [NOW_MS + 5_000, NOW_MS + 5_001, NOW_MS + 5_002]


async def test_each_receipt_of_a_shared_id_ends_one_part_in_order(store):
    one = await sent_with_one_id(store, "a", "b")
    await store.queue.record((), [said("c-1", State.FAILED, Reason.UNDELIVERABLE)])
    states = [(await part_of(store, one, number)).state for number in (1, 2)]
    assert states == [State.FAILED, State.SENT]
    await store.queue.record((), [said("c-1")])
    assert await state_of(store, one) is State.FAILED
    assert (await part_of(store, one, 2)).state is State.DELIVERED


async def test_one_receipt_too_many_of_a_shared_id_is_a_duplicate(store):
    one = await sent_with_one_id(store, "a", "b")
    await store.queue.record((), [said("c-1"), said("c-1"), said("c-1")])
    assert await state_of(store, one) is State.DELIVERED
    assert await disposition(store, one) == [("c-1", ReceiptDisposition.DUPLICATE)]


async def test_a_shared_id_of_two_messages_stays_ambiguous(store):
    one, two = await sent_with_one_id(store, "a", "b"), await sent_with_one_id(store, "a", "b")
    await store.queue.record((), [said("c-1")])
    assert {await state_of(store, each) for each in (one, two)} == {State.SENT}


async def test_parked_receipts_of_a_shared_id_end_as_many_parts(store):
    one = leased("a", "b", "c")
    await store.queue.accept(one)
    await store.queue.record((), [said("c-1", at_ms=NOW_MS + 15), said("c-1", at_ms=NOW_MS + 16)])
    for number in (1, 2, 3):
        await store.queue.record([settlement(one, number, carrier_message_id="c-1")])
    states = [(await part_of(store, one, number)).state for number in (1, 2, 3)]
    assert sorted(states) == [State.DELIVERED, State.DELIVERED, State.SENT]


# Receipts without a part can be listed.


async def unmatched(store, **which):
    asked = {"carrier": None, "until_ms": None, "limit": 50, **which}
    return [each.carrier_message_id for each in await store.receipts.list_unmatched(**asked)]


async def test_receipts_that_found_no_part_are_listed_newest_first(store):
    one, two = leased(), leased()
    for each in (one, two):
        await store.queue.accept(each)
        await store.queue.record([settlement(each, carrier_message_id="c-1")])
    await store.queue.record((), [said("c-1"), said("x-1", at_ms=NOW_MS + 6_000)])
    await store.queue.record(
        (),
        [replace(said("x-2", at_ms=NOW_MS + 7_000, code="9"), text_id="t-2", carrier="other")] * 2,
    )
    await store.queue.record((), [said("", at_ms=NOW_MS + 8_000)])
    assert await unmatched(store) == ["", "x-2", "x-1", "c-1"]
    assert await unmatched(store, limit=2) == ["", "x-2"]
    assert await unmatched(store, carrier="other") == ["x-2"]
    assert await unmatched(store, until_ms=NOW_MS + 6_000) == ["x-1", "c-1"]
    [found] = await store.receipts.list_unmatched(carrier="other", until_ms=None, limit=1)
    assert (found.text_id, found.carrier_code, found.numbers) == ("t-2", "9", (HANDSET, "Shop"))
    assert (found.disposition, found.state, found.times) == (
        ReceiptDisposition.PARKED,
        State.DELIVERED,
        2,
    )
    assert (found.first_ms, found.last_ms) == (NOW_MS + 7_000, NOW_MS + 7_000)


async def test_a_receipt_that_found_its_part_is_not_listed(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record((), [said("x-1", at_ms=NOW_MS + 15)])
    assert await unmatched(store) == ["x-1"]
    await store.queue.record([settlement(one, carrier_message_id="x-1")])
    assert await unmatched(store) == []


async def test_a_dismissed_receipt_is_left_out_until_it_comes_again(store):
    await store.queue.record((), [said("x-1"), said("x-2", at_ms=NOW_MS + 6_000)])
    keys = [ReceiptKey(CARRIER, each, State.DELIVERED) for each in ("x-1", "nosuch", "x-1")]
    assert [await store.receipts.dismiss(keys, now_ms=NOW_MS + each) for each in (7, 8)] == [1, 1]
    assert await unmatched(store) == ["x-2"]
    assert await unmatched(store, is_dismissed=True) == ["x-1"]
    [found] = await store.receipts.list_unmatched(
        carrier=None, until_ms=None, limit=9, is_dismissed=True
    )
    assert found.dismissed_ms == NOW_MS + 7
    assert await store.receipts.restore(keys) == 1
    assert await unmatched(store) == ["x-2", "x-1"]
    await store.receipts.dismiss(keys, now_ms=NOW_MS)
    await store.queue.record((), [said("x-1", at_ms=NOW_MS + 9_000)])
    assert await unmatched(store) == ["x-1", "x-2"]


async def test_a_dismissed_receipt_still_finds_its_part(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record((), [said("x-1", at_ms=NOW_MS + 15)])
    await store.receipts.dismiss([ReceiptKey(CARRIER, "x-1", State.DELIVERED)], now_ms=NOW_MS)
    await store.queue.record([settlement(one, carrier_message_id="x-1")])
    found = await store.log.find_message(one.account_id, one.id)
    assert found.state is State.DELIVERED
