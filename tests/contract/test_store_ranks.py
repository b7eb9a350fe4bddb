"""A state has a rank and only rises; late and repeated results are kept and not applied."""

import asyncio
import contextlib
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State, fold
from simpost.ports.store import MessageFilter
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    LEASE_MS,
    NOW_MS,
    OWNER,
    in_doubt,
    leased,
    message,
    receipt,
    refused,
    settlement,
    turned_back,
)


async def look(store, one):
    return await store.log.find_message(one.account_id, one.id)


def told(found):
    """The message without its unapplied receipts."""
    return replace(found, receipts=())


@pytest.fixture
async def sent(store):
    """A message of one part that the carrier accepted with the id `c-1`."""
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    return one


@pytest.fixture
async def two(store):
    """A message of two leased parts."""
    one = leased("first, ", "second")
    await store.queue.accept(one)
    return one


# Settling.


async def test_the_result_of_an_attempt_is_recorded_and_applied(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="c-1", carrier_code="0x00000000")])
    found = await look(store, one)
    [part], [attempt] = found.parts, found.attempts
    assert (found.state, found.updated_ms) == (State.SENT, NOW_MS + 20)
    assert (part.state, part.carrier, part.carrier_message_id) == (State.SENT, CARRIER, "c-1")
    assert (part.attempts, part.sent_ms, part.final_ms) == (1, NOW_MS + 20, None)
    assert (attempt.number, attempt.outcome, attempt.carrier_code) == (1, "accepted", "0x00000000")
    assert (attempt.started_ms, attempt.ended_ms, attempt.repeat) == (
        NOW_MS + 10,
        NOW_MS + 20,
        False,
    )


async def test_a_refused_message_says_what_the_carrier_said(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([refused(one)])
    found = await look(store, one)
    assert (found.state, found.reason) == (State.REJECTED, Reason.CARRIER_REFUSED)
    assert found.parts[0].carrier_code == "0x0000000B"
    assert found.parts[0].final_ms == NOW_MS + 20


async def test_every_attempt_is_kept(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([turned_back(one)])
    await store.queue.claim(
        CARRIER, limit=1, now_ms=NOW_MS + 1_000, owner=OWNER, lease_ms=NOW_MS + 9_000
    )
    await store.queue.record([settlement(one, attempt=2)])
    found = await look(store, one)
    assert [(attempt.number, attempt.outcome) for attempt in found.attempts] == [
        (1, "throttled"),
        (2, "accepted"),
    ]
    assert found.parts[0].attempts == 2
    assert (found.state, found.reason) == (State.SENT, None)


async def test_recording_the_same_attempt_twice_changes_nothing(store, sent):
    before = await look(store, sent)
    await store.queue.record([settlement(sent, carrier_message_id="c-1")])
    assert await look(store, sent) == before


async def test_a_part_in_doubt_is_not_lowered_by_an_earlier_attempt(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one)])
    await store.queue.record([turned_back(one)])
    assert (await look(store, one)).state is State.IN_DOUBT


async def test_a_late_response_settles_a_part_in_doubt(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one)])
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    await store.queue.record((), [receipt("c-1")])
    assert (await look(store, one)).state is State.DELIVERED


async def test_a_result_of_an_unknown_part_stays_out_of_the_log(store):
    never = leased()
    await store.queue.record([settlement(never), settlement(leased("a", "b"))])
    assert await look(store, never) is None


async def test_one_odd_result_in_a_batch_does_not_stop_the_others(store):
    fine, ended, doubted = leased(), leased(), leased()
    for one in (fine, ended, doubted):
        await store.queue.accept(one)
    await store.queue.record([refused(ended), in_doubt(doubted)])
    await store.queue.record(
        [
            settlement(leased()),
            settlement(ended, carrier_message_id="c-0"),
            turned_back(doubted),
            settlement(fine, carrier_message_id="c-1"),
        ]
    )
    states = [(await look(store, one)).state for one in (fine, ended, doubted)]
    assert states == [State.SENT, State.REJECTED, State.IN_DOUBT]
    assert (await look(store, fine)).parts[0].carrier_message_id == "c-1"


# Messages of several parts.


async def test_a_message_is_sent_once_every_part_is(store, two):
    await store.queue.record([settlement(two, 1)])
    assert (await look(store, two)).state is State.SENDING
    await store.queue.record([settlement(two, 2)])
    assert (await look(store, two)).state is State.SENT


