"""A budget of processor time per account, so that heavy calls do not slow down other accounts.

The rate limit counts requests, but a list of all plans, a dry run of a long text or a large body
costs as much as a hundred messages. Heavy calls of one account run one at a time, in a thread.
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
"""Fraction of one core that the heavy calls of one account may use on average."""
OCTETS_PER_S: Final = 2_097_152
"""Octets of large bodies and responses that cost as much as a second of that share."""
BURST_S: Final = 4.0
"""Seconds that an account may be ahead of its share."""
MAX_WAITING: Final = 16
"""Most heavy calls of one account that wait for the one that runs."""
LARGE_OCTETS: Final = 16_384
"""Octets from which a body or a response counts as large."""


class Overdrawn(InvalidRequest):
    """The account has too many expensive requests: try again later, or ask for less at once."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


@dataclass(slots=True)
class _Budget:
    """`paid_until_s`: when the share has covered all use so far."""

    calls: asyncio.Lock = field(default_factory=asyncio.Lock)
    bodies: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    paid_until_s: float = 0.0


class Costs:
    """The budgets of all accounts of a process, and the thread that does their heavy work.

    One thread serves all accounts: two threads of Python code would compete for the interpreter.
    Each account has at most one call in the queue of the thread, so that accounts alternate.
    """

    def __init__(self, time_s: Callable[[], float] = time.monotonic) -> None:
        self._time_s = time_s
        self._budgets: dict[int, _Budget] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="heavy")

    @contextlib.asynccontextmanager
    async def turn(self, account: Account) -> AsyncIterator[None]:
        """Wait until no other heavy call of the account runs. Raises Overdrawn."""
        budget = self._budget(account)
        self._check(budget)
        async with _next(budget, budget.calls):
            yield

    @contextlib.asynccontextmanager
    async def body(self, account: Account, octets: int) -> AsyncIterator[None]:
        """Wait until no other large body of the account is parsed: that happens on the event loop.

        Raises Overdrawn.
        """
        if octets < LARGE_OCTETS:
            yield
            return
        budget = self._budget(account)
        self._check(budget)
        self.charge_octets(account, octets)
        async with _next(budget, budget.bodies):
            yield

    async def pace(self, account: Account) -> None:
        """Wait until the account is less than half a burst ahead of its share.

        For long work in small steps, which leaves the other half to other heavy calls.
        """
        ahead_s = self._budget(account).paid_until_s - self._time_s()
        if ahead_s > BURST_S / 2:
            await asyncio.sleep(ahead_s - BURST_S / 2)

    async def work(self, account: Account, work: Callable[[], R]) -> R:
        """Run `work` in the thread, charge its processor time, and return its result."""

        def timed() -> tuple[R, float]:
            started_s = time.thread_time()
            return work(), time.thread_time() - started_s

        result, cpu_s = await asyncio.get_running_loop().run_in_executor(self._thread, timed)
        self._charge(account, cpu_s / CPU_SHARE)
        return result

    def charge_octets(self, account: Account, octets: int) -> None:
        """Charge a large body or response, in addition to processor time."""
        if octets >= LARGE_OCTETS:
            self._charge(account, octets / OCTETS_PER_S)

    def _check(self, budget: _Budget) -> None:
        ahead_s = budget.paid_until_s - self._time_s()
        if ahead_s > BURST_S:
            raise Overdrawn(ahead_s - BURST_S)

    def _budget(self, account: Account) -> _Budget:
        return self._budgets.setdefault(account.id, _Budget())

    def _charge(self, account: Account, seconds: float) -> None:
        budget = self._budget(account)
        budget.paid_until_s = max(budget.paid_until_s, self._time_s()) + seconds


@contextlib.asynccontextmanager
async def _next(budget: _Budget, lock: asyncio.Lock) -> AsyncIterator[None]:
    if budget.waiting >= MAX_WAITING:
        raise Overdrawn(1.0)
    budget.waiting += 1
    try:
        async with lock:
            yield
    finally:
        budget.waiting -= 1
