"""Commits attempt results and delivery receipts of all carriers, in the order they arrived.

A response and the receipt that follows it pass through here one after the other, so the store
knows the carrier's id of a part before it sees the receipt with that id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simpost.domain.outcomes import Receipt
from simpost.errors import StoreError
from simpost.messaging.attempt_counts import AttemptCounts
from simpost.observe import get_logger
from simpost.ports.store import AttemptResult, MessageQueue

OnCommitted = Callable[[AttemptResult], None]
"""Called with a result once it is committed."""

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0

log = get_logger(__name__)


class ResultWriter:
    """Runs one commit at a time; what is added while it runs goes into the next.

    Callers bound how much is pending: a lane by its leased parts, a session by the unanswered
    requests of its peer.
    """

    def __init__(self, queue: MessageQueue) -> None:
        self.counts = AttemptCounts()
        self._queue = queue
        self._results: list[tuple[AttemptResult, OnCommitted]] = []
        self._receipts: list[tuple[Receipt, Callable[[], None]]] = []
        self._has_pending = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def add_result(self, result: AttemptResult, on_committed: OnCommitted) -> None:
        """Have a result committed; `on_committed` is called with it afterwards."""
        if not self._results and not self._receipts:
            self._signal()
        self._results.append((result, on_committed))

    def add_receipt(self, receipt: Receipt, on_committed: Callable[[], None]) -> None:
        """Have a receipt committed; `on_committed` is called afterwards."""
        if not self._results and not self._receipts:
            self._signal()
        self._receipts.append((receipt, on_committed))

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._has_pending.wait()
            # The store begins the commit that waits before it is given more: under load every
            # second commit has results, in statements of twice as many rows.
            await asyncio.sleep(0)
            self._has_pending.clear()
            pending_results, self._results = self._results, []
            pending_receipts, self._receipts = self._receipts, []
            results = [result for result, _ in pending_results]
            receipts = [receipt for receipt, _ in pending_receipts]
            await self._commit(results, receipts)
            for result, on_result in pending_results:
                on_result(result)
            for _, on_receipt in pending_receipts:
                on_receipt()
            self.counts.count_results(results)
            self.counts.count_receipts(receipts)
            if not self._has_pending.is_set():
                self._idle.set()

    async def wait_committed(self) -> None:
        """Wait until everything added so far is committed."""
        await self._idle.wait()

    def _signal(self) -> None:
        self._has_pending.set()
        self._idle.clear()

    async def _commit(self, results: list[AttemptResult], receipts: list[Receipt]) -> None:
        """Commit; retry until the store succeeds, because these things have happened."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self._queue.record(results, receipts)
            except StoreError as error:
                pending = len(results) + len(receipts)
                log.error("commit_failed", pending=pending, error=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                return
