"""Receipts whose id is written in another form: applied when proven, otherwise kept."""

import asyncio
import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simpost.domain.outcomes import ReceiptDisposition
from simpost.domain.reasons import Reason
from simpost.domain.receipt_ids import Base, IdFormat, LetterCase
from simpost.domain.states import State
from simpost.ports.store import MessageFilter
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    NOW_MS,
    in_doubt,
    leased,
    receipt,
    settlement,
)

HANDSET = "66812345678"
OTHER = "66899999999"
HEX_IN_DECIMAL = IdFormat(Base.DECIMAL, LetterCase.UPPER, 0)


async def sent(store, carrier_id, *, parts=1, **changes):
    """A message that the carrier accepted; further parts have the ids that follow this one."""
    one = leased(*"abc"[:parts], **changes)
    await store.queue.accept(one)
    ids = [carrier_id] if parts == 1 else [f"{carrier_id}{number}" for number in range(parts)]
    await store.queue.record(
        [settlement(one, number, carrier_message_id=each) for number, each in enumerate(ids, 1)]
    )
    return one


async def learn(store):
    """Teach the store that the carrier responds in hexadecimal and sends receipts in decimal."""
    await sent(store, "FEDCBA98")
    await store.queue.record((), [said(str(0xFEDCBA98))])
    assert await forms(store) == {HEX_IN_DECIMAL: 1}


def said(carrier_id, state=State.DELIVERED, reason=None, numbers=(HANDSET,), **facts):
    return receipt(carrier_id, state, reason, numbers=numbers, **facts)


async def look(store, one):
    return await store.log.find_message(one.account_id, one.id)


async def state_of(store, one):
    return (await look(store, one)).state


async def kept(store, one):
    return [
        (each.carrier_message_id, each.state, each.disposition, each.times)
        for each in (await look(store, one)).receipts
    ]


async def forms(store, carrier=CARRIER):
    return {seen.form: seen.times for seen in await store.receipts.id_forms(carrier)}


# Which part a receipt belongs to.


@pytest.mark.parametrize(
    ("answered", "written"),
    [
        ("0A1B2C", "0a1b2c"),
        ("0a1b2c", "0A1B2C"),
        ("42", "00000042"),
        ("0000000042", "42"),
        ("000000000042", "42"),  # a width of its own: seen among the ids that are open
        ("DEADBEEF", "3735928559"),
        ("3735928559", "deadbeef"),
        ("00ABCDEF", "0011259375"),
        ("00000011259375", "ABCDEF"),
    ],
)
async def test_a_receipt_in_another_case_base_or_padding_ends_its_part(store, answered, written):
    one = await sent(store, answered)
    await store.queue.record((), [said(written)])
    assert await state_of(store, one) is State.DELIVERED
    [form] = await forms(store)
    assert form.answer_id(written) == answered


async def test_the_id_is_shown_as_the_carrier_returned_it(store):
    one = await sent(store, "DEADBEEF")
    await store.queue.record((), [said("3735928559")])
    assert (await look(store, one)).parts[0].carrier_message_id == "DEADBEEF"


async def test_an_exact_match_is_preferred_to_every_other_format(store):
    await learn(store)
    by_form, exact = await sent(store, "ABCDEF"), await sent(store, "11259375")
    await store.queue.record((), [said("11259375")])
    assert await state_of(store, exact) is State.DELIVERED
    assert await state_of(store, by_form) is State.SENT
    assert await forms(store) == {HEX_IN_DECIMAL: 1}


async def test_a_known_format_with_the_right_number_is_preferred_to_an_exact_match_without(store):
    """Small hexadecimal ids look like decimal ones: `16` is also the id of the twenty-second."""
    await learn(store)
    sixteenth = await sent(store, "10")
    twenty_second = await sent(store, "16", destination=OTHER)
    await store.queue.record((), [said("16")])
    assert await state_of(store, sixteenth) is State.DELIVERED
    assert await state_of(store, twenty_second) is State.SENT


async def test_parts_that_match_in_different_formats_are_ambiguous(store):
    first, second = await sent(store, "ABCDEF"), await sent(store, "abcdef")
    await store.queue.record((), [said("11259375")])
    assert {await state_of(store, one) for one in (first, second)} == {State.SENT}
    assert await forms(store) == {}


