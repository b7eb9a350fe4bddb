"""A lane: one carrier's place in dispatch.

It holds leased parts in memory, most urgent first, gives them to the carrier while there is
room, and has what the carrier says committed. What it cannot hold waits in the store.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from simpost.domain.inbound import InboundPart
from simpost.domain.messages import Priority
from simpost.domain.outcomes import Outcome, OutcomeKind, Receipt
from simpost.domain.reasons import Reason
from simpost.messaging.backlog import LEASE_MS, Backlog
from simpost.messaging.health import Health
from simpost.messaging.receiving import TakeInbound, take_none
from simpost.messaging.reservation import Reservation, first_attempts
from simpost.messaging.result_writer import ResultWriter
from simpost.messaging.retry import RetryPolicy, settle
from simpost.ports.carrier import Carrier, OutboundPart
from simpost.ports.store import AttemptResult, MessageQueue, NewMessage
from simpost.runtime.clock import Clock

_STALE_MS = 60_000
"""A part that waited this long in memory goes back to the store untried."""
_SLOW_MS = 500
"""An answer that took longer leaves the carrier's last place to codes."""
_POLL_S = 1.0
"""How often the store is asked for parts nobody told us of: retries, another node's leavings."""

_Try = tuple[bytes, int, int]
"""Message id, number of the part, number of the try."""

_UNREACHABLE = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
_PAUSED = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_PAUSED)
_RETURNED = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.REQUEUED)


