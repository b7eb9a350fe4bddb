"""A carrier in memory, for tests of everything above the port.

`test_carrier_contract.py` runs on it as on the drivers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from simpost.config import CarrierSettings, HttpCarrierSettings
from simpost.config.part_prices import part_prices
from simpost.domain.outcomes import Outcome, OutcomeKind, Receipt
from simpost.domain.rates import TokenBucket
from simpost.domain.reasons import Reason
from simpost.ports.carrier import (
    CarrierCapabilities,
    CarrierEvents,
    ConnectionState,
    ConnectionStatus,
    OutboundPart,
)

_NOT_SENT = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
_NO_RESPONSE = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
_BURST_S = 0.1


class Response(msgspec.Struct, frozen=True):
    """What the script reports for a part, `after_s` seconds after it was sent."""

    outcome: Outcome
    after_s: float = 0.0
    receipt: Receipt | None = None


Script = Callable[[OutboundPart], Response | None]
"""The response to a part; with `None` the part is unanswered until the test calls `respond`."""


class ScriptedCarrier:
    """Records what is sent. Responds as its script says, or when the test calls `respond`.

    Attributes:
        sent: every part that was taken, in order; the test names a part by its index.
        started_ms: `now_ms` of each.
        problem: shown while the carrier cannot be reached.
        last_heard_ms: shown with the connection.
    """

    ownership = None

    def __init__(
        self,
        max_unanswered: int = 1000,
        *,
        name: str = "c",
        depth: int = 8,
        capabilities: CarrierCapabilities | None = None,
        kind: str = "scripted",
        rate_per_s: float = 0.0,
        is_reachable: bool = True,
        script: Script | None = None,
    ) -> None:
        self.capabilities = capabilities or CarrierCapabilities(name=name)
        self.depth = depth
        self.is_paused = False
        self.sent: list[OutboundPart] = []
        self.started_ms: list[int] = []
        self.problem = "connection refused"
        self.last_heard_ms: int | None = None
        self._kind = kind
        self._script = script
        self._is_reachable = is_reachable
        self._is_drained = False
        self._is_changing = False
        self._is_throttled = False
        self._events: CarrierEvents | None = None
        self._unanswered: set[int] = set()
        self._scheduled: set[int] = set()
        self._changed = asyncio.Event()
        self._rate_timer: asyncio.TimerHandle | None = None
        self._limit(max_unanswered, rate_per_s)

    def _limit(self, max_unanswered: int, rate_per_s: float) -> None:
        self._max_unanswered = max_unanswered
        self._bucket = TokenBucket(rate_per_s, max(1.0, rate_per_s * _BURST_S), time.monotonic())

    # The port.

    @property
    def state(self) -> ConnectionState:
        if self._is_drained or self._is_changing:
            return ConnectionState.CLOSING
        if self._events is None:
            return ConnectionState.STARTING
        if not self._is_reachable:
            return ConnectionState.LOST
        return ConnectionState.THROTTLED if self._is_throttled else ConnectionState.READY

    @property
    def is_open(self) -> bool:
        can_send = self.state in (ConnectionState.READY, ConnectionState.THROTTLED)
        return can_send and not self.is_paused

    @property
    def capacity(self) -> int:
        free = self._max_unanswered - len(self._unanswered)
        if free <= 0 or not self.is_open:
            return 0
        if self._bucket.rate_per_s and (wait_s := self._bucket.wait_s(time.monotonic())):
            if self._rate_timer is None:
                self._rate_timer = asyncio.get_running_loop().call_later(wait_s, self._on_rate)
            return 0
        return free

    def send(self, part: OutboundPart, now_ms: int) -> Outcome | None:
        if not self.capacity:
            return _NOT_SENT
        if self._bucket.rate_per_s:
            self._bucket.take(time.monotonic())
        index = len(self.sent)
        self.sent.append(part)
        self.started_ms.append(now_ms)
        self._unanswered.add(index)
        if self._script and (response := self._script(part)):
            self._scheduled.add(index)
            loop = asyncio.get_running_loop()
            loop.call_later(response.after_s, self._report, index, response)
        self._changed.set()
        return None

    def connections(self) -> list[ConnectionStatus]:
        return [
            ConnectionStatus(
                number=1,
                kind=self._kind,
                state=self.state,
                peer="scripted:1" if self._is_reachable else "",
                problem="" if self._is_reachable else self.problem,
                max_unanswered=self._max_unanswered,
                unanswered=len(self._unanswered),
                allowed_per_s=self._bucket.rate_per_s,
                rate_per_s=0.0,
                last_heard_ms=self.last_heard_ms,
            )
        ]

    async def start(self, events: CarrierEvents) -> None:
        self._events = events
        self._report_capacity()

    def pause(self) -> None:
        self.is_paused = True
        self._report_capacity()

    async def drain(self) -> None:
        self._is_drained = True
        self.pause()
        await self._until(lambda: not self._unanswered)

    def resume(self) -> None:
        self.is_paused = self._is_drained = False
        self._report_capacity()

    async def reconfigure(self, settings: CarrierSettings) -> None:
        assert isinstance(settings, HttpCarrierSettings), "the settings of the double"
        self._is_changing = True
        self._report_capacity()
        await self._until(lambda: not self._unanswered)
        self.capabilities = msgspec.structs.replace(
            self.capabilities,
            sender=settings.source_address,
            senders=settings.senders,
            prices=part_prices(settings.price_per_part, settings.prices),
        )
        self._limit(settings.max_unanswered, settings.rate_per_s)
        self._is_changing = False
        self._report_capacity()

    async def close(self) -> None:
        """Wait for the responses in the script; the other parts are in doubt at once."""
        self._is_drained = True
        self._report_capacity()
        for index in sorted(self._unanswered - self._scheduled):
            self._end(index, _NO_RESPONSE)
        await self._until(lambda: not self._unanswered)

    # For tests.

    def respond(self, index: int, kind: OutcomeKind = OutcomeKind.ACCEPTED, **facts: Any) -> None:
        """Report the outcome of a part without a response in the script."""
        carrier_id = f"id{index}" if kind is OutcomeKind.ACCEPTED else None
        self._end(index, Outcome(kind, carrier_message_id=carrier_id, **facts))

    def set_capacity(self, parts: int) -> None:
        """Take this many more parts, until responses come; with -1, one more response adds none."""
        self._max_unanswered = parts + len(self._unanswered)
        self._report_capacity()

    def set_reachable(self, *, is_reachable: bool) -> None:
        """Lose or restore the connection. Responses to the parts already sent still come."""
        self._is_reachable = is_reachable
        self._report_capacity()

    async def until_sent(self, count: int) -> None:
        """Wait until this many parts were taken."""
        await self._until(lambda: len(self.sent) >= count)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def _report(self, index: int, response: Response) -> None:
        self._scheduled.remove(index)
        self._end(index, response.outcome)
        if response.receipt and self._events:
            self._events.on_receipt(response.receipt, lambda: None)

    def _end(self, index: int, outcome: Outcome) -> None:
        self._unanswered.remove(index)
        self._is_throttled = outcome.kind is OutcomeKind.THROTTLED
        self._changed.set()
        if self._events:
            self._events.on_outcome(self.sent[index], self.started_ms[index], outcome)
        self._report_capacity()

    def _on_rate(self) -> None:
        self._rate_timer = None
        self._report_capacity()

    def _report_capacity(self) -> None:
        if self._events:
            self._events.on_capacity()
