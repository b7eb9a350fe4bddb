"""Keeps requests that were refused before they became messages, for support.

Refusals are collected in memory and written once a second, so that no request waits for them. A
process that is killed loses those of the last second. For each account and day only the first ones
are listed; the others are counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from simpost.domain.decision_record import DecisionRecord, encode_record
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.observe import get_logger
from simpost.ports.store.refusals import (
    DAY_MS,
    MOST_A_DAY,
    AccountDay,
    RefusalBatch,
    RefusalFilter,
    RefusalRecord,
    RefusalStore,
    UnlistedDay,
)
from simpost.runtime.clock import Clock
from simpost.runtime.scheduler import run_periodically

MOST_IN_MEMORY: Final = 1_000
_INTERVAL_S: Final = 1.0

log = get_logger(__name__)


class RefusalLog:
    """Collects refusals and writes them in batches."""

    def __init__(self, store: RefusalStore, new_id: Callable[[], bytes], clock_ms: Clock) -> None:
        self._store = store
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._flushing = asyncio.Lock()
        self._refusals: list[RefusalRecord] = []
        self._not_listed: Counter[AccountDay] = Counter()
        self._listed: Counter[AccountDay] = Counter()

    def add(
        self,
        account_id: int,
        reason: Reason,
        *,
        esim_tran_no: str | None,
        iccid: str | None,
        request_id: str | None,
        caller_reference: str | None = None,
        record: DecisionRecord | None = None,
    ) -> None:
        """Add a refusal to the next batch. Must not block: called for every refusal."""
        now_ms = self._clock_ms()
        day = (account_id, now_ms // DAY_MS)
        if not self._has_room(day):
            self._not_listed[day] += 1
            return
        self._listed[day] += 1
        self._refusals.append(
            RefusalRecord(
                account_id,
                self._new_id(),
                esim_tran_no,
                iccid,
                reason,
                request_id,
                now_ms,
                caller_reference,
                encode_record(record),
            )
        )

    def lists(self, account_id: int) -> bool:
        """Whether the next refusal of this account would be listed instead of only counted."""
        return self._has_room((account_id, self._clock_ms() // DAY_MS))

    async def run(self) -> None:
        """Write once a second until cancelled."""
        await run_periodically(self.flush, _INTERVAL_S, name="refusal_log")

    async def flush(self) -> None:
        """Write what was collected. When the store fails, the refusals are only counted, later."""
        async with self._flushing:
            if self._refusals or self._not_listed:
                await self._write()

    async def search(
        self, account_id: int, which: RefusalFilter
    ) -> tuple[list[RefusalRecord], list[UnlistedDay]]:
        """Listed refusals, those in memory included, and the days with unlisted ones."""
        await self.flush()
        found = await self._store.list_refusals(account_id, which)
        return found, await self._store.unlisted_refusals(account_id)

    async def _write(self) -> None:
        batch = RefusalBatch(tuple(self._refusals), dict(self._not_listed))
        self._refusals = []
        self._not_listed = Counter()
        try:
            await self._store.add_refusals(batch)
        except StoreError as error:
            log.error("refusals_not_written", error=str(error))
            self._not_listed.update(batch.not_listed)
            self._not_listed.update(refusal.day for refusal in batch.refusals)
        today = self._clock_ms() // DAY_MS
        self._listed = Counter({day: n for day, n in self._listed.items() if day[1] == today})

    def _has_room(self, day: AccountDay) -> bool:
        return self._listed.get(day, 0) < MOST_A_DAY and len(self._refusals) < MOST_IN_MEMORY