async def test_one_delivered_part_of_two_is_not_delivered(store, two):
    await store.queue.record(
        [settlement(two, number, carrier_message_id=f"c-{number}") for number in (1, 2)]
    )
    await store.queue.record((), [receipt("c-1")])
    assert (await look(store, two)).state is State.SENT
    await store.queue.record((), [receipt("c-2", State.FAILED, Reason.UNDELIVERABLE)])
    found = await look(store, two)
    assert (found.state, found.reason) == (State.FAILED, Reason.UNDELIVERABLE)


async def test_when_a_part_is_refused_the_parts_not_leased_are_cancelled(store):
    one = message("a", "b", "c")
    await store.queue.accept(one)
    await store.queue.claim(
        CARRIER, limit=2, now_ms=NOW_MS, owner=OWNER, lease_ms=NOW_MS + LEASE_MS
    )
    await store.queue.record([refused(one, 1)])
    found = await look(store, one)
    assert [part.state for part in found.parts] == [
        State.REJECTED,
        State.ACCEPTED,
        State.CANCELLED,
    ]
    assert found.parts[2].reason is Reason.SIBLING_PART_FAILED
    assert not found.state.is_final
    await store.queue.record([settlement(one, 2)])
    assert (await look(store, one)).state is State.SENT
    assert await store.routing.count_queued(CARRIER) == 0


async def test_a_part_requeued_after_another_was_refused_is_not_sent_again(store, two):
    await store.queue.record([refused(two, 1), turned_back(two, 2)])
    found = await look(store, two)
    assert [part.state for part in found.parts] == [State.REJECTED, State.CANCELLED]
    assert (found.state, found.reason) == (State.REJECTED, Reason.CARRIER_REFUSED)


async def test_a_part_that_fails_after_it_was_sent_cancels_the_waiting_one(store, two):
    await store.queue.record([settlement(two, 1, carrier_message_id="c-1"), turned_back(two, 2)])
    await store.queue.record((), [receipt("c-1", State.FAILED, Reason.UNDELIVERABLE)])
    found = await look(store, two)
    assert (found.state, found.reason) == (State.FAILED, Reason.UNDELIVERABLE)
    assert found.parts[1].state is State.CANCELLED


async def test_an_expired_part_ends_its_message(store):
    one = message("a", "b", expires_ms=NOW_MS + 10)
    await store.queue.accept(one)
    await store.queue.expire(now_ms=NOW_MS + 10, limit=1)
    found = await look(store, one)
    assert (found.state, found.reason) == (State.EXPIRED, Reason.VALIDITY_EXPIRED)


# Receipts.


async def test_a_final_receipt_ends_a_part(store, sent):
    await store.queue.record((), [receipt("c-1", State.FAILED, Reason.UNDELIVERABLE, code="027")])
    found = await look(store, sent)
    assert (found.state, found.reason) == (State.FAILED, Reason.UNDELIVERABLE)
    assert (found.parts[0].carrier_code, found.parts[0].final_ms) == ("027", NOW_MS + 5_000)
    assert found.updated_ms == NOW_MS + 5_000


async def test_a_late_receipt_never_changes_a_final_status(store, sent):
    await store.queue.record((), [receipt("c-1")])
    before = await look(store, sent)
    await store.queue.record(
        (), [receipt("c-1", State.FAILED, Reason.UNDELIVERABLE, at_ms=NOW_MS + 9_000)]
    )
    await store.queue.record((), [receipt("c-1", at_ms=NOW_MS + 9_000)])
    assert told(await look(store, sent)) == before


async def test_two_receipts_in_one_batch_are_applied_once(store, sent):
    await store.queue.record((), [receipt("c-1"), receipt("c-1", State.FAILED)])
    assert (await look(store, sent)).state is State.DELIVERED


async def test_receipts_of_every_kind_in_one_batch_are_each_handled_by_kind(store):
    plain = [leased(str(index)) for index in range(70)]
    several = leased("a", "b")
    for one in (*plain, several):
        await store.queue.accept(one)
    await store.queue.record(
        [settlement(one, carrier_message_id=f"c-{index}") for index, one in enumerate(plain)]
        + [settlement(several, number, carrier_message_id=f"s-{number}") for number in (1, 2)]
    )
    await store.queue.record(
        (),
        [
            receipt("s-1"),
            receipt("nobody's"),
            receipt("c-0", State.SENT, Reason.HANDSET_UNREACHABLE),
        ]
        + [receipt(f"c-{index}") for index in range(1, 70)]
        + [receipt("s-2"), receipt("c-1", State.FAILED)],
    )
    assert (await look(store, several)).state is State.DELIVERED
    assert (await look(store, plain[0])).reason is Reason.HANDSET_UNREACHABLE
    assert {(await look(store, one)).state for one in plain[1:]} == {State.DELIVERED}


