"""A lane: one carrier's place in dispatch.

It holds leased parts in memory, most urgent first, gives them to the carrier while there is
room, and has what the carrier says committed. What it cannot hold waits in the store.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

from simpost.domain.messages import Priority
from simpost.domain.outcomes import Outcome, Receipt, Verdict
from simpost.domain.reasons import Reason
from simpost.engine.clock import Clock
from simpost.engine.collector import Collector
from simpost.engine.receiving import ReceiptDesk
from simpost.engine.settling import Patience, settle
from simpost.errors import StoreError
from simpost.observe import get_logger
from simpost.ports.carrier import Carrier, Submission
from simpost.ports.store import NewMessage, Settlement, Store

LEASE_MS = 180_000
"""A node's right to a part: longer than it may wait in memory and for its answer."""
_STALE_MS = 60_000
"""A part that waited this long in memory goes back to the store untried."""
_POLL_S = 1.0
"""How often the store is asked for parts nobody told us of: retries, another node's leavings."""

_UNREACHABLE = Outcome(Verdict.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
_RETURNED = Outcome(Verdict.UNREACHABLE, reason=Reason.RETURNED)

log = get_logger(__name__)


class Lane:
    """Dispatch through one carrier.

    `depth` bounds the parts held from their lease to their settlement. After a crash that many
    may be in doubt, so it is as small as keeps the carrier busy while a commit runs.
    """

    def __init__(
        self,
        carrier: Carrier,
        store: Store,
        receipts: ReceiptDesk,
        *,
        owner: str,
        depth: int,
        patience: Patience,
        clock_ms: Clock,
    ) -> None:
        self._carrier = carrier
        self._store = store
        self._receipts = receipts
        self._owner = owner
        self._depth = depth
        self._patience = patience
        self._clock_ms = clock_ms
        self._name = carrier.traits.name
        self._ready: tuple[deque[tuple[int, Submission]], ...] = tuple(deque() for _ in Priority)
        self._held = 0
        self._backlog = True
        self._closing = False
        self._claim = asyncio.Event()
        self._settlements: Collector[Settlement] = Collector(store.settle, self._settled)

    @property
    def _is_open(self) -> bool:
        return self._carrier.is_open

    # Intake.

    def reserve(self, count: int, priority: int, now_ms: int) -> int | None:
        """The end of a lease for parts about to be committed; none when they must wait.

        Older parts waiting in the store go first, except that a code never waits behind them.
        """
        urgent = priority == Priority.CODE
        limit = self._depth * 2 if urgent else self._depth
        waits = self._backlog and not urgent
        full = self._held + count > limit
        if waits or full or self._closing or not self._is_open:
            return None
        self._held += count
        return now_ms + LEASE_MS

    def release(self, count: int) -> None:
        """Give back a reservation that came to nothing."""
        self._held -= count

    def take(self, message: NewMessage, reference: int) -> None:
        """Put the parts of a committed message, reserved before, in their place."""
        total = len(message.parts)
        ready = self._ready[message.priority]
        for number, text in enumerate(message.parts, start=1):
            part = Submission(
                account_id=message.account_id,
                message_id=message.id,
                number=number,
                total=total,
                text=text,
                encoding=message.encoding,
                reference=reference,
                destination=message.destination,
                sender=message.sender,
                category=message.category,
                priority=message.priority,
                created_ms=message.created_ms,
                expires_ms=message.expires_ms,
                attempt=1,
                repeat=False,
                options=message.options,
            )
            ready.append((message.created_ms, part))
        self.pump()

    def wake(self) -> None:
        """Parts wait in the store."""
        self._backlog = True
        self._claim.set()

    # The carrier's desk.

    def on_room(self) -> None:
        self.pump()

    def on_receipt(self, receipt: Receipt) -> asyncio.Future[None]:
        return self._receipts.report(receipt)

    def on_late(self, part: Submission, outcome: Outcome) -> None:
        self._held += 1
        self._answered(part, self._clock_ms(), outcome)

    # Dispatch.

    def pump(self) -> None:
        """Give the carrier what it has room for; without a link, give parts back."""
        carrier = self._carrier
        now_ms = self._clock_ms()
        for ready in self._ready:
            while ready:
                since_ms, part = ready[0]
                if not self._is_open:
                    ready.popleft()
                    self._answered(part, now_ms, _UNREACHABLE)
                elif now_ms - since_ms > _STALE_MS:
                    ready.popleft()
                    self._answered(part, now_ms, _RETURNED)
                elif carrier.room > 0:
                    ready.popleft()
                    answer = carrier.send(part)
                    answer.add_done_callback(partial(self._on_answer, part, now_ms))
                else:
                    return
        if self._backlog:
            self._claim.set()

    def _on_answer(
        self, part: Submission, started_ms: int, answer: asyncio.Future[Outcome]
    ) -> None:
        self._answered(part, started_ms, answer.result())

    def _answered(self, part: Submission, started_ms: int, outcome: Outcome) -> None:
        self._settlements.add(
            settle(
                part,
                outcome,
                carrier=self._name,
                started_ms=started_ms,
                ended_ms=self._clock_ms(),
                patience=self._patience,
            )
        )

    def _settled(self, settlements: list[Settlement]) -> None:
        self._held -= len(settlements)
        if self._backlog:
            self._claim.set()

    # Life.

    async def run(self) -> None:
        """Claim and settle until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._settlements.run())
            tasks.create_task(self._claim_forever())
            tasks.create_task(self._poll())

    def close(self) -> None:
        """Take nothing more; what the carrier was not given yet goes back to the store."""
        self._closing = True
        for ready in self._ready:
            while ready:
                since_ms, part = ready.popleft()
                self._answered(part, since_ms, _RETURNED)

    async def drained(self) -> None:
        """Wait until what the carrier answered is committed."""
        await self._settlements.drained()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            self.pump()
            self._claim.set()

    async def _claim_forever(self) -> None:
        while True:
            await self._claim.wait()
            self._claim.clear()
            wanted = max(1, self._depth // 2)
            if self._closing or self._held + wanted > self._depth or not self._is_open:
                continue
            now_ms = self._clock_ms()
            self._held += wanted
            self._backlog = False
            parts = await self._claim_some(wanted, now_ms)
            self._held -= wanted - len(parts)
            if len(parts) == wanted:
                self._backlog = True
            for part in parts:
                self._ready[part.priority].append((now_ms, part))
            self.pump()

    async def _claim_some(self, wanted: int, now_ms: int) -> list[Submission]:
        try:
            return await self._store.claim(
                self._name,
                limit=wanted,
                now_ms=now_ms,
                owner=self._owner,
                lease_ms=now_ms + LEASE_MS,
            )
        except StoreError as error:
            log.error("claim_refused", carrier=self._name, error=str(error))
            return []
