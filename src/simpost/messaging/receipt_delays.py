"""How long the receipts of each carrier took in the last hour, measured once a minute at most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from simpost.domain.receipt_delays import ReceiptDelay, summarise
from simpost.ports.store.receipts import ReceiptStore
from simpost.runtime.clock import Clock

WINDOW_MS: Final = 3_600_000
"""Messages that were accepted in this time are looked at."""
_KEPT_MS: Final = 60_000


class ReceiptDelays:
    """Measures when somebody looks, so that it costs nothing otherwise."""

    def __init__(self, store: ReceiptStore, clock_ms: Clock) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._measured_ms: int | None = None
        self._delays: Mapping[str, ReceiptDelay] = {}
        self._measuring = asyncio.Lock()

    async def by_carrier(self) -> Mapping[str, ReceiptDelay]:
        """Of the carriers with such receipts; a minute old at most. Raises StoreError."""
        async with self._measuring:
            now_ms = self._clock_ms()
            if self._measured_ms is None or not 0 <= now_ms - self._measured_ms < _KEPT_MS:
                found = await self._store.list_delays(from_ms=now_ms - WINDOW_MS)
                self._delays = {carrier: summarise(delays) for carrier, delays in found.items()}
                self._measured_ms = now_ms
            return self._delays
