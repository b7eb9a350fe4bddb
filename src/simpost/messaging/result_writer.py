"""The ledger: what carriers say, committed together and in the order it was said.

An answer and the receipt that follows it come through here one behind the other, so the store
knows the carrier's id of a part before the receipt that speaks of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simpost.domain.outcomes import Receipt
from simpost.errors import StoreError
from simpost.messaging.attempt_counts import AttemptCounts
from simpost.observe import get_logger
from simpost.ports.store import AttemptResult, MessageQueue

Settled = Callable[[AttemptResult], None]
"""Told of each settlement once it is committed."""

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0

log = get_logger(__name__)


class ResultWriter:
    """Takes settlements and receipts of all carriers, and has one commit running at a time.

    What comes meanwhile goes into the next. Who adds bounds how many are open: a lane by the
    parts it holds, a session by the requests of its peer that it has not answered.
    """

    def __init__(self, queue: MessageQueue) -> None:
        self.tally = AttemptCounts()
        self._queue = queue
        self._settlements: list[tuple[AttemptResult, Settled]] = []
        self._receipts: list[tuple[Receipt, Callable[[], None]]] = []
        self._some = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def settle(self, settlement: AttemptResult, settled: Settled) -> None:
        """Have an outcome committed, and `settled` called then."""
        self._settlements.append((settlement, settled))
        self._stir()

    def report(self, receipt: Receipt, committed: Callable[[], None]) -> None:
        """Have a receipt committed, and `committed` called then."""
        self._receipts.append((receipt, committed))
        self._stir()

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            settlements, self._settlements = self._settlements, []
            receipts, self._receipts = self._receipts, []
            outcomes = [settlement for settlement, _ in settlements]
            reported = [receipt for receipt, _ in receipts]
            await self._persist(outcomes, reported)
            for settlement, settled in settlements:
                settled(settlement)
            for _, committed in receipts:
                committed()
            self.tally.settled(outcomes)
            self.tally.reported(reported)
            if not self._some.is_set():
                self._idle.set()

    async def wait_committed(self) -> None:
        """Wait until everything added so far is committed."""
        await self._idle.wait()

    def _stir(self) -> None:
        self._some.set()
        self._idle.clear()

    async def _persist(self, outcomes: list[AttemptResult], reported: list[Receipt]) -> None:
        """Commit, again until the store takes it: these are facts that happened."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self._queue.record(outcomes, reported)
            except StoreError as error:
                waiting = len(outcomes) + len(reported)
                log.error("commit_failed", waiting=waiting, error=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                return
