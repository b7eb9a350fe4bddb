"""The backlog: what waits in the store for one lane, as far as the lane knows, and its claims."""

from __future__ import annotations

import asyncio

from simpost.domain.messages import Priority
from simpost.errors import StoreError
from simpost.observe import get_logger
from simpost.ports.carrier import OutboundPart
from simpost.ports.store import MessageQueue
from simpost.runtime.clock import Clock

LEASE_MS = 180_000
"""A node's right to a part: longer than it may wait in memory and for its answer."""
_MOST_ALARMS = 100
_LOOK_MS = 5_000
"""Between two looks at our leases, while there is doubt about them."""
_MOST_LOOKED_AT = 500

log = get_logger(__name__)


class Backlog:
    """Claims half the lane's depth once there is room for it; codes do not wait for that room.

    Attributes:
        waits: whether parts may wait in the store; true until a claim says otherwise.
    """

    def __init__(self, queue: MessageQueue, carrier: str, *, owner: str, clock_ms: Clock) -> None:
        self.waits = True
        self._codes_wait = True
        self._alarms = 0
        self._unsure_until_ms = self._look_ms = 0
        self._queue = queue
        self._carrier = carrier
        self._owner = owner
        self._clock_ms = clock_ms
        self._signalled = asyncio.Event()

    def notify(self, priority: int) -> None:
        """Parts wait, the most urgent of them with this priority."""
        self.waits = True
        if priority == Priority.CODE:
            self._codes_wait = True
        self._signalled.set()

    def notify_in(self, wait_ms: int) -> None:
        """A code falls due then: it does not wait for a poll, unless there are very many."""
        if self._alarms < _MOST_ALARMS:
            self._alarms += 1
            asyncio.get_running_loop().call_later(wait_ms / 1000, self._ring)

    def poll(self) -> None:
        """Parts may wait that nobody told of; codes among them."""
        self._codes_wait = True
        self._signalled.set()

    def signal(self) -> None:
        """The lane may have room again."""
        self._signalled.set()

    async def wait(self) -> None:
        await self._signalled.wait()
        self._signalled.clear()

    def claim_size(self, held: int, depth: int) -> int:
        """How many parts to claim now by a lane that holds so many."""
        half = max(1, depth // 2)
        if held + half <= depth:
            return half
        return max(0, min(half, 2 * depth - held)) if self._codes_wait else 0

    async def claim(self, wanted: int, *, codes_only: bool) -> list[OutboundPart]:
        """Lease parts, most urgent first; none when the store refuses."""
        self._codes_wait = False
        if not codes_only:
            self.waits = False
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
            self.waits = self._codes_wait = True
        return parts

    def mark_uncertain(self) -> None:
        """Nobody can say whether a commit went through: its parts may be leased to us, unknown."""
        self._unsure_until_ms = self._clock_ms() + LEASE_MS

    @property
    def should_reconcile(self) -> bool:
        """Whether to look now what is leased to us: every few seconds while there is doubt.

        For as long as a lease, since a database may end a commit after we gave up on it. A clock
        that went back does not put off the next look.
        """
        now_ms = self._clock_ms()
        looked = now_ms < self._look_ms <= now_ms + _LOOK_MS
        return now_ms < self._unsure_until_ms and not looked

    async def leased(self) -> list[OutboundPart]:
        """What the store says is leased to us; nothing if it does not say."""
        self._look_ms = self._clock_ms() + _LOOK_MS
        try:
            return await self._queue.leased(self._carrier, owner=self._owner, limit=_MOST_LOOKED_AT)
        except StoreError as error:
            log.error("leases_not_read", carrier=self._carrier, error=str(error))
            return []

    def _ring(self) -> None:
        self._alarms -= 1
        self.notify(Priority.CODE)