async def test_parts_of_one_id_are_ambiguous_in_another_format_too(store):
    first, second = await sent(store, "ABCDEF"), await sent(store, "ABCDEF")
    await store.queue.record((), [said("11259375")])
    assert {await state_of(store, one) for one in (first, second)} == {State.SENT}


async def test_known_formats_that_lead_to_different_parts_are_ambiguous(store):
    for carrier_id in ("ABCDEF", "abcdee"):
        one = await sent(store, carrier_id)
        await store.queue.record((), [said(str(int(carrier_id, 16)))])
        assert await state_of(store, one) is State.DELIVERED
    first, second = await sent(store, "ABCDED"), await sent(store, "abcded")
    await store.queue.record((), [said(str(0xABCDED))])
    assert {await state_of(store, one) for one in (first, second)} == {State.SENT}


async def test_an_ambiguous_id_is_kept_and_shown_with_every_message_it_may_be_of(store):
    first, second = await sent(store, "c-1"), await sent(store, "c-1")
    await store.queue.record((), [said("c-1")])
    for one in (first, second):
        assert await state_of(store, one) is State.SENT
        assert await kept(store, one) == [("c-1", State.DELIVERED, ReceiptDisposition.AMBIGUOUS, 1)]


# Proof.


async def test_an_unknown_format_is_not_accepted_without_the_number(store):
    one = await sent(store, "ABCDEF")
    for numbers in ((), (OTHER,)):
        await store.queue.record((), [said("11259375", numbers=numbers)])
        assert await state_of(store, one) is State.SENT
    assert await forms(store) == {}


async def test_a_number_in_national_form_is_proof(store):
    one = await sent(store, "ABCDEF")
    await store.queue.record((), [said("11259375", numbers=("0812345678", "Shop"))])
    assert await state_of(store, one) is State.DELIVERED


async def test_a_known_format_needs_no_number(store):
    await learn(store)
    one = await sent(store, "ABCDEF")
    await store.queue.record((), [said("11259375", numbers=())])
    assert await state_of(store, one) is State.DELIVERED
    assert await forms(store) == {HEX_IN_DECIMAL: 2}


async def test_a_known_format_is_refused_with_another_number(store):
    await learn(store)
    one = await sent(store, "ABCDEF")
    await store.queue.record((), [said("11259375", numbers=(OTHER,))])
    assert await state_of(store, one) is State.SENT


async def test_a_small_number_in_an_unknown_base_is_not_accepted(store):
    one = await sent(store, "10")
    await store.queue.record((), [said("16")])
    assert await state_of(store, one) is State.SENT


async def test_the_second_receipt_of_an_ended_part_ends_no_other_one(store):
    first = await sent(store, "100000")
    await store.queue.record((), [said("100000")])
    second = await sent(store, str(0x100000))
    await store.queue.record((), [said("100000")])
    assert await state_of(store, second) is State.SENT
    assert await kept(store, first) == [
        ("100000", State.DELIVERED, ReceiptDisposition.DUPLICATE, 1)
    ]


async def test_id_formats_are_learned_per_carrier(store):
    await learn(store)
    assert await forms(store, "other") == {}
    one = leased(carrier="other")
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier="other", carrier_message_id="ABCDEF")])
    await store.queue.record((), [replace(said("11259375", numbers=()), carrier="other")])
    assert await state_of(store, one) is State.SENT


async def test_learned_id_formats_survive_a_restart(opening):
    async with opening() as store:
        await learn(store)
    async with opening() as store:
        one = await sent(store, "ABCDEF")
        await store.queue.record((), [said("11259375", numbers=())])
        assert await state_of(store, one) is State.DELIVERED
        [seen] = await store.receipts.id_forms(CARRIER)
        assert (seen.form, seen.times) == (HEX_IN_DECIMAL, 2)
        assert (seen.first_ms, seen.last_ms) == (NOW_MS + 5_000, NOW_MS + 5_000)


async def test_receipts_are_counted_by_id_format(store):
    await learn(store)
    many = [await sent(store, f"{0xABCD00 + index:X}") for index in range(70)]
    await store.queue.record((), [said(str(0xABCD00 + index)) for index in range(70)])
    assert {await state_of(store, one) for one in many} == {State.DELIVERED}
    assert await forms(store) == {HEX_IN_DECIMAL: 71}


