"""A lane between a real store and a scripted carrier."""

import pytest

from simpost.domain.messages import Priority
from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.lane import LEASE_MS
from tests.integration.messaging.scripted import ACCEPTED, NOW, opened

HELLO = ("hello",)


@pytest.fixture
async def bench(tmp_path):
    async with opened(tmp_path / "simpost.db") as bench:
        yield bench


async def test_an_accepted_message_goes_straight_from_memory_and_is_settled(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.respond(0)
    message = await bench.until(message_id, State.SENT)
    assert message.parts[0].carrier_message_id == "id0"
    assert [attempt.outcome for attempt in message.attempts] == ["accepted"]


async def test_parts_beyond_the_depth_of_a_lane_wait_in_the_store(tmp_path):
    async with opened(tmp_path / "s.db", depth=4, capacity=2) as bench:
        ids = [await bench.accept(f"text {index}") for index in range(12)]
        done = 0
        while done < 12:
            await bench.carrier.until_sent(done + 1)
            bench.carrier.respond(done)
            bench.lane.pump()
            done += 1
        for message_id in ids:
            await bench.until(message_id, State.SENT)
        assert [part.text for part in bench.carrier.sent] == [f"text {n}" for n in range(12)]


async def test_the_lane_never_holds_more_than_its_depth(tmp_path):
    async with opened(tmp_path / "s.db", depth=4, capacity=0) as bench:
        leases = [bench.reserve(bench.message_of(HELLO, Priority.BULK)) for _ in range(10)]
        assert [lease is not None for lease in leases] == [True] * 4 + [False] * 6


async def test_a_code_is_taken_when_the_lane_is_full_of_other_messages(tmp_path):
    async with opened(tmp_path / "s.db", depth=4, capacity=0) as bench:
        for _ in range(4):
            await bench.accept("bulk", priority=Priority.BULK)
        await bench.accept("code", priority=Priority.CODE)
        bench.carrier.set_capacity(1)
        bench.lane.pump()
        assert bench.carrier.sent[0].text == "code"


async def test_throttled_parts_are_sent_again_after_their_delay_and_not_before(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.respond(0, OutcomeKind.THROTTLED, reason=Reason.THROTTLED, retry_after_s=5)
    message = await bench.until(message_id, State.SENDING)
    assert message.parts[0].reason is Reason.THROTTLED
    claim = {"limit": 9, "owner": "embedded", "lease_ms": NOW + LEASE_MS}
    assert await bench.store.queue.claim("c", now_ms=NOW + 4_999, **claim) == []
    bench.clock.now_ms = NOW + 5_000
    bench.lane.wake()
    await bench.carrier.until_sent(2)
    assert (bench.carrier.sent[1].attempt, bench.carrier.sent[1].repeat) == (2, False)


async def test_a_repeat_of_a_part_in_doubt_is_marked(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.respond(0, OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
    await bench.until(message_id, State.IN_DOUBT)
    bench.clock.now_ms += 60_000
    bench.lane.wake()
    await bench.carrier.until_sent(2)
    assert bench.carrier.sent[1].repeat
    bench.carrier.respond(1)
    message = await bench.until(message_id, State.SENT)
    assert [attempt.repeat for attempt in message.attempts] == [False, True]


async def test_a_peer_that_never_answers_is_given_a_text_four_times(bench):
    message_id = await bench.accept(valid_ms=48 * 3_600_000)
    for tries, pause_ms in enumerate((0, 60_000, 120_000, 240_000), start=1):
        bench.clock.now_ms += pause_ms
        bench.lane.wake()
        await bench.carrier.until_sent(tries)
        bench.carrier.respond(tries - 1, OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
        await bench.until(message_id, State.IN_DOUBT)
        await bench.result_writer.wait_committed()
    claim = {"limit": 9, "owner": "embedded", "lease_ms": NOW + LEASE_MS}
    assert await bench.store.queue.claim("c", now_ms=NOW + 48 * 3_600_000 - 1, **claim) == []
    message = await bench.message(message_id)
    assert (message.state, message.reason) == (State.IN_DOUBT, Reason.REPEATS_EXHAUSTED)
    bench.lane.on_late_response(bench.carrier.sent[3], Outcome(ACCEPTED, carrier_message_id="late"))
    await bench.until(message_id, State.SENT)


async def test_an_unclear_response_ends_as_a_refusal(bench):
    message_id = await bench.accept()
    for tries in range(1, 5):
        await bench.carrier.until_sent(tries)
        facts = {"reason": Reason.UNCLEAR_RESPONSE, "carrier_code": "0x000000FF"}
        bench.carrier.respond(tries - 1, OutcomeKind.UNREACHABLE, **facts)
        await bench.result_writer.wait_committed()
        bench.clock.now_ms += 300_000
        bench.lane.wake()
    message = await bench.until(message_id, State.REJECTED)
    assert (message.reason, message.parts[0].carrier_code) == (
        Reason.CARRIER_REFUSED,
        "0x000000FF",
    )
    assert [attempt.repeat for attempt in message.attempts] == [False] * 4


async def test_a_late_response_settles_a_part_in_doubt_and_it_is_not_repeated(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.respond(0, OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
    await bench.until(message_id, State.IN_DOUBT)
    bench.lane.on_late_response(bench.carrier.sent[0], Outcome(ACCEPTED, carrier_message_id="late"))
    message = await bench.until(message_id, State.SENT)
    assert message.parts[0].carrier_message_id == "late"
    claim = {"limit": 9, "owner": "embedded", "lease_ms": NOW + LEASE_MS}
    assert await bench.store.queue.claim("c", now_ms=NOW + 120_000, **claim) == []


async def test_without_a_link_parts_are_requeued_until_it_is_bound(bench):
    bench.carrier.set_capacity(0)
    message_id = await bench.accept()
    bench.carrier.set_reachable(is_reachable=False)
    bench.lane.pump()
    message = await bench.until(message_id, State.SENDING)
    assert message.parts[0].reason is Reason.CARRIER_UNREACHABLE
    assert bench.reserve(bench.message_of(HELLO, Priority.CODE)) is None
    bench.carrier.set_capacity(10)
    bench.carrier.set_reachable(is_reachable=True)
    bench.clock.now_ms += 2_000
    bench.lane.wake()
    await bench.carrier.until_sent(1)


async def test_closing_a_lane_requeues_parts_that_were_not_sent(bench):
    bench.carrier.set_capacity(0)
    message_id = await bench.accept()
    bench.lane.close()
    await bench.result_writer.wait_committed()
    message = await bench.message(message_id)
    assert message.parts[0].reason is Reason.REQUEUED
    assert bench.reserve(bench.message_of(HELLO, Priority.CODE)) is None


async def test_when_one_part_is_refused_those_not_begun_are_not_sent(tmp_path):
    async with opened(tmp_path / "s.db", capacity=1) as bench:
        message_id = await bench.accept(parts=("one", "two", "three"))
        await bench.carrier.until_sent(1)
        bench.lane.close()
        await bench.result_writer.wait_committed()
        bench.carrier.respond(0, OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED)
        message = await bench.until(message_id, State.REJECTED)
        assert [part.state for part in message.parts] == [
            State.REJECTED,
            State.CANCELLED,
            State.CANCELLED,
        ]
        assert message.parts[1].reason is Reason.SIBLING_PART_FAILED


async def test_a_paused_carrier_gets_nothing_and_its_parts_say_so(bench):
    bench.carrier.set_capacity(0)
    message_id = await bench.accept()
    bench.carrier.pause()
    bench.lane.pump()
    message = await bench.until(message_id, State.SENDING)
    assert message.parts[0].reason is Reason.CARRIER_PAUSED
    bench.carrier.resume()
    bench.carrier.set_capacity(10)
    bench.clock.now_ms += 2_000
    bench.lane.wake()
    await bench.carrier.until_sent(1)


async def test_nothing_leaves_after_its_validity(bench):
    bench.carrier.set_capacity(0)
    message_id = await bench.accept(valid_ms=5_000)
    bench.clock.now_ms += 5_000
    bench.carrier.set_capacity(10)
    bench.lane.pump()
    message = await bench.until(message_id, State.EXPIRED)
    assert message.parts[0].reason is Reason.VALIDITY_EXPIRED
    assert bench.carrier.sent == []


async def test_a_closed_lane_is_empty_once_every_part_has_a_result(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.lane.close()
    late = bench.reserve(bench.message_of(HELLO, Priority.CODE))
    assert (late, bench.lane.leased) == (None, 1)
    bench.carrier.respond(0)
    await bench.lane.wait_empty()
    assert (await bench.message(message_id)).state is State.SENT


async def test_parts_reserved_before_a_lane_closed_are_requeued(bench):
    message = bench.reserved(bench.message_of(HELLO, Priority.BULK))
    bench.lane.close()
    await bench.commit(message)
    await bench.lane.wait_empty()
    message = await bench.message(message.id)
    assert message.parts[0].reason is Reason.REQUEUED
    assert bench.carrier.sent == []


async def next_part_sent(bench):
    """Text of the next part sent, and whether it is marked as a repeat."""
    await bench.result_writer.wait_committed()
    bench.clock.now_ms += 2_000
    bench.lane.wake()
    await bench.carrier.until_sent(1)
    [part] = bench.carrier.sent
    return part.text, part.repeat


async def test_a_part_committed_despite_an_error_is_found_and_sent_for_the_first_time(bench):
    message = bench.reserved(bench.message_of(HELLO, Priority.CONVERSATION))
    bench.abandon(message)
    assert bench.lane.leased == 0
    await bench.store.queue.accept(message)
    bench.lane.wake()
    await bench.store.queue.until_looked(1)
    assert await next_part_sent(bench) == ("hello", False)


async def test_a_part_committed_long_after_the_error_is_found_too(bench):
    message = bench.reserved(bench.message_of(HELLO, Priority.CONVERSATION))
    bench.abandon(message)
    bench.lane.wake()
    await bench.store.queue.until_looked(1)
    bench.clock.now_ms += 60_000
    await bench.store.queue.accept(message)
    bench.lane.wake()
    await bench.store.queue.until_looked(2)
    assert await next_part_sent(bench) == ("hello", False)


async def test_parts_of_a_claim_whose_result_was_lost_are_sent_for_the_first_time(bench):
    await bench.accept_elsewhere("hello", Priority.CONVERSATION)
    bench.store.queue.loses_answers = True
    bench.lane.wake()
    await bench.store.queue.until_lost()
    bench.store.queue.loses_answers = False
    bench.lane.wake()
    await bench.store.queue.until_looked(1)
    assert await next_part_sent(bench) == ("hello", False)


async def test_unanswered_parts_are_left_alone_when_leases_are_reconciled(bench):
    sent_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.set_capacity(0)
    await bench.accept()
    bench.abandon(bench.reserved(bench.message_of(HELLO, Priority.CONVERSATION)))
    bench.lane.wake()
    await bench.store.queue.until_looked(1)
    await bench.result_writer.wait_committed()
    await bench.until_leased(2)
    bench.carrier.respond(0)
    message = await bench.until(sent_id, State.SENT)
    assert [attempt.outcome for attempt in message.attempts] == ["accepted"]
    await bench.carrier.until_sent(2)
    assert [part.attempt for part in bench.carrier.sent] == [1, 1]


async def test_a_message_that_was_not_committed_is_dropped_from_the_lane(bench):
    message = bench.reserved(bench.message_of(HELLO, Priority.CONVERSATION))
    bench.abandon(message)
    bench.lane.wake()
    await bench.store.queue.until_looked(1)
    await bench.until_leased(0)
    assert await bench.message(message.id) is None
