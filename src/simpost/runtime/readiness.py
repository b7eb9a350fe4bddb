"""Whether this process can commit what it accepts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import NamedTuple

from simpost.errors import StoreError
from simpost.ports.store import StoreHealth
from simpost.runtime.clock import Clock

_TIMEOUT_S = 2.0
_INTERVAL_S = 1.0
"""A check costs a commit; more frequent callers get the last result."""

DRAINING = "Stopping: send requests to another node."
SILENT = "The store does not respond."
WAITS = "No carrier is available now: accepted messages are queued."


class ReadinessStatus(NamedTuple):
    """The result of a check.

    Attributes:
        problem: why the process is not ready; `None` when it is.
        warning: what does not work although the process is ready.
    """

    problem: str | None = None
    warning: str | None = None


class ReadinessCheck:
    """Commits a probe to the store, at most once a second.

    A process without an available carrier is ready: accepted messages are committed and queued.
    """

    def __init__(
        self,
        store: StoreHealth,
        is_any_carrier_available: Callable[[], bool],
        *,
        clock_ms: Clock,
        time_s: Callable[[], float],
        hold: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`hold` returns why nothing is sent at all; `None` if nothing holds it."""
        self.is_draining = False
        self._store = store
        self._is_any_carrier_available = is_any_carrier_available
        self._clock_ms = clock_ms
        self._time_s = time_s
        self._hold = hold
        self._one_at_a_time = asyncio.Lock()
        self._problem: str | None = None
        self._checked_s = -math.inf

    async def status(self) -> ReadinessStatus:
        """Whether the process is ready now, as of the last second."""
        if self.is_draining:
            return ReadinessStatus(problem=DRAINING)
        async with self._one_at_a_time:
            if self._time_s() - self._checked_s >= _INTERVAL_S:
                self._problem = await self._check_store()
                self._checked_s = self._time_s()
        warning = self._hold() or (None if self._is_any_carrier_available() else WAITS)
        return ReadinessStatus(problem=self._problem, warning=warning)

    async def _check_store(self) -> str | None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._store.probe(now_ms=self._clock_ms())
        except TimeoutError:
            return SILENT
        except StoreError as error:
            return str(type(error)())  # the default message: its own may name files and hosts
        return None
