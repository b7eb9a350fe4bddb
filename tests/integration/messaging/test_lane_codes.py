"""Codes before everything: bulk delays none by more than a second (field.md 3, row 8).

Measured in positions, not in time: the code must be the next part that is sent.
"""

import asyncio

import pytest

from simpost.domain.messages import Priority
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.retry import RetryPolicy
from tests.integration.messaging.scripted import opened
from tests.turns import until

BULK = 2_000


async def tick(bench):
    """One token of the rate: one part is sent and answered at once."""
    carrier = bench.carrier
    before = len(carrier.sent)
    carrier.set_capacity(1)
    bench.lane.pump()
    await carrier.until_sent(before + 1)
    carrier.set_capacity(-1)
    carrier.respond(before)
    await asyncio.sleep(0)  # the answer is told to the lane
    return carrier.sent[before]


async def ticks_until(bench, text):
    for place in range(100):
        if (await tick(bench)).text == text:
            return place
    pytest.fail("the code never left")


async def until_claimed(lane):
    """Until a code waits in memory."""
    await until(lambda: lane._ready[Priority.CODE], "a code is claimed")


@pytest.fixture
async def saturated(tmp_path):
    """A carrier of ten parts a second, a full lane of bulk and thousands more in the store."""
    retry_policy = RetryPolicy(code_s=(0.05, 0.05))
    async with opened(tmp_path / "s.db", depth=64, capacity=0, retry_policy=retry_policy) as bench:
        await bench.accept_many(BULK, priority=Priority.BULK)
        for _ in range(64):
            await tick(bench)
        ready = bench.lane._ready
        await until(lambda: len(ready[Priority.BULK]) > 32, "the lane is claimed full again")
        assert await bench.store.routing.count_queued("c") > 1_000
        yield bench


async def test_a_code_is_sent_with_the_next_token_though_thousands_are_queued(saturated):
    await saturated.accept("code", priority=Priority.CODE)
    assert await ticks_until(saturated, "code") == 0


async def test_a_code_that_waits_in_the_store_is_claimed_though_the_lane_is_full(saturated):
    """As after a restart, or when another node accepted it."""
    lane = saturated.lane
    await saturated.accept_elsewhere("code", priority=Priority.CODE)
    assert not lane._ready[Priority.CODE]
    lane.wake()
    await until_claimed(lane)
    assert lane.leased > lane.depth // 2
    assert await ticks_until(saturated, "code") == 0


async def test_a_throttled_code_is_claimed_again_though_the_lane_is_full_of_bulk(saturated):
    code = await saturated.accept("code", priority=Priority.CODE)
    carrier = saturated.carrier
    carrier.set_capacity(1)
    saturated.lane.pump()
    assert carrier.sent[-1].text == "code"
    carrier.set_capacity(-1)
    carrier.respond(len(carrier.sent) - 1, OutcomeKind.THROTTLED, reason=Reason.THROTTLED)
    await saturated.until(code, State.SENDING)
    saturated.clock.now_ms += 50
    await until_claimed(saturated.lane)
    assert await ticks_until(saturated, "code") == 0


async def test_bulk_is_not_starved_by_the_claims_of_codes(saturated):
    seen = [(await tick(saturated)).text for _ in range(200)]
    assert len(set(seen)) == 200


async def test_bulk_leaves_the_last_window_slot_of_a_slow_carrier_to_codes(tmp_path):
    async with opened(tmp_path / "s.db", depth=16, capacity=4) as bench:
        await bench.accept_many(40, priority=Priority.BULK)
        await bench.carrier.until_sent(3)
        bench.clock.now_ms += 5_000
        for index in range(3):
            bench.carrier.respond(index)
        await bench.carrier.until_sent(6)
        assert bench.carrier.capacity == 1
        await bench.accept("code", priority=Priority.CODE)
        assert bench.carrier.sent[6].text == "code"


async def test_bulk_takes_every_window_slot_of_a_fast_carrier(tmp_path):
    async with opened(tmp_path / "s.db", depth=16, capacity=4) as bench:
        await bench.accept_many(40, priority=Priority.BULK)
        await bench.carrier.until_sent(1)
        bench.carrier.respond(0)
        await bench.carrier.until_sent(5)
        assert bench.carrier.capacity == 0


async def test_bulk_takes_the_only_window_slot_of_a_slow_carrier(tmp_path):
    async with opened(tmp_path / "s.db", depth=16, capacity=1) as bench:
        await bench.accept_many(10, priority=Priority.BULK)
        for index in range(10):
            await bench.carrier.until_sent(index + 1)
            bench.clock.now_ms += 5_000
            bench.carrier.respond(index)
        assert sorted(part.text for part in bench.carrier.sent) == [f"text {n}" for n in range(10)]
