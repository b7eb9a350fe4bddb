"""One account's heavy calls take turns, within a budget of their own."""

import asyncio
import itertools
import threading

import pytest

from simpost.api.shared import costs
from simpost.api.shared.costs import Costs, Overdrawn
from simpost.domain.accounts import Account

ONE, OTHER = Account(1, "one", "secret"), Account(2, "other", "secret")


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def desk(now):
    return Costs(lambda: now[0])


async def test_heavy_calls_of_one_account_run_one_at_a_time(desk):
    running, most = 0, 0

    async def call():
        nonlocal running, most
        async with desk.turn(ONE):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(call() for _ in range(5)))
    assert most == 1


async def test_heavy_calls_of_another_account_do_not_wait(desk):
    async def call():
        async with desk.turn(ONE):
            pass

    async with desk.turn(ONE):
        waits = asyncio.create_task(call())
        async with asyncio.timeout(30), desk.turn(OTHER):
            await asyncio.sleep(0)
            assert not waits.done()
    await waits


async def test_too_many_waiting_heavy_calls_are_refused(desk):
    async def call():
        async with desk.turn(ONE):
            await asyncio.sleep(0)

    done = await asyncio.gather(
        *(call() for _ in range(costs.MAX_WAITING + 3)), return_exceptions=True
    )
    assert [type(each) for each in done if each] == [Overdrawn] * 3


async def test_cpu_time_is_charged_to_the_account_and_recovers(desk, now, monkeypatch):
    """Each piece of work takes 0.5 s of the processor: 2 s of the account's share."""
    cpu_s = itertools.count(0.0, 0.5)
    monkeypatch.setattr(costs.time, "thread_time", lambda: next(cpu_s))
    for _ in range(3):
        async with desk.turn(ONE):
            await desk.work(ONE, lambda: None)
    with pytest.raises(Overdrawn) as overdrawn:
        await desk.turn(ONE).__aenter__()
    assert overdrawn.value.wait_s == 3 * 2.0 - costs.BURST_S
    async with desk.turn(OTHER):
        pass
    now[0] += overdrawn.value.wait_s
    async with desk.turn(ONE):
        assert await desk.work(ONE, lambda: "done") == "done"


async def test_small_bodies_are_free_and_large_ones_are_not(desk):
    async def bring(account, octets):
        async with desk.body(account, octets):
            pass

    for _ in range(1_000):
        await bring(ONE, costs.LARGE_OCTETS - 1)
    for _ in range(9):  # four seconds of two a second, and the one that goes beyond
        await bring(ONE, 1_048_576)
    with pytest.raises(Overdrawn):
        await bring(ONE, 1_048_576)
    await bring(OTHER, 1_048_576)


async def test_a_heavy_call_may_bring_a_large_body(desk):
    async with asyncio.timeout(30), desk.body(ONE, 1_048_576), desk.turn(ONE):
        assert await desk.work(ONE, lambda: "done") == "done"


async def test_the_event_loop_runs_while_heavy_work_is_done(desk):
    """The work ends once the loop has run; the timeout only ends a test that fails."""
    loop_ran = threading.Event()
    asyncio.get_running_loop().call_soon(loop_ran.set)
    assert await desk.work(ONE, lambda: loop_ran.wait(30))
