"""One loop for all periodic jobs; time is given by the test."""

import pytest
import structlog

from simpost.errors import StoreError
from simpost.runtime.scheduler import run_periodically


class Over(Exception):
    """Raised by the sleep to end the loop."""


class CountedSleep:
    """A sleep that returns at once, `count` times; then it ends the loop."""

    def __init__(self, count):
        self.left = count
        self.slept_s = []

    async def __call__(self, seconds):
        if not self.left:
            raise Over
        self.left -= 1
        self.slept_s.append(seconds)


async def test_a_job_runs_after_each_interval():
    ran = []

    async def job():
        ran.append("run")

    sleep = CountedSleep(3)
    with pytest.raises(Over):
        await run_periodically(job, 5.0, name="release", sleep=sleep)
    assert (ran, sleep.slept_s) == (["run"] * 3, [5.0] * 3)


async def test_a_job_without_work_runs_less_often():
    found = iter([True, False, None])

    async def job():
        return next(found)

    sleep = CountedSleep(3)
    with pytest.raises(Over):
        await run_periodically(job, 0.25, idle_s=1.0, name="broadcasts", sleep=sleep)
    assert sleep.slept_s == [0.25, 0.25, 1.0]


async def test_only_the_leader_runs_it_and_a_new_leader_goes_on():
    ran = []
    leads = iter([False, True, False, True])

    async def job():
        ran.append("run")

    with pytest.raises(Over):
        await run_periodically(
            job, 1.0, name="release", when=lambda: next(leads), sleep=CountedSleep(4)
        )
    assert ran == ["run"] * 2


async def test_an_error_of_the_store_is_logged_and_the_next_run_follows():
    outcomes = iter([StoreError("no room"), None])

    async def job():
        if error := next(outcomes):
            raise error

    with structlog.testing.capture_logs() as logs, pytest.raises(Over):
        await run_periodically(job, 1.0, name="release", sleep=CountedSleep(2))
    [line] = logs
    assert (line["event"], line["job"], line["error"]) == ("job_failed", "release", "no room")
    assert next(outcomes, "none left") == "none left"


async def test_a_job_with_a_mistake_stops_the_process():
    async def job():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_periodically(job, 1.0, name="release", sleep=CountedSleep(9))
