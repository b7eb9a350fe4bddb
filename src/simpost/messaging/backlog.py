"""The parts that are queued in the store for one lane, and the claims that lease them."""

from __future__ import annotations

import asyncio

from simpost.domain.messages import Priority
from simpost.errors import StoreError
from simpost.observe import get_logger
from simpost.ports.carrier import OutboundPart
from simpost.ports.store import MessageQueue
from simpost.runtime.clock import Clock

LEASE_MS = 180_000
"""Length of a lease; longer than a part may be in memory and wait for its response together."""
_MAX_TIMERS = 100
_RECONCILE_INTERVAL_MS = 5_000
"""How often the leases in the store are compared while they are uncertain."""
_MAX_RECONCILED = 500

log = get_logger(__name__)


class Backlog:
    """Claims half the lane's depth once that many places are free; sooner for one-time codes.

    Attributes:
        has_queued: whether parts may be queued in the store; true until a claim returns fewer than
            requested.
    """

    def __init__(self, queue: MessageQueue, carrier: str, *, owner: str, clock_ms: Clock) -> None:
        self.has_queued = True
        self._has_queued_codes = True
        self._timers = 0
        self._uncertain_until_ms = self._next_reconcile_ms = 0
        self._queue = queue
        self._carrier = carrier
        self._owner = owner
        self._clock_ms = clock_ms
        self._signalled = asyncio.Event()

    def notify(self, priority: int) -> None:
        """Parts are queued, the most urgent of them with this priority."""
        self.has_queued = True
        if priority == Priority.CODE:
            self._has_queued_codes = True
        self._signalled.set()

    def notify_in(self, wait_ms: int) -> None:
        """A one-time code is due after `wait_ms`: claim it then, not at the next poll.

        Beyond 100 such timers the poll claims it.
        """
        if self._timers < _MAX_TIMERS:
            self._timers += 1
            asyncio.get_running_loop().call_later(wait_ms / 1000, self._on_timer)

    def poll(self) -> None:
        """Claim without a notification: parts may be queued, one-time codes among them."""
        self._has_queued_codes = True
        self._signalled.set()

    def signal(self) -> None:
        """The lane may have free places again."""
        self._signalled.set()

    async def wait(self) -> None:
        """Wait until a claim may find parts."""
        await self._signalled.wait()
        self._signalled.clear()

    def claim_size(self, leased: int, depth: int) -> int:
        """How many parts a lane with `leased` parts should claim now."""
        half = max(1, depth // 2)
        if leased + half <= depth:
            return half
        return max(0, min(half, 2 * depth - leased)) if self._has_queued_codes else 0

    async def claim(self, wanted: int, *, codes_only: bool) -> list[OutboundPart]:
        """Lease up to `wanted` parts, most urgent first; none when the store fails."""
        self._has_queued_codes = False
        if not codes_only:
            self.has_queued = False
        now_ms = self._clock_ms()
        try:
            parts = await self._queue.claim(
                self._carrier,
                limit=wanted,
                now_ms=now_ms,
                owner=self._owner,
                lease_ms=now_ms + LEASE_MS,
                codes_only=codes_only,
            )
        except StoreError as error:
            log.error("claim_failed", carrier=self._carrier, error=str(error))
            self.mark_uncertain()
            return []
        if len(parts) == wanted:
            self.has_queued = self._has_queued_codes = True
        return parts

    def mark_uncertain(self) -> None:
        """A commit may have succeeded without a response: compare leases for one lease period."""
        self._uncertain_until_ms = self._clock_ms() + LEASE_MS

    @property
    def should_reconcile(self) -> bool:
        """Whether to compare the leases in the store with the lane now.

        True every few seconds, for one lease period: a commit we timed out on may still succeed. A
        clock that was set back does not delay the next comparison.
        """
        now_ms = self._clock_ms()
        is_early = now_ms < self._next_reconcile_ms <= now_ms + _RECONCILE_INTERVAL_MS
        return now_ms < self._uncertain_until_ms and not is_early

    async def leased(self) -> list[OutboundPart]:
        """The parts that the store has leased to this node; none when the store fails."""
        self._next_reconcile_ms = self._clock_ms() + _RECONCILE_INTERVAL_MS
        try:
            return await self._queue.leased(self._carrier, owner=self._owner, limit=_MAX_RECONCILED)
        except StoreError as error:
            log.error("leases_not_read", carrier=self._carrier, error=str(error))
            return []

    def _on_timer(self) -> None:
        self._timers -= 1
        self.notify(Priority.CODE)