async def test_an_intermediate_notice_changes_the_reason_alone(store, sent):
    notice = receipt("c-1", State.SENT, Reason.HANDSET_UNREACHABLE, code="001")
    await store.queue.record((), [notice, notice])
    found = await look(store, sent)
    assert (found.state, found.reason) == (State.SENT, Reason.HANDSET_UNREACHABLE)
    await store.queue.record((), [receipt("c-1", at_ms=NOW_MS + 9_000)])
    found = await look(store, sent)
    assert (found.state, found.reason) == (State.DELIVERED, None)


async def test_a_receipt_before_the_response_is_parked_until_it_comes(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record((), [receipt("c-1", at_ms=NOW_MS + 15)])
    assert (await look(store, one)).state is State.ACCEPTED
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    assert (await look(store, one)).state is State.DELIVERED


async def test_a_parked_receipt_survives_a_restart(opening):
    one = leased()
    async with opening() as store:
        await store.queue.accept(one)
        await store.queue.record((), [receipt("c-1", at_ms=NOW_MS + 15)])
    async with opening() as store:
        await store.queue.record([settlement(one, carrier_message_id="c-1")])
        assert (await look(store, one)).state is State.DELIVERED


async def test_a_receipt_that_came_while_in_doubt_is_applied_with_the_late_response(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one)])
    await store.queue.record((), [receipt("c-1", at_ms=NOW_MS + 50)])
    late = {"started_ms": NOW_MS + 90, "ended_ms": NOW_MS + 90}
    await store.queue.record([settlement(one, carrier_message_id="c-1", **late)])
    found = await look(store, one)
    assert found.state is State.DELIVERED
    assert [(tried.outcome, tried.started_ms, tried.ended_ms) for tried in found.attempts] == [
        ("accepted", NOW_MS + 10, NOW_MS + 90)
    ]