async def test_learned_id_lengths_of_a_carrier_are_bounded(store):
    for width in range(10, 30):
        await sent(store, f"{width}".zfill(width))
        await store.queue.record((), [said(f"{width}")])
    assert len(await forms(store)) == 8


# Before the answer.


@pytest.mark.parametrize(
    ("answered", "written"),
    [("DEADBEEF", "3735928559"), ("0A1B2C", "0a1b2c"), ("ABCDEF", "000011259375")],
)
async def test_a_receipt_in_another_format_waits_for_its_response(opening, answered, written):
    one = leased()
    async with opening() as store:
        await store.queue.accept(one)
        await store.queue.record((), [said(written, at_ms=NOW_MS + 15)])
    async with opening() as store:
        await store.queue.record([settlement(one, carrier_message_id=answered)])
        assert await state_of(store, one) is State.DELIVERED
        assert await kept(store, one) == [(written, State.DELIVERED, ReceiptDisposition.MATCHED, 1)]
        assert len(await forms(store)) == 1
        assert await store.retention.purge(now_ms=NOW_MS + 9 * DAY_MS, limit=10) == 0


async def test_a_parked_receipt_needs_its_proof_too(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record((), [said("3735928559", at_ms=NOW_MS + 15, numbers=(OTHER,))])
    await store.queue.record([settlement(one, carrier_message_id="DEADBEEF")])
    assert await state_of(store, one) is State.SENT


async def test_of_parked_receipts_the_first_to_come_is_applied(store):
    one = leased()
    await store.queue.accept(one)
    for pause_ms, state in enumerate((State.DELIVERED, State.FAILED, State.DELIVERED)):
        await store.queue.record((), [said("c-1", state, at_ms=NOW_MS + 15 + pause_ms)])
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    assert await state_of(store, one) is State.DELIVERED


async def test_a_late_response_applies_a_parked_receipt_in_another_format(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one)])
    await store.queue.record((), [said("3735928559", at_ms=NOW_MS + 50)])
    late = {"started_ms": NOW_MS + 90, "ended_ms": NOW_MS + 90}
    await store.queue.record([settlement(one, carrier_message_id="DEADBEEF", **late)])
    assert await state_of(store, one) is State.DELIVERED


async def test_a_receipt_in_another_format_older_than_the_message_is_about_an_earlier_use(store):
    await store.queue.record((), [said("3735928559", at_ms=NOW_MS - 60_000)])
    one = await sent(store, "DEADBEEF")
    assert await state_of(store, one) is State.SENT


# Unapplied receipts are shown.


async def test_receipts_that_were_not_applied_are_shown(store):
    one = await sent(store, "DEADBEEF")
    notice = said("3735928559", State.SENT, Reason.HANDSET_UNREACHABLE)
    await store.queue.record((), [notice, notice, said("3735928559"), said("3735928559")])
    await store.queue.record(
        (),
        [said("3735928559", State.FAILED, Reason.UNDELIVERABLE, code="3:6", at_ms=NOW_MS + 9_000)],
    )
    assert await kept(store, one) == [
        ("3735928559", State.SENT, ReceiptDisposition.DUPLICATE, 1),
        ("3735928559", State.DELIVERED, ReceiptDisposition.DUPLICATE, 1),
        ("3735928559", State.FAILED, ReceiptDisposition.LATE, 1),
    ]
    late = (await look(store, one)).receipts[-1]
    assert (late.part, late.carrier, late.reason) == (1, CARRIER, Reason.UNDELIVERABLE)
    assert (late.carrier_code, late.first_ms, late.last_ms) == (
        "3:6",
        NOW_MS + 9_000,
        NOW_MS + 9_000,
    )


async def test_the_receipts_of_a_listed_message_are_left_out(store):
    await sent(store, "c-1")
    await store.queue.record((), [said("c-1"), said("c-1")])
    [listed] = await store.log.list_messages(1, MessageFilter())
    assert listed.receipts == ()


