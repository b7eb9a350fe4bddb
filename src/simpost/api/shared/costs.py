"""What one account may cost the others: heavy calls in turns, in a thread, within a budget.

Requests per second say nothing of what a request takes. A list of all plans, a dry run of a long
text or a large body cost as much as a hundred messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from simpost.domain.accounts import Account
from simpost.errors import InvalidRequest

R = TypeVar("R")

CPU_SHARE: Final = 0.25
"""Of one core, what the heavy calls of one account may take over time."""
OCTETS_PER_S: Final = 2_097_152
"""Octets of large bodies and answers that cost as much as a second of that share."""
BURST_S: Final = 4.0
"""How far an account may run ahead of its share."""
MAX_WAITING: Final = 16
"""Heavy calls of one account that wait for their turn."""
LARGE_OCTETS: Final = 16_384
"""From here a body or an answer is heavy."""


class Overdrawn(InvalidRequest):
    """The account has too many expensive requests: try again later, or ask for less at once."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


@dataclass(slots=True)
class _Purse:
    """`paid_until_s`: when what was taken is paid for, at the account's share."""

    calls: asyncio.Lock = field(default_factory=asyncio.Lock)
    bodies: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    paid_until_s: float = 0.0


class Costs:
    """The budgets of all accounts of a process, and the thread that does their heavy work.

    One thread for all: work of Python in two would only take the interpreter from each other.
    Each account has at most one call in it or before it, so that they take turns.
    """

    def __init__(self, time_s: Callable[[], float] = time.monotonic) -> None:
        self._time_s = time_s
        self._purses: dict[int, _Purse] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="heavy")

    @contextlib.asynccontextmanager
    async def turn(self, account: Account) -> AsyncIterator[None]:
        """One heavy call of the account at a time. Raises Overdrawn."""
        purse = self._purse(account)
        self._check(purse)
        async with _next(purse, purse.calls):
            yield

    @contextlib.asynccontextmanager
    async def body(self, account: Account, octets: int) -> AsyncIterator[None]:
        """A body; one large one of the account at a time, for it is parsed on the loop.

        Raises Overdrawn.
        """
        if octets < LARGE_OCTETS:
            yield
            return
        purse = self._purse(account)
        self._check(purse)
        self.charge_octets(account, octets)
        async with _next(purse, purse.bodies):
            yield

    async def work(self, account: Account, work: Callable[[], R]) -> R:
        """The result of work that leaves the loop; its processor time is charged."""

        def timed() -> tuple[R, float]:
            started_s = time.thread_time()
            return work(), time.thread_time() - started_s

        result, cpu_s = await asyncio.get_running_loop().run_in_executor(self._thread, timed)
        self._charge(account, cpu_s / CPU_SHARE)
        return result

    def charge_octets(self, account: Account, octets: int) -> None:
        """Count what a large body or answer takes beside processor time."""
        if octets >= LARGE_OCTETS:
            self._charge(account, octets / OCTETS_PER_S)

    def _check(self, purse: _Purse) -> None:
        ahead_s = purse.paid_until_s - self._time_s()
        if ahead_s > BURST_S:
            raise Overdrawn(ahead_s - BURST_S)

    def _purse(self, account: Account) -> _Purse:
        return self._purses.setdefault(account.id, _Purse())

    def _charge(self, account: Account, seconds: float) -> None:
        purse = self._purse(account)
        purse.paid_until_s = max(purse.paid_until_s, self._time_s()) + seconds


@contextlib.asynccontextmanager
async def _next(purse: _Purse, lock: asyncio.Lock) -> AsyncIterator[None]:
    if purse.waiting >= MAX_WAITING:
        raise Overdrawn(1.0)
    purse.waiting += 1
    try:
        async with lock:
            yield
    finally:
        purse.waiting -= 1
