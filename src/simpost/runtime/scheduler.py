"""Periodic jobs: each handles the rows that are due, in bounded steps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from simpost.errors import StoreError
from simpost.observe import get_logger

log = get_logger(__name__)


def always() -> bool:
    """The condition of a job that every node runs."""
    return True


async def run_periodically(
    job: Callable[[], Awaitable[object]],
    every_s: float,
    *,
    name: str,
    idle_s: float | None = None,
    when: Callable[[], bool] = always,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run a job every `every_s` seconds until cancelled, on the node for which `when` holds.

    The duty is remembered by rows, not by this loop: a run that fails, or that a node did not live
    to see, is made up for by the next one on any node. A StoreError is logged as `job_failed`; any
    other error is a mistake in the job and is raised, which stops the process.

    A job that returns `False` had nothing to do: it runs again after `idle_s`, if that is given.
    """
    pause_s = every_s
    while True:
        await sleep(pause_s)
        pause_s = every_s
        if not when():
            continue
        try:
            if await job() is False and idle_s is not None:
                pause_s = idle_s
        except StoreError as error:
            log.error("job_failed", job=name, error=str(error))