async def test_a_receipt_for_an_earlier_use_of_the_id_is_not_shown(store):
    await store.queue.record((), [said("c-1", at_ms=NOW_MS - 1)])
    one = await sent(store, "c-1")
    assert await kept(store, one) == []


async def test_at_most_fifty_kept_receipts_are_shown(store):
    one = leased(*(str(number) for number in range(30)))
    await store.queue.accept(one)
    await store.queue.record(
        [settlement(one, number, carrier_message_id=f"c-{number}") for number in range(1, 31)]
    )
    for state in (State.DELIVERED, State.DELIVERED, State.FAILED):
        await store.queue.record((), [said(f"c-{number}", state) for number in range(1, 31)])
    assert len((await look(store, one)).receipts) == 50


# Every id format, in any order.

VALUES = (0xABCDEF01, 0xABCDEF02, 0xABCDEF03)
written = st.sampled_from(["{:d}", "{:X}", "{:x}", "{:010d}", "{:016x}"])
said_states = st.sampled_from([State.DELIVERED, State.FAILED, State.EXPIRED, State.SENT])
story = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(st.just("answer"), st.tuples(written, said_states)),
        st.integers(0, 60_000),
    ),
    max_size=16,
)


@settings(
    max_examples=settings.default.max_examples // 2,  # of every profile: each opens two stores
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=story, answers=written, restart=st.integers(0, 16))
def test_no_order_of_answers_and_receipts_lowers_a_state_or_ends_another_part(
    fresh, story, answers, restart
):
    """jasmin#643, #472, vumi#991: each part ends as the first final receipt of its own says."""
    opening = fresh()

    async def live():
        one = leased("a", "b", "c")
        async with contextlib.AsyncExitStack() as stack:
            store = await stack.enter_async_context(opening())
            await store.queue.accept(one)
            now_ms, answered, expected = NOW_MS, set(), {}
            before = await look(store, one)
            for step, (index, what, pause_ms) in enumerate(story):
                now_ms += pause_ms + 1
                if step == restart:
                    await stack.aclose()
                    store = await stack.enter_async_context(opening())
                if what == "answer":
                    answer_id = answers.format(VALUES[index])
                    facts = {"carrier_message_id": answer_id, "ended_ms": now_ms}
                    await store.queue.record([settlement(one, index + 1, **facts)])
                    answered.add(index)
                else:
                    form, state = what
                    reason = Reason.HANDSET_UNREACHABLE if state is State.SENT else None
                    told = said(form.format(VALUES[index]), state, reason, at_ms=now_ms)
                    await store.queue.record((), [told])
                    if state.is_final:
                        expected.setdefault(index, state)
                after = await look(store, one)
                for old, new in zip(before.parts, after.parts, strict=True):
                    assert new.state == old.state or new.state.outranks(old.state)
                assert after.state == before.state or after.state.outranks(before.state)
                before = after
        for index in answered:
            assert before.parts[index].state == expected.get(index, State.SENT)

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(live())


# Receipts that come as plain texts.


async def test_a_receipt_is_recognised_as_one_of_a_sent_part_by_its_id_and_number(store):
    await sent(store, "DEADBEEF")
    assert await store.receipts.is_of_sent_part(said("DEADBEEF"))
    assert await store.receipts.is_of_sent_part(said("3735928559"))
    assert not await store.receipts.is_of_sent_part(said("DEADBEEF", numbers=(OTHER,)))
    assert not await store.receipts.is_of_sent_part(said("DEADBEEF", numbers=()))
    assert not await store.receipts.is_of_sent_part(said("DEADBEE0"))
    assert not await store.receipts.is_of_sent_part(replace(said("DEADBEEF"), carrier="another"))


async def test_a_receipt_of_a_part_that_ended_is_recognised_too(store):
    await sent(store, "id-1")
    await store.queue.record((), [said("id-1")])
    assert await store.receipts.is_of_sent_part(said("id-1"))
    assert not await store.receipts.is_of_sent_part(said("id-1", numbers=(OTHER,)))


async def test_recognising_a_receipt_changes_nothing(store):
    one = await sent(store, "DEADBEEF")
    assert await store.receipts.is_of_sent_part(said("3735928559"))
    assert await state_of(store, one) is State.SENT
    assert (await forms(store), await kept(store, one)) == ({}, [])
