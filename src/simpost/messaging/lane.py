"""The dispatch queue of one carrier in the memory of this node.

A lane leases parts, passes them to the carrier most urgent first while it has capacity, and has
outcomes and receipts committed. Parts that do not fit into the lane stay queued in the store.
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
from simpost.messaging.carrier_health import CarrierHealth
from simpost.messaging.inbound_receiver import InboundReceiver, reject_inbound
from simpost.messaging.reservation import Reservation, first_attempts
from simpost.messaging.result_writer import ResultWriter
from simpost.messaging.retry import RetryPolicy, apply_outcome
from simpost.ports.carrier import AcceptedPart, Carrier, OutboundPart
from simpost.ports.store import AttemptResult, MessageQueue, NewMessage
from simpost.runtime.clock import Clock

_STALE_MS = 60_000
"""A part that was in memory for this long returns to the store without an attempt."""
_SLOW_MS = 500
"""After a slower response the carrier's last free place is reserved for one-time codes."""
_OPEN_STEP = 1_000
_POLL_S = 1.0
"""How often the store is polled for parts without a notification: retries, lost nodes."""

_AttemptKey = tuple[bytes, int, int]
"""Message id, number of the part, number of the attempt."""

_CODE = Priority.CODE
_UNREACHABLE = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
_PAUSED = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_PAUSED)
_REQUEUED = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.REQUEUED)