async def test_a_parked_intermediate_notice_and_its_final_receipt_are_both_applied(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record(
        (),
        [
            receipt("c-1", State.SENT, Reason.HANDSET_UNREACHABLE, at_ms=NOW_MS + 15),
            receipt("c-1", at_ms=NOW_MS + 16),
        ],
    )
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    assert (await look(store, one)).state is State.DELIVERED


async def test_a_receipt_older_than_the_message_is_about_an_earlier_use_of_the_id(store):
    await store.queue.record((), [receipt("c-1", State.FAILED, at_ms=NOW_MS - 60_000)])
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    assert (await look(store, one)).state is State.SENT


async def test_a_parked_receipt_is_purged_after_two_days(store):
    await store.queue.record((), [receipt("c-1", at_ms=NOW_MS)])
    assert await store.retention.purge(now_ms=NOW_MS + 2 * DAY_MS, limit=10) == 0
    assert await store.retention.purge(now_ms=NOW_MS + 2 * DAY_MS + 1, limit=10) == 1


async def test_a_receipt_of_another_carrier_matches_no_part(store, sent):
    other = receipt("c-1")
    await store.queue.record((), [type(other)("other", *(getattr(other, name) for name in REST))])
    assert (await look(store, sent)).state is State.SENT


REST = ("carrier_message_id", "state", "reason", "carrier_code", "received_ms")


async def test_the_carriers_id_is_matched_exactly_as_received(store, sent):
    await store.queue.record((), [receipt("C-1"), receipt("c-1 "), receipt("0c-1")])
    assert (await look(store, sent)).state is State.SENT


async def test_a_receipt_that_fits_two_open_parts_is_applied_to_neither(store, sent):
    twin = leased()
    await store.queue.accept(twin)
    await store.queue.record([settlement(twin, carrier_message_id="c-1")])
    await store.queue.record((), [receipt("c-1")])
    assert [(await look(store, one)).state for one in (sent, twin)] == [State.SENT] * 2


async def test_an_id_used_again_long_after_means_the_newer_part(store, sent):
    later = NOW_MS + 3 * DAY_MS
    newer = message(at_ms=later, lease_ms=later + LEASE_MS)
    await store.queue.accept(newer)
    await store.queue.record([settlement(newer, carrier_message_id="c-1", started_ms=later)])
    await store.queue.record((), [receipt("c-1", at_ms=later + 1)])
    assert (await look(store, sent)).state is State.SENT
    assert (await look(store, newer)).state is State.DELIVERED


async def test_an_id_used_again_after_its_part_ended_is_unambiguous(store, sent):
    await store.queue.record((), [receipt("c-1")])
    newer = leased()
    await store.queue.accept(newer)
    await store.queue.record([settlement(newer, carrier_message_id="c-1")])
    await store.queue.record((), [receipt("c-1", State.FAILED)])
    assert (await look(store, newer)).state is State.FAILED
    assert (await look(store, sent)).state is State.DELIVERED


async def test_receipts_and_responses_recorded_together_end_as_if_one_by_one(store):
    sent = [leased(str(index)) for index in range(50)]
    await asyncio.gather(*(store.queue.accept(one) for one in sent))
    await asyncio.gather(
        *(
            itertools.chain.from_iterable(
                (
                    store.queue.record((), [receipt(f"c-{index}", at_ms=NOW_MS + 15)]),
                    store.queue.record([settlement(one, carrier_message_id=f"c-{index}")]),
                )
                for index, one in enumerate(sent)
            )
        )
    )
    for one in sent:
        assert (await look(store, one)).state is State.DELIVERED


# Random events in any order.

PARTS = 3
events = st.one_of(
    st.tuples(
        st.sampled_from([settlement, turned_back, refused, in_doubt]),
        st.integers(1, PARTS),
        st.integers(1, 3),
    ),
    st.tuples(
        st.sampled_from([State.DELIVERED, State.FAILED, State.EXPIRED, State.SENT]),
        st.integers(1, PARTS),
        st.just(0),
    ),
    st.tuples(st.sampled_from(["claim", "lapse", "expire"]), st.just(0), st.just(0)),
)


async def happen(store, one, event, now_ms):
    what, number, attempt = event
    if what == "claim":
        await store.queue.claim(CARRIER, limit=9, now_ms=now_ms, owner=OWNER, lease_ms=now_ms + 10)
    elif what == "lapse":
        await store.queue.expire_leases(
            now_ms=now_ms, owner=OWNER, repeats=RepeatPolicy(frozenset({"service"}))
        )
    elif what == "expire":
        await store.queue.expire(now_ms=now_ms, limit=9)
    elif isinstance(what, State):
        reason = Reason.HANDSET_UNREACHABLE if what is State.SENT else None
        await store.queue.record((), [receipt(f"c-{number}", what, reason, at_ms=now_ms)])
    else:
        facts = {"attempt": attempt, "started_ms": now_ms, "ended_ms": now_ms}
        if what is settlement:
            facts["carrier_message_id"] = f"c-{number}"
        await store.queue.record([what(one, number, **facts)])


@settings(
    max_examples=settings.default.max_examples // 2,  # of every profile: each opens two stores
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    story=st.lists(st.tuples(events, st.integers(0, LEASE_MS)), max_size=20),
    taken=st.booleans(),
    parts=st.sampled_from([1, PARTS]),
)
def test_no_order_of_events_lowers_a_part_or_its_message(fresh, story, taken, parts):
    opening = fresh()

    async def live():
        one = (leased if taken else message)(*"abc"[:parts])
        now_ms = NOW_MS
        async with opening() as store:
            await store.queue.accept(one)
            before = await look(store, one)
            for (what, number, attempt), pause_ms in story:
                now_ms += pause_ms
                await happen(store, one, (what, min(number, parts), attempt), now_ms)
                after = await look(store, one)
                for old, new in zip(before.parts, after.parts, strict=True):
                    assert new.state == old.state or new.state.outranks(old.state)
                assert after.state == before.state or after.state.outranks(before.state)
                assert after.state == fold(part.state for part in after.parts)
                [listed] = await store.log.list_messages(1, MessageFilter(state=after.state))
                assert listed.id == one.id
                before = after

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(live())


async def test_a_result_is_recorded_before_the_receipt_of_the_same_call(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="c-1")], [receipt("c-1")])
    found = await look(store, one)
    assert (found.state, found.receipts) == (State.DELIVERED, ())
    assert store.health.counts().kept == {}


async def test_a_call_that_is_repeated_changes_no_part_twice(store):
    one, other = leased(), leased()
    for each in (one, other):
        await store.queue.accept(each)
    said = ([settlement(one, carrier_message_id="c-1"), refused(other)], [receipt("c-1")])
    for _ in range(2):
        await store.queue.record(*said)
    assert [(await look(store, each)).state for each in (one, other)] == [
        State.DELIVERED,
        State.REJECTED,
    ]
    assert store.health.counts().ended == {
        (CARRIER, "delivered", ""): 1,
        (CARRIER, "rejected", "carrier_refused"): 1,
    }
