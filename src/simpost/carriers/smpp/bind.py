"""A bind: one SMPP connection to the SMSC, its state and its rate."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from simpost.carriers.rate_control import AdaptiveRate
from simpost.carriers.smpp.close_reasons import CLOSE_REASON_TEXT
from simpost.carriers.throttle_state import ThrottleState
from simpost.config import SmppCarrierSettings as Settings
from simpost.observe import RateLimitedLog, get_logger
from simpost.ports.carrier import ConnectionState, ConnectionStatus
from simpost.smpp import CloseReason, Outbind, Pdu, PduError, Session, SessionHandler

_REBIND_GRACE_S = 5.0
_REOPEN_WAIT_S = 1.0
"""After a healthy bind is lost, parts stay in the lane for this long before they return to the
store."""
_MANY_PDUS = 100
"""A bind that received this many PDUs was healthy, however short it lasted."""
_OPEN = (ConnectionState.READY, ConnectionState.THROTTLED)

log = get_logger(__name__)


class BindKind(StrEnum):
    """The direction of messages on a bind."""

    TRANSCEIVER = "transceiver"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"


class BindListener(Protocol):
    """What a bind reports to its carrier."""

    def on_state(self) -> None:
        """Called after the state of a bind changed."""

    def on_capacity(self) -> None:
        """Called when there may be capacity again."""

    def on_request(self, session: Session, request: Pdu) -> None:
        """Called for a request of the SMSC."""

    def on_late_response(self, request: Pdu, response: Pdu) -> None:
        """Called for a response that came after the timeout of its request."""


class BindConnection(SessionHandler):
    """One bind. The task of `keep` opens it, and opens it again when it is lost.

    Times are of the monotonic clock, in seconds.

    Attributes:
        number: from 1; a transmitter and its receiver have the same number.
        problem: a sentence that says why it is not open or slower; empty otherwise.
        is_at_fault: whether a response blamed the bind; until it is opened again.
        was_healthy: whether the last session was; see `counts_as_healthy`.
        on_outbind: called when the SMSC sends an outbind.
        limited_log: for events that the peer can cause as often as it likes.
        connects: whether we open the connection; false if the SMSC does, for outbind.
        started_s: time of the last `start`.
        bound_until_s: end of the last session; 0 if there was none.
    """

    def __init__(
        self,
        kind: BindKind,
        number: int,
        settings: Settings,
        listener: BindListener,
        keep: Keep,
        *,
        connects: bool = True,
    ) -> None:
        self.kind = kind
        self.number = number
        self.settings = settings
        self.state = ConnectionState.STARTING
        self.problem = ""
        self.is_at_fault = False
        self.was_healthy = False
        self.rate = AdaptiveRate(settings.rate_per_s, time.monotonic())
        self.on_outbind: Callable[[Session, Outbind], None] | None = None
        self.connects = connects
        self.started_s = 0.0
        self.bound_until_s = 0.0
        self.limited_log = RateLimitedLog(log, settings.name)
        self._listener = listener
        self._keep = keep
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._rebinding: asyncio.Task[None] | None = None
        self._all_answered = asyncio.Event()
        self._throttle = ThrottleState(self.rate, self._on_recovery)
        self._is_waiting_for_rate = False
        self._last_pdu_ms: int | None = None
        self._bound_s = 0.0
        self._reopen_timer: asyncio.TimerHandle | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    # Called by the carrier.

    @property
    def session(self) -> Session | None:
        """The session if parts may be sent on it; otherwise `None`."""
        return self._session if self.state in _OPEN else None

    @property
    def is_usable(self) -> bool:
        """Whether parts may wait for it: it can send, or is likely to in a moment."""
        return self.session is not None or self._reopen_timer is not None

    @property
    def free_window(self) -> int:
        """How many parts it takes now; reports capacity when the rate allows a part again."""
        if self._session is None or self.state not in _OPEN:
            return 0
        free = self._session.free_window
        if free and self.rate.is_limited and (wait_s := self.rate.wait_s(time.monotonic())):
            self._wait_for_rate(wait_s)
            return 0
        return free

    def start(self) -> None:
        """Open the bind and keep it open until `stop`."""
        self.started_s = time.monotonic()
        self._enter(ConnectionState.STARTING)
        self._task = asyncio.create_task(
            self._keep(self), name=f"smpp {self.settings.name} {self.kind}"
        )

    async def stop(self, grace_s: float) -> None:
        """Send nothing more, wait up to `grace_s` for responses, unbind, disconnect."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._cancel_reopen_timer()
        await self._unbind(grace_s)
        self.problem = ""
        self._enter(ConnectionState.CLOSING)
        self._task = None

    @property
    def is_running(self) -> bool:
        """True from `start` until `stop` is done."""
        return self._task is not None

    def abort(self) -> None:
        """Close the connection at once. Unanswered parts are in doubt."""
        if self._task:
            self._task.cancel()
        if self._session:
            self._session.abort()

    def rebind(self, problem: str) -> None:
        """Unbind, so that the task binds again: a response blamed the bind."""
        self.is_at_fault = True
        self.problem = problem
        if self._rebinding is None or self._rebinding.done():
            log.warning("bind_failed", carrier=self.settings.name, problem=problem)
            self._rebinding = asyncio.create_task(self._unbind(_REBIND_GRACE_S))

    def on_response(self, *, throttled: bool = False, congested: bool = False) -> None:
        """Note the end of a submit, with or without a response; see `AdaptiveRate.on_response`."""
        now_s = time.monotonic()
        self.rate.on_response(now_s, throttled=throttled, congested=congested)
        if throttled or congested:
            self._throttle.note(now_s)
            if self.state is ConnectionState.READY:
                self.problem = "The SMSC asked us to send more slowly."
                self._enter(ConnectionState.THROTTLED)
        if not self.rate.in_flight and self.state is ConnectionState.CLOSING:
            self._all_answered.set()

    def status(self, position: int) -> ConnectionStatus:
        """Return the present status. `position`: place among the connections of the carrier."""
        session = self._session
        sends = self.kind is not BindKind.RECEIVER
        return ConnectionStatus(
            number=position,
            kind=self.kind,
            state=self.state,
            peer=session.peer if session else "",
            problem=self.problem,
            max_unanswered=self.settings.window if sends else 0,
            unanswered=self.rate.in_flight,
            allowed_per_s=self.rate.allowed_per_s,
            rate_per_s=self.rate.measured_per_s(time.monotonic()),
            last_heard_ms=_heard_ms(session) if session else self._last_pdu_ms,
        )

    # Called by the task that keeps it open.

    def begin(self) -> None:
        """Start an attempt to bind."""
        self.is_at_fault = False
        self._enter(ConnectionState.CONNECTING)

    def wait_for_outbind(self, problem: str) -> None:
        """Wait until the SMSC connects. Administrators see `problem` as the reason."""
        self.problem = problem
        self._listener.on_state()

    def lost(self, problem: str) -> None:
        """The connection was lost, or the attempt failed; parts do not wait for it any more."""
        self._cancel_reopen_timer()
        self._lose(problem)

    def _lose(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("bind_lost", carrier=self.settings.name, kind=self.kind, problem=problem)
        self.problem = problem
        self._session = None
        self._enter(ConnectionState.LOST)

    # Called by the session.

    def on_bound(self, session: Session) -> None:
        if self.state is ConnectionState.CLOSING:
            session.close()
            return
        log.info("bound", carrier=self.settings.name, kind=self.kind, peer=session.peer)
        self._session = session
        self._bound_s = time.monotonic()
        self._cancel_reopen_timer()
        self.problem = ""
        self._enter(ConnectionState.THROTTLED if self.rate.is_slowed else ConnectionState.READY)

    def on_window_free(self, session: Session) -> None:
        self._listener.on_capacity()

    def on_request(self, session: Session, request: Pdu) -> None:
        if isinstance(request, Outbind):
            if self.on_outbind:
                self.on_outbind(session, request)
        else:
            self._listener.on_request(session, request)

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        self.limited_log.warning("late_response", status=response.command_status)
        self._listener.on_late_response(request, response)

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        self.limited_log.warning("unexpected_response")

    def on_tolerated(self, session: Session, what: str) -> None:
        self.limited_log.warning("protocol_deviation", what=what)

    def on_malformed(self, session: Session, error: PduError) -> None:
        self.limited_log.warning("malformed_pdu", problem=str(error))

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        if session is not self._session:
            return
        self._last_pdu_ms = _heard_ms(session)
        self._session = None
        heard = session.pdus_in - 1  # without the response to the bind
        self.bound_until_s = time.monotonic()
        lasted = self.bound_until_s - self._bound_s >= self.settings.reconnect_min_s
        self.was_healthy = counts_as_healthy(heard, lasted=lasted) and not self.is_at_fault
        if self.is_at_fault:
            self.lost(self.problem)
        elif self.state in _OPEN:
            if self.was_healthy:
                self._start_reopen_timer()
            self._lose(CLOSE_REASON_TEXT[reason])

    async def _unbind(self, grace_s: float) -> None:
        session = self._session
        if session is None:
            return
        self._enter(ConnectionState.CLOSING)
        if self.rate.in_flight:
            self._all_answered.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._all_answered.wait()
        await session.unbind()

    def _enter(self, state: ConnectionState) -> None:
        if state is not self.state:
            self.state = state
            self._listener.on_state()

    def _start_reopen_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._reopen_timer = loop.call_later(_REOPEN_WAIT_S, self._on_reopen_timer)

    def _on_reopen_timer(self) -> None:
        self._reopen_timer = None
        self._listener.on_state()

    def _cancel_reopen_timer(self) -> None:
        if self._reopen_timer:
            self._reopen_timer.cancel()
            self._reopen_timer = None

    def _wait_for_rate(self, wait_s: float) -> None:
        if not self._is_waiting_for_rate:
            self._is_waiting_for_rate = True
            asyncio.get_running_loop().call_later(wait_s, self._on_rate)

    def _on_rate(self) -> None:
        self._is_waiting_for_rate = False
        self._listener.on_capacity()

    def _on_recovery(self) -> None:
        if self.state is ConnectionState.THROTTLED:
            self.problem = ""
            self._enter(ConnectionState.READY)


Keep: TypeAlias = Callable[[BindConnection], Coroutine[Any, Any, None]]
"""A task that keeps a bind open until it is cancelled."""


def counts_as_healthy(heard: int, *, lasted: bool) -> bool:
    """Whether a bind that ended is opened again at once: it received many PDUs, or lasted.

    An SMSC that accepts a part or two and disconnects is tried after longer and longer delays.
    """
    return heard >= _MANY_PDUS or (heard > 0 and lasted)


def _heard_ms(session: Session) -> int:
    """Return when the last octets arrived, in milliseconds since the epoch."""
    silence_s = asyncio.get_running_loop().time() - session.last_received
    return time.time_ns() // 1_000_000 - int(1000 * silence_s)