class Lane:
    """Dispatches parts to one carrier. Implements `CarrierEvents`.

    `depth` bounds the leased parts, from the lease to the commit of the result. After a crash all
    of them may be in doubt, so it is just large enough to keep the carrier busy during a commit.
    One-time codes have `depth` more places, so that other parts cannot fill the lane for them.
    """

    def __init__(
        self,
        carrier: Carrier,
        queue: MessageQueue,
        result_writer: ResultWriter,
        *,
        owner: str,
        depth: int,
        retry_policy: RetryPolicy,
        clock_ms: Clock,
        inbound: InboundReceiver = reject_inbound,
    ) -> None:
        self.carrier = carrier
        self.depth = depth
        self.retry_policy = retry_policy
        self.health = CarrierHealth(int(1000 * retry_policy.failover_s))
        self._queue = queue
        self._result_writer = result_writer
        self._receive_inbound = inbound
        self._clock_ms = clock_ms
        self._name = carrier.capabilities.name
        self._ready: tuple[deque[tuple[int, OutboundPart]], ...] = tuple(deque() for _ in Priority)
        self._leased: set[_AttemptKey] = set()
        self._claiming = 0  # parts requested by the claim in progress
        self._in_flight = 0
        self._is_slow = True  # until the first response arrives
        self._closing = False
        self._empty = asyncio.Event()
        self._backlog = Backlog(queue, self._name, owner=owner, clock_ms=clock_ms)

    @property
    def leased(self) -> int:
        """Parts leased by this node, those of a claim in progress included."""
        return len(self._leased) + self._claiming

    @property
    def is_available(self) -> bool:
        """Whether routing should prefer this carrier now."""
        is_ready = self.carrier.is_open and not self._closing
        return is_ready and not self.health.is_unhealthy(self._clock_ms())

    @property
    def should_fail_over(self) -> bool:
        """Whether queued parts should go by another carrier."""
        return self.health.should_fail_over(self._clock_ms(), is_open=self.carrier.is_open)

    # Intake.

    def reserve(self, message_id: bytes, count: int, priority: int, now_ms: int) -> Reservation:
        """Reserve places for the parts of a message that is about to be committed.

        The reservation has no lease if the lane is full or closed, or if older parts are queued in
        the store. One-time codes do not wait behind older parts.
        """
        urgent = priority == _CODE
        limit = self.depth * 2 if urgent else self.depth
        must_queue = self._backlog.has_queued and not urgent
        full = len(self._leased) + self._claiming + count > limit
        if must_queue or full or self._closing or not self.carrier.is_open:
            return Reservation(self, message_id, count, None)
        for number in range(1, count + 1):
            self._leased.add((message_id, number, 1))
        return Reservation(self, message_id, count, now_ms + LEASE_MS)

    def take(self, message: NewMessage, reference: int) -> None:
        """Dispatch the parts of a committed message that has places here."""
        until_ms = min(message.created_ms + _STALE_MS, message.expires_ms)
        ready = self._ready[message.priority]
        for part in first_attempts(message, reference):
            ready.append((until_ms, part))
        self.pump()

    def release(self, message_id: bytes, count: int, *, is_uncertain: bool) -> None:
        """Free reserved places.

        With `is_uncertain` the message may have been committed: the lane then compares its leases
        with those in the store for one lease period.
        """
        if is_uncertain:
            self._backlog.mark_uncertain()
        for number in range(1, count + 1):
            self._leased.discard((message_id, number, 1))
        self._signal_if_empty()

    def wake(self, priority: int = Priority.CODE) -> None:
        """Parts are queued in the store, the most urgent of them with this priority."""
        self._backlog.notify(priority)

    # Events of the carrier.

    def on_capacity(self) -> None:
        """The carrier can take more parts, or its state changed."""
        self.pump()

    def on_outcome(self, part: OutboundPart, started_ms: int, outcome: Outcome) -> None:
        """An attempt ended."""
        self._in_flight -= 1
        was_slow = self._is_slow
        ended_ms = self._record(part, started_ms, outcome)
        self._is_slow = ended_ms - started_ms > _SLOW_MS
        if was_slow:
            self.pump()

    def on_receipt(self, receipt: Receipt, committed: Callable[[], None]) -> None:
        """A delivery receipt arrived; `committed` is called once it is committed."""
        self._result_writer.add_receipt(receipt, committed)

    def on_inbound(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        """Pass an inbound part on; the result is the reason of a refusal, or `None`."""
        return self._receive_inbound(part)

    def on_late_response(self, part: OutboundPart, outcome: Outcome) -> None:
        """A response arrived after its attempt was recorded as in doubt."""
        self._leased.add((part.message_id, part.number, part.attempt))
        self._record(part, self._clock_ms(), outcome)

    async def list_open(self, after: str) -> tuple[list[AcceptedPart], str]:
        """One step of a walk through the parts that await a report; see `CarrierEvents`."""
        return await self._queue.list_open(
            self._name, after=after, now_ms=self._clock_ms(), limit=_OPEN_STEP
        )

    async def list_sent_to(self, iccid: str) -> list[AcceptedPart]:
        """Parts to an ICCID that have not expired; see `CarrierEvents`."""
        return await self._queue.list_sent_to(self._name, iccid, now_ms=self._clock_ms())

    # Dispatch.

    def pump(self) -> None:
        """Pass parts to the carrier while it has capacity; return all of them when it is closed."""
        carrier = self.carrier
        now_ms = self._clock_ms()
        if self._closing:
            self._return_all(_REQUEUED, now_ms)
        elif not carrier.is_open:
            self._return_all(_PAUSED if carrier.is_paused else _UNREACHABLE, now_ms)
        else:
            self._send(carrier, now_ms)
        if self._backlog.has_queued:
            self._backlog.signal()

    def _send(self, carrier: Carrier, now_ms: int) -> None:
        codes = self._ready[_CODE]
        for ready in self._ready:
            while ready:
                until_ms, part = ready[0]
                # Otherwise a code would wait for a response of a slow carrier busy with bulk.
                reserved = 1 if self._is_slow and self._in_flight and ready is not codes else 0
                if now_ms >= until_ms:
                    ready.popleft()
                    self._record(part, now_ms, _REQUEUED)
                elif carrier.capacity > reserved:
                    ready.popleft()
                    outcome = carrier.send(part, now_ms)
                    if outcome is None:
                        self._in_flight += 1
                    else:
                        self._record(part, now_ms, outcome)
                else:
                    return

    def _return_stale(self) -> None:
        """Return parts that were in memory for too long, those behind other parts included."""
        now_ms = self._clock_ms()
        for ready in self._ready:
            for _ in range(len(ready)):
                until_ms, part = ready.popleft()
                if now_ms >= until_ms:
                    self._record(part, now_ms, _REQUEUED)
                else:
                    ready.append((until_ms, part))

    def _return_all(self, outcome: Outcome, now_ms: int) -> None:
        for ready in self._ready:
            while ready:
                self._record(ready.popleft()[1], now_ms, outcome)

    def _record(self, part: OutboundPart, started_ms: int, outcome: Outcome) -> int:
        ended_ms = self._clock_ms()
        self.health.record(outcome, ended_ms)
        result = apply_outcome(
            part,
            outcome,
            carrier=self._name,
            started_ms=started_ms,
            ended_ms=ended_ms,
            retry_policy=self.retry_policy,
        )
        self._result_writer.add_result(result, self._on_committed)
        if result.due_ms is not None and part.priority == _CODE:
            self._backlog.notify_in(result.due_ms - ended_ms)
        return ended_ms

    def _on_committed(self, result: AttemptResult) -> None:
        self._leased.discard((result.message_id, result.number, result.attempt))
        if self._closing:
            self._signal_if_empty()
        if self._backlog.has_queued:
            self._backlog.signal()

    # Start and stop.

    async def run(self) -> None:
        """Claim until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._claim_forever())
            tasks.create_task(self._poll())

    def close(self) -> None:
        """Take no more parts; those not yet passed to the carrier return to the store."""
        self._closing = True
        self.pump()
        self._signal_if_empty()

    async def wait_empty(self) -> None:
        """Wait until no part is leased any more; call after `close`."""
        await self._empty.wait()

    def _signal_if_empty(self) -> None:
        if self._closing and not self.leased:
            self._empty.set()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            self._return_stale()
            self.pump()
            self._backlog.poll()

    async def _claim_forever(self) -> None:
        while True:
            await self._backlog.wait()
            if self._backlog.should_reconcile:
                await self._reconcile_leases()
            wanted = self._backlog.claim_size(self.leased, self.depth)
            if not wanted or self._closing or not self.carrier.is_open:
                continue
            codes_only = self.leased + wanted > self.depth
            self._claiming = wanted
            parts = await self._backlog.claim(wanted, codes_only=codes_only)
            self._claiming = 0
            self._leased.update((part.message_id, part.number, part.attempt) for part in parts)
            self._signal_if_empty()
            now_ms = self._clock_ms()
            for part in parts:
                until_ms = min(now_ms + _STALE_MS, part.expires_ms)
                self._ready[part.priority].append((until_ms, part))
            self.pump()

    async def _reconcile_leases(self) -> None:
        """Return parts that the store has leased to this node but the lane does not know.

        They were never attempted, so they are not in doubt. No claim runs at the same time. A part
        that was known before or after the query is not missing.
        """
        before = self._leased.copy()
        now_ms = self._clock_ms()
        for part in await self._backlog.leased():
            key = (part.message_id, part.number, part.attempt)
            if key not in before and key not in self._leased:
                self._leased.add(key)
                self._record(part, now_ms, _REQUEUED)
