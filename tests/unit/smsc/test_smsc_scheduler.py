from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from simpost.smsc.scheduler import Scheduler


class Handle:
    def __init__(self, at: float, call: Callable[[], object]) -> None:
        self.at = at
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """The clock and timers of an event loop, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.handles: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], object]) -> Handle:
        self.handles.append(Handle(at, call))
        return self.handles[-1]

    @property
    def waiting(self) -> list[Handle]:
        return [handle for handle in self.handles if not handle.cancelled]

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for handle in self.waiting:
            if handle.at <= self.now:
                handle.cancelled = True
                handle.call()


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def test_calls_come_in_the_order_of_their_time(loop: Loop) -> None:
    scheduler, called = Scheduler(), list[str]()
    for delay, name in ((3.0, "c"), (1.0, "a"), (2.0, "b"), (1.0, "a again")):
        scheduler.after(delay, lambda name=name: called.append(name))  # type: ignore[misc]
    loop.advance(0.9)
    assert called == []
    loop.advance(0.1)
    assert called == ["a", "a again"]
    loop.advance(5)
    assert called == ["a", "a again", "b", "c"]


def test_one_timer_is_enough(loop: Loop) -> None:
    scheduler = Scheduler()
    for delay in (3.0, 1.0, 2.0):
        scheduler.after(delay, list)
    assert [handle.at for handle in loop.waiting] == [101.0]


def test_a_call_may_schedule_itself_again(loop: Loop) -> None:
    scheduler, called = Scheduler(), list[float]()

    def again() -> None:
        called.append(loop.now)
        scheduler.after(1.0, again)

    scheduler.after(1.0, again)
    loop.advance(1)
    loop.advance(1)
    assert called == [101.0, 102.0]


def test_a_full_scheduler_refuses_a_call(loop: Loop) -> None:
    scheduler = Scheduler(max_entries=2)
    assert [scheduler.after(1.0, list) for _ in range(3)] == [True, True, False]
    assert len(scheduler) == 2


def test_nothing_is_called_after_close(loop: Loop) -> None:
    scheduler, called = Scheduler(), list[str]()
    scheduler.after(1.0, lambda: called.append("never"))
    scheduler.close()
    loop.advance(5)
    assert called == []
    assert loop.waiting == []


async def test_it_runs_on_the_event_loop() -> None:
    called = asyncio.Event()
    assert Scheduler().after(0.001, called.set)
    await called.wait()
