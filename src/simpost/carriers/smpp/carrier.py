"""The SMPP driver: sends submit_sm, receives deliver_sm and data_sm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial

from simpost.carriers.recent_exchanges import RecentExchanges
from simpost.carriers.smpp.bind import BindConnection, BindKind
from simpost.carriers.smpp.bind_plan import build_binds
from simpost.carriers.smpp.command_status import StatusClass, StatusMap, reports_congestion
from simpost.carriers.smpp.delivery_receipts import receipt_of
from simpost.carriers.smpp.exchanges import SmppExchanges, show_exchange
from simpost.carriers.smpp.inbound import Inbox
from simpost.carriers.smpp.late_responses import UnansweredSubmits
from simpost.carriers.smpp.submit import SubmitBuilder, capabilities_of
from simpost.config import CarrierSettings
from simpost.config import SmppCarrierSettings as Settings
from simpost.domain.exchanges import CarrierExchange
from simpost.domain.messages import Attempt
from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.ports.carrier import (
    CONNECTION_STATE_PRECEDENCE,
    CarrierEvents,
    ConnectionState,
    ConnectionStatus,
    OutboundPart,
)
from simpost.ports.connection_ownership import ConnectionOwnership
from simpost.smpp import (
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    FieldError,
    Pdu,
    RequestError,
    Session,
    Status,
    SubmitSm,
    is_receipt,
    status_meaning,
    status_name,
)

_UNREACHABLE = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
_IN_DOUBT = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)

_DEPTH_WINDOWS = 4
_MIN_DEPTH = 256
_CLOSE_GRACE_S = 5.0
_DRAIN_GRACE_S = 3600.0
"""No limit in practice: the response timer of the session ends every request before."""
_INBOUND_PDUS = (DeliverSm, DataSm)


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class SmppCarrier:
    """One SMSC and the binds to it. A part goes over the bind with the most free window.

    `owned` are the numbers of the binds that this node may open; `None` for all. `clock_ms` returns
    the time since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        owned: Collection[int] | None = None,
        clock_ms: Callable[[], int] = _wall_clock_ms,
    ) -> None:
        self._clock_ms = clock_ms
        self._owned = None if owned is None else frozenset(owned)
        self.is_paused = False
        self.is_open = False
        self._events: CarrierEvents | None = None
        self._unanswered = UnansweredSubmits()
        self._recent: SmppExchanges = RecentExchanges()
        self._is_drained = False
        self._changing = asyncio.Lock()
        self._apply_settings(settings)

    def _apply_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._builder = SubmitBuilder(settings)
        self._inbox = Inbox(settings)
        self._statuses = StatusMap(settings.statuses, settings.retry_after_s)
        self.capabilities = capabilities_of(settings)
        self._binds = build_binds(settings, self._statuses, self)
        self._senders = [bind for bind in self._binds if bind.kind is not BindKind.RECEIVER]
        self._least_loaded = self._senders[0]

    @property
    def depth(self) -> int:
        """Parts its lane should lease: enough to fill the windows again during a commit."""
        binds = self._settings.binds if self._owned is None else max(1, len(self._owned))
        window = self._settings.window * binds
        depth = max(_MIN_DEPTH, _DEPTH_WINDOWS * window)
        if rate := self._settings.rate_per_s * binds:
            depth = max(window, min(depth, int(10 * rate)))
        return depth

    @property
    def state(self) -> ConnectionState:
        owned = [bind for bind in self._senders if self._owns(bind)]
        return min(
            (bind.state for bind in owned or self._senders), key=CONNECTION_STATE_PRECEDENCE.index
        )

    @property
    def problem(self) -> str:
        """Why a bind is not open, in a sentence; empty if all are."""
        return next((bind.problem for bind in self._binds if bind.problem), "")

    @property
    def capacity(self) -> int:
        return 0 if self.is_paused else self._scan_windows()

    def _scan_windows(self) -> int:
        """Return the free window of all binds; keeps the bind with the most for the next part."""
        total = most = 0
        for bind in self._senders:
            if free := bind.free_window:
                total += free
                if free > most:
                    most, self._least_loaded = free, bind
        return total

    def connections(self) -> list[ConnectionStatus]:
        return [
            bind.status(number)
            for number, bind in enumerate(self._binds, start=1)
            if self._owns(bind)
        ]

    # Ownership.

    @property
    def ownership(self) -> ConnectionOwnership:
        """An SMSC limits the number of binds, whichever node opens them."""
        return self

    @property
    def connection_numbers(self) -> tuple[int, ...]:
        """The numbers of all binds; a transmitter and its receiver have one number."""
        return tuple(sorted({bind.number for bind in self._binds}))

    @property
    def open_connections(self) -> frozenset[int]:
        """Numbers of the binds that may be open, including those that are being closed."""
        return frozenset(bind.number for bind in self._binds if bind.is_running)

    @property
    def unreachable_for_s(self) -> float:
        """Seconds of bind attempts without success; 0 if a bind is open or none should be."""
        owned = [bind for bind in self._binds if self._owns(bind) and bind.is_running]
        tried = [bind for bind in owned if bind.connects]
        if not tried or any(
            bind.session or bind.state is ConnectionState.CLOSING for bind in owned
        ):
            return 0.0
        began_s = min(bind.started_s for bind in tried)
        return time.monotonic() - max(began_s, *(bind.bound_until_s for bind in tried))

    async def set_owned_connections(self, numbers: Collection[int], within_s: float) -> None:
        """Keep these binds open and no others. The others are closed within `within_s`."""
        self._owned = frozenset(numbers)
        extra = [bind for bind in self._binds if not self._owns(bind) and bind.is_running]
        deadline = asyncio.get_running_loop().call_later(within_s, self._abort_unowned)
        try:
            async with self._changing:
                grace_s = min(within_s / 2, self._settings.response_timeout_s)
                await asyncio.gather(
                    *(bind.stop(grace_s) for bind in extra if not self._owns(bind))
                )
                self._start_unless_drained()
        finally:
            deadline.cancel()

    def _abort_unowned(self) -> None:
        for bind in self._binds:
            if bind.is_running and not self._owns(bind):
                bind.abort()

    def _owns(self, bind: BindConnection) -> bool:
        return self._owned is None or bind.number in self._owned

    # Start, pause and stop.

    async def start(self, events: CarrierEvents) -> None:
        self._events = events
        self._is_drained = False
        self._start_binds()

    async def close(self) -> None:
        self._is_drained = True
        await self._stop_binds(min(_CLOSE_GRACE_S, self._settings.response_timeout_s))

    def pause(self) -> None:
        self.is_paused = True
        self.on_state()

    def resume(self) -> None:
        self.is_paused = False
        if self._is_drained:
            self._is_drained = False
            if not self._changing.locked():  # otherwise the task with the lock starts them
                self._start_binds()
        self.on_state()

    async def drain(self) -> None:
        self._is_drained = True
        self.pause()
        async with self._changing:
            await self._stop_binds(_DRAIN_GRACE_S)
            self._start_unless_drained()

    async def reconfigure(self, settings: CarrierSettings) -> None:
        assert isinstance(settings, Settings), "a carrier keeps its type"
        async with self._changing:
            await self._stop_binds(_DRAIN_GRACE_S)
            self._apply_settings(settings)
            self._start_unless_drained()

    def _start_unless_drained(self) -> None:
        if self._events and not self._is_drained:
            self._start_binds()

    def _start_binds(self) -> None:
        for bind in self._binds:
            if self._owns(bind) and not bind.is_running:
                bind.start()

    async def _stop_binds(self, grace_s: float) -> None:
        await asyncio.gather(*(bind.stop(grace_s) for bind in self._binds))

    # Outbound.

    def send(self, part: OutboundPart, now_ms: int) -> Outcome | None:
        bind = self._least_loaded
        session = bind.session
        if session is None or not session.free_window:
            self._scan_windows()
            bind = self._least_loaded
            session = bind.session
        if session is None or self.is_paused:
            return _UNREACHABLE
        try:
            submit = self._builder.submit_sm(part, now_ms)
            session.send_request(submit, partial(self._on_response, bind, submit, part, now_ms))
        except FieldError as error:
            return Outcome(
                OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED, carrier_code=str(error)
            )
        except RequestError:
            return _UNREACHABLE
        bind.rate.take(time.monotonic())
        return None

    def _on_response(
        self,
        bind: BindConnection,
        submit: SubmitSm,
        part: OutboundPart,
        started_ms: int,
        result: Pdu | RequestError,
    ) -> None:
        self._note_exchange(part, submit, bind, result)
        if isinstance(result, RequestError):
            bind.on_response()
            outcome = _IN_DOUBT if result.written else _UNREACHABLE
            if result.written:
                self._unanswered.add(submit, part)
        else:
            if result.command_status or result.tlvs:
                self._note_status(bind, result)
            else:
                bind.on_response()
            outcome = self._statuses.outcome_of(result)
        if self._events:
            self._events.on_outcome(part, started_ms, outcome)

    def _note_status(self, bind: BindConnection, response: Pdu) -> None:
        """Slow down or rebind if the response asks for it."""
        status = response.command_status
        status_class = self._statuses.classify(status) if status else None
        bind.on_response(
            throttled=status_class is StatusClass.THROTTLE,
            congested=reports_congestion(response),
        )
        if status_class is StatusClass.BIND:
            bind.rebind(
                f"The response to a submit was {status_name(status)}. {status_meaning(status)}"
            )

    def _note_exchange(
        self, part: OutboundPart, request: Pdu, bind: BindConnection | None, result: object
    ) -> None:
        """Called for every part: one tuple, no text."""
        sequence = request.sequence_number
        self._recent.note(
            (part.message_id, part.number, part.attempt, sequence, bind, self._settings, result)
        )

    def show_exchange(
        self, part: OutboundPart, attempt: Attempt, *, has_text: bool
    ) -> CarrierExchange:
        """What an attempt sent and got; see `ports.exchanges.ExchangeCarrier`."""
        return show_exchange(self._recent, self._settings, part, attempt, has_text=has_text)

    # Reports of the binds.

    def on_state(self) -> None:
        self.is_open = not self.is_paused and any(bind.is_usable for bind in self._senders)
        self.on_capacity()

    def on_capacity(self) -> None:
        if self._events:
            self._events.on_capacity()

    def on_late_response(self, request: Pdu, response: Pdu) -> None:
        part = self._unanswered.pop(request)
        if part:
            self._note_exchange(part, request, None, response)
        if part and self._events:
            self._events.on_late_response(part, self._statuses.outcome_of(response))

    def on_request(self, session: Session, request: Pdu) -> None:
        if not isinstance(request, _INBOUND_PDUS):
            session.refuse(request, Status.ESME_RINVCMDID)
            return
        if self._events is None:
            session.refuse(request, Status.ESME_RX_T_APPN)
            return
        now_ms = self._clock_ms()
        if not is_receipt(request):
            self._inbox.receive(self._events, session, request, now_ms)
            return
        receipt = receipt_of(request, self.capabilities.name, now_ms)
        self._events.on_receipt(receipt, partial(_acknowledge, session, request))


def _acknowledge(session: Session, request: Pdu) -> None:
    session.respond(request, DeliverSmResp() if isinstance(request, DeliverSm) else DataSmResp())
