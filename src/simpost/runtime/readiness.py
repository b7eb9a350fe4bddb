"""Readiness: whether this process keeps its promise now, which is to commit what it accepts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import NamedTuple

from simpost.errors import StoreError
from simpost.ports.store import StoreHealth
from simpost.runtime.clock import Clock

_PATIENCE_S = 2.0
_EVERY_S = 1.0
"""Whoever asks more often is told what was found last: asking costs a commit."""

DRAINING = "Stopping: ask another."
SILENT = "The store does not answer."
WAITS = "No carrier takes messages now: what is accepted waits."


class State(NamedTuple):
    """`problem` says why it is not ready; `remark` what is amiss though it is."""

    problem: str | None = None
    remark: str | None = None


class Readiness:
    """Asks the store to commit something, at most once a second, however many ask.

    A carrier that is away does not make it unready: what is accepted is committed and waits.
    """

    def __init__(
        self,
        store: StoreHealth,
        is_any_carrier_available: Callable[[], bool],
        *,
        clock_ms: Clock,
        time_s: Callable[[], float],
    ) -> None:
        self.is_draining = False
        self._store = store
        self._is_any_carrier_available = is_any_carrier_available
        self._clock_ms = clock_ms
        self._time_s = time_s
        self._one_at_a_time = asyncio.Lock()
        self._found: str | None = None
        self._found_s = -math.inf

    async def state(self) -> State:
        if self.is_draining:
            return State(problem=DRAINING)
        async with self._one_at_a_time:
            if self._time_s() - self._found_s >= _EVERY_S:
                self._found = await self._try_store()
                self._found_s = self._time_s()
        remark = None if self._is_any_carrier_available() else WAITS
        return State(problem=self._found, remark=remark)

    async def _try_store(self) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._store.probe(now_ms=self._clock_ms())
        except TimeoutError:
            return SILENT
        except StoreError as error:
            return str(type(error)())  # its own words may name files and hosts
        return None
