import asyncio

from simpost.domain.messages import Priority
from simpost.errors import StoreError
from simpost.messaging.backlog import Backlog


class Claims:
    """A store with a number of parts that records each claim."""

    def __init__(self, parts=0):
        self.parts = parts
        self.asked = []

    async def claim(self, carrier, *, limit, codes_only, **_):
        self.asked.append((limit, codes_only))
        if self.parts is None:
            raise StoreError
        return ["part"] * min(self.parts, limit)

    async def leased(self, _carrier, **_):
        return []


def backlog(parts=0):
    return Backlog(Claims(parts), "c", owner="o", clock_ms=lambda: 0)


async def test_half_the_depth_is_claimed_once_there_is_room_for_it():
    one = backlog()
    assert (one.claim_size(leased=0, depth=64), one.claim_size(leased=32, depth=64)) == (32, 32)


async def test_a_full_lane_claims_codes_alone_and_only_where_there_may_be_some():
    one = backlog()
    assert one.claim_size(leased=40, depth=64) == 32
    await one.claim(32, codes_only=True)
    assert one.claim_size(leased=40, depth=64) == 0
    one.notify(Priority.BULK)
    assert one.claim_size(leased=40, depth=64) == 0
    one.notify(Priority.CODE)
    assert one.claim_size(leased=40, depth=64) == 32


async def test_a_lane_never_holds_more_than_twice_its_depth():
    one = backlog()
    assert one.claim_size(leased=120, depth=64) == 8
    assert one.claim_size(leased=128, depth=64) == 0


async def test_a_lane_with_a_depth_of_one_claims_too():
    assert backlog().claim_size(leased=0, depth=1) == 1


async def test_the_number_of_queued_parts_is_known_from_the_last_claim():
    empty, full = backlog(parts=3), backlog(parts=32)
    await empty.claim(32, codes_only=False)
    await full.claim(32, codes_only=False)
    assert (empty.has_queued, full.has_queued) == (False, True)


async def test_a_claim_of_codes_tells_nothing_about_other_parts():
    one = backlog()
    await one.claim(32, codes_only=True)
    assert one.has_queued


async def test_a_code_that_becomes_due_wakes_the_lane():
    one = backlog()
    await one.claim(8, codes_only=True)
    one.notify_in(0)
    await one.wait()
    assert one.claim_size(leased=64, depth=64) == 32


async def test_scheduled_wake_ups_are_bounded():
    one = backlog()
    loop = asyncio.get_running_loop()
    before = len(loop._scheduled)
    for _ in range(1_000):
        one.notify_in(60_000)
    assert len(loop._scheduled) - before == 100
    for handle in loop._scheduled[before:]:
        handle.cancel()


async def test_a_store_that_refuses_gives_no_parts():
    assert await backlog(parts=None).claim(8, codes_only=False) == []


async def test_leases_are_reconciled_every_few_seconds_while_a_commit_is_uncertain():
    now_ms = 1_000_000
    one = Backlog(Claims(None), "c", owner="o", clock_ms=lambda: now_ms)
    assert not one.should_reconcile
    await one.claim(32, codes_only=False)
    looks = []
    for second in range(200):
        now_ms = 1_000_000 + 1_000 * second
        if one.should_reconcile:
            looks.append(second)
            await one.leased()
    assert looks == list(range(0, 180, 5))


async def test_a_clock_set_back_does_not_delay_the_next_claim():
    now_ms = 10_000_000
    one = Backlog(Claims(None), "c", owner="o", clock_ms=lambda: now_ms)
    one.mark_uncertain()
    await one.leased()
    assert not one.should_reconcile
    now_ms -= 3_600_000
    assert one.should_reconcile