class Lane:
    """Dispatch through one carrier.

    `depth` bounds the parts held from their lease to their settlement. After a crash that many
    may be in doubt, so it is as small as keeps the carrier busy while a commit runs. Codes have
    as many places again: they find one, however full the lane is of others.
    """

    def __init__(
        self,
        carrier: Carrier,
        queue: MessageQueue,
        ledger: ResultWriter,
        *,
        owner: str,
        depth: int,
        retry_policy: RetryPolicy,
        clock_ms: Clock,
        inbound: TakeInbound = take_none,
    ) -> None:
        self.carrier = carrier
        self.depth = depth
        self.retry_policy = retry_policy
        self.health = Health(int(1000 * retry_policy.failover_s))
        self._ledger = ledger
        self._take_inbound = inbound
        self._clock_ms = clock_ms
        self._name = carrier.capabilities.name
        self._ready: tuple[deque[tuple[int, OutboundPart]], ...] = tuple(deque() for _ in Priority)
        self._held: set[_Try] = set()
        self._asked = 0  # parts, of the claim that runs
        self._in_flight = 0
        self._is_slow = True  # until the first answer says otherwise
        self._closing = False
        self._empty = asyncio.Event()
        self._backlog = Backlog(queue, self._name, owner=owner, clock_ms=clock_ms)

    @property
    def held(self) -> int:
        """Parts held, and those there is a place for meanwhile."""
        return len(self._held) + self._asked

    @property
    def is_available(self) -> bool:
        """Whether a message had better go by this carrier than by another."""
        is_ready = self.carrier.is_open and not self._closing
        return is_ready and not self.health.is_unhealthy(self._clock_ms())

    @property
    def should_fail_over(self) -> bool:
        """Whether what waits here had better go by another carrier."""
        return self.health.is_lost(self._clock_ms(), is_open=self.carrier.is_open)

    # Intake.

    def reserve(self, message_id: bytes, count: int, priority: int, now_ms: int) -> Reservation:
        """Places for the parts of a message about to be committed, where the lane has them.

        Older parts queued in the store go first, except that a code never waits behind them.
        """
        urgent = priority == Priority.CODE
        limit = self.depth * 2 if urgent else self.depth
        waits = self._backlog.waits and not urgent
        full = len(self._held) + self._asked + count > limit
        if waits or full or self._closing or not self.carrier.is_open:
            return Reservation(self, message_id, count, None)
        for number in range(1, count + 1):
            self._held.add((message_id, number, 1))
        return Reservation(self, message_id, count, now_ms + LEASE_MS)

    def take(self, message: NewMessage, reference: int) -> None:
        """Dispatch the parts of a committed message that has places here."""
        until_ms = min(message.created_ms + _STALE_MS, message.expires_ms)
        ready = self._ready[message.priority]
        ready.extend([(until_ms, part) for part in first_attempts(message, reference)])
        self.pump()

    def release(self, message_id: bytes, count: int, *, is_uncertain: bool) -> None:
        """Free reserved places.

        With `is_uncertain` the message may be committed all the same: the leases in the store are
        looked at until that is known.
        """
        if is_uncertain:
            self._backlog.mark_uncertain()
        for number in range(1, count + 1):
            self._held.discard((message_id, number, 1))
        self._signal_if_empty()

    def wake(self, priority: int = Priority.CODE) -> None:
        """Parts wait in the store, the most urgent of them with this priority."""
        self._backlog.notify(priority)

    # Events of the carrier.

    def on_capacity(self) -> None:
        self.pump()

    def on_outcome(self, part: OutboundPart, started_ms: int, outcome: Outcome) -> None:
        self._in_flight -= 1
        was_slow = self._is_slow
        ended_ms = self._answered(part, started_ms, outcome)
        self._is_slow = ended_ms - started_ms > _SLOW_MS
        if was_slow:
            self.pump()

    def on_receipt(self, receipt: Receipt, committed: Callable[[], None]) -> None:
        self._ledger.report(receipt, committed)

    def on_inbound(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        return self._take_inbound(part)

    def on_late_response(self, part: OutboundPart, outcome: Outcome) -> None:
        self._held.add((part.message_id, part.number, part.attempt))
        self._answered(part, self._clock_ms(), outcome)

    # Dispatch.

    def pump(self) -> None:
        """Give the carrier what it has room for; when it is closed, give all parts back."""
        carrier = self.carrier
        now_ms = self._clock_ms()
        if self._closing:
            self._give_back(_RETURNED, now_ms)
        elif not carrier.is_open:
            self._give_back(_PAUSED if carrier.is_paused else _UNREACHABLE, now_ms)
        else:
            self._send(carrier, now_ms)
        if self._backlog.waits:
            self._backlog.signal()

    def _send(self, carrier: Carrier, now_ms: int) -> None:
        codes = self._ready[Priority.CODE]
        for ready in self._ready:
            while ready:
                until_ms, part = ready[0]
                # A slow carrier full of bulk would make a code wait for the first answer to it.
                spared = 1 if self._is_slow and self._in_flight and ready is not codes else 0
                if now_ms >= until_ms:
                    ready.popleft()
                    self._answered(part, now_ms, _RETURNED)
                elif carrier.capacity > spared:
                    ready.popleft()
                    outcome = carrier.send(part, now_ms)
                    if outcome is None:
                        self._in_flight += 1
                    else:
                        self._answered(part, now_ms, outcome)
                else:
                    return

    def _give_back_stale(self) -> None:
        """Also what waits behind others, for which there is no room."""
        now_ms = self._clock_ms()
        for ready in self._ready:
            for _ in range(len(ready)):
                until_ms, part = ready.popleft()
                if now_ms >= until_ms:
                    self._answered(part, now_ms, _RETURNED)
                else:
                    ready.append((until_ms, part))

    def _give_back(self, outcome: Outcome, now_ms: int) -> None:
        for ready in self._ready:
            while ready:
                self._answered(ready.popleft()[1], now_ms, outcome)

    def _answered(self, part: OutboundPart, started_ms: int, outcome: Outcome) -> int:
        ended_ms = self._clock_ms()
        self.health.answered(outcome, ended_ms)
        settlement = settle(
            part,
            outcome,
            carrier=self._name,
            started_ms=started_ms,
            ended_ms=ended_ms,
            retry_policy=self.retry_policy,
        )
        self._ledger.settle(settlement, self._settled)
        if settlement.due_ms is not None and part.priority == Priority.CODE:
            self._backlog.notify_in(settlement.due_ms - ended_ms)
        return ended_ms

    def _settled(self, settlement: AttemptResult) -> None:
        self._held.discard((settlement.message_id, settlement.number, settlement.attempt))
        self._signal_if_empty()
        if self._backlog.waits:
            self._backlog.signal()

    # Life.

    async def run(self) -> None:
        """Claim until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._claim_forever())
            tasks.create_task(self._poll())

    def close(self) -> None:
        """Take nothing more; what the carrier was not given yet goes back to the store."""
        self._closing = True
        self.pump()
        self._signal_if_empty()

    async def wait_empty(self) -> None:
        """After `close`: wait until no part is held any more."""
        await self._empty.wait()

    def _signal_if_empty(self) -> None:
        if self._closing and not self.held:
            self._empty.set()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            self._give_back_stale()
            self.pump()
            self._backlog.poll()

    async def _claim_forever(self) -> None:
        while True:
            await self._backlog.wait()
            if self._backlog.should_reconcile:
                await self._reconcile_leases()
            wanted = self._backlog.claim_size(self.held, self.depth)
            if not wanted or self._closing or not self.carrier.is_open:
                continue
            codes_only = self.held + wanted > self.depth
            self._asked = wanted
            parts = await self._backlog.claim(wanted, codes_only=codes_only)
            self._asked = 0
            self._held.update((part.message_id, part.number, part.attempt) for part in parts)
            self._signal_if_empty()
            now_ms = self._clock_ms()
            for part in parts:
                until_ms = min(now_ms + _STALE_MS, part.expires_ms)
                self._ready[part.priority].append((until_ms, part))
            self.pump()

    async def _reconcile_leases(self) -> None:
        """Give back what is leased to us and unknown here: never tried, so never in doubt.

        No claim runs meanwhile. What was held before or after the look was not forgotten.
        """
        before = self._held.copy()
        now_ms = self._clock_ms()
        for part in await self._backlog.leased():
            one = (part.message_id, part.number, part.attempt)
            if one not in before and one not in self._held:
                self._held.add(one)
                self._answered(part, now_ms, _RETURNED)
