"""A bind: one connection to the message centre, its state and its rate."""

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
_BACK_SOON_S = 1.0
"""So long parts wait for a link that was of use before they go back to the store."""
_MUCH = 100
"""A link that brought so many PDUs was of use, however short it lasted."""
_OPEN = (ConnectionState.READY, ConnectionState.THROTTLED)

log = get_logger(__name__)


class BindKind(StrEnum):
    """Which way messages go over a bind."""

    TRANSCEIVER = "transceiver"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"


class BindListener(Protocol):
    """What a bind reports to its carrier."""

    def on_state(self) -> None:
        """The state of a bind has changed."""

    def on_capacity(self) -> None:
        """There may be capacity again."""

    def on_request(self, session: Session, request: Pdu) -> None:
        """The message centre sent a request."""

    def on_late_response(self, request: Pdu, response: Pdu) -> None:
        """The response to a request whose time limit passed."""


class BindConnection(SessionHandler):
    """One bind. The task of `keep` binds it, and binds it again when it is lost.

    Attributes:
        number: of the bind it belongs to, from 1; the two links of a pair have the same.
        problem: why it is not bound, or slowed, in a sentence.
        is_at_fault: an answer said that the bind is not right; until it is bound again.
        was_healthy: whether the last link was: see `counts_as_healthy`.
        on_outbind: what to do when the message centre asks us to bind.
        noted: for binds that the peer can cause at will.
        dials: whether we call; false where the message centre calls us, when it likes.
        started_s: when it was last started, of the monotonic clock.
        bound_until_s: until when it was bound last; 0: never.
    """

    def __init__(
        self,
        kind: BindKind,
        number: int,
        settings: Settings,
        listener: BindListener,
        keep: Keep,
        *,
        dials: bool = True,
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
        self.dials = dials
        self.started_s = 0.0
        self.bound_until_s = 0.0
        self.noted = RateLimitedLog(log, settings.name)
        self._listener = listener
        self._keep = keep
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._rebinding: asyncio.Task[None] | None = None
        self._all_answered = asyncio.Event()
        self._throttle = ThrottleState(self.rate, self._recovered)
        self._is_waiting_for_rate = False
        self._last_pdu_ms: int | None = None
        self._bound_s = 0.0
        self._back_soon: asyncio.TimerHandle | None = None

    # What the carrier calls.

    @property
    def session(self) -> Session | None:
        """The session, while something may be sent on it."""
        return self._session if self.state in _OPEN else None

    @property
    def is_usable(self) -> bool:
        """Whether parts may wait for it: something may be sent, or a moment from now."""
        return self.session is not None or self._back_soon is not None

    @property
    def free_window(self) -> int:
        """How many parts it takes now; calls `on_room` when the rate allows one again."""
        if self._session is None or self.state not in _OPEN:
            return 0
        room = self._session.room
        if room and self.rate.is_limited and (wait_s := self.rate.wait_s(time.monotonic())):
            self._wait_for_rate(wait_s)
            return 0
        return room

    def start(self) -> None:
        self.started_s = time.monotonic()
        self._enter(ConnectionState.STARTING)
        self._task = asyncio.create_task(
            self._keep(self), name=f"smpp {self.settings.name} {self.kind}"
        )

    async def stop(self, grace_s: float) -> None:
        """Send nothing more, wait so long for answers, unbind, close."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._stop_waiting()
        await self._end(grace_s)
        self.problem = ""
        self._enter(ConnectionState.CLOSING)
        self._task = None

    @property
    def is_running(self) -> bool:
        """From `start` until `stop` is done."""
        return self._task is not None

    def abort(self) -> None:
        """Let go of the connection at once, whatever waits for an answer."""
        if self._task:
            self._task.cancel()
        if self._session:
            self._session.abort()

    def rebind(self, problem: str) -> None:
        """Unbind, so that the task binds anew: an answer said that the bind is not right."""
        self.is_at_fault = True
        self.problem = problem
        if self._rebinding is None or self._rebinding.done():
            log.warning("bind_failed", carrier=self.settings.name, problem=problem)
            self._rebinding = asyncio.create_task(self._end(_REBIND_GRACE_S))

    def on_response(self, *, throttled: bool = False, congested: bool = False) -> None:
        """A submit ended, answered or not; see `AdaptiveRate.on_response`."""
        now_s = time.monotonic()
        self.rate.on_response(now_s, throttled=throttled, congested=congested)
        if throttled or congested:
            self._throttle.note(now_s)
            if self.state is ConnectionState.READY:
                self.problem = "The message centre asks us to send more slowly."
                self._enter(ConnectionState.THROTTLED)
        if self.state is ConnectionState.CLOSING and not self.rate.in_flight:
            self._all_answered.set()

    def status(self, position: int) -> ConnectionStatus:
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

    # What the task that keeps it bound calls.

    def binding(self) -> None:
        self.is_at_fault = False
        self._enter(ConnectionState.CONNECTING)

    def waits(self, problem: str) -> None:
        """Nothing to do until the message centre does something."""
        self.problem = problem
        self._listener.on_state()

    def lost(self, problem: str) -> None:
        self._stop_waiting()
        self._lose(problem)

    def _lose(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("bind_lost", carrier=self.settings.name, kind=self.kind, problem=problem)
        self.problem = problem
        self._session = None
        self._enter(ConnectionState.LOST)

    # What the session says.

    def on_bound(self, session: Session) -> None:
        if self.state is ConnectionState.CLOSING:
            session.close()
            return
        log.info("bound", carrier=self.settings.name, kind=self.kind, peer=session.peer)
        self._session = session
        self._bound_s = time.monotonic()
        self._stop_waiting()
        self.problem = ""
        self._enter(ConnectionState.THROTTLED if self.rate.is_slowed else ConnectionState.READY)

    def on_room(self, session: Session) -> None:
        self._listener.on_capacity()

    def on_request(self, session: Session, request: Pdu) -> None:
        if isinstance(request, Outbind):
            if self.on_outbind:
                self.on_outbind(session, request)
        else:
            self._listener.on_request(session, request)

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        self.noted.warning("late_response", status=response.command_status)
        self._listener.on_late_response(request, response)

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        self.noted.warning("unexpected_response")

    def on_tolerated(self, session: Session, what: str) -> None:
        self.noted.warning("protocol_deviation", what=what)

    def on_malformed(self, session: Session, error: PduError) -> None:
        self.noted.warning("malformed_pdu", problem=str(error))

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        if session is not self._session:
            return
        self._last_pdu_ms = _heard_ms(session)
        self._session = None
        heard = session.pdus_in - 1  # without the answer to the bind
        self.bound_until_s = time.monotonic()
        lasted = self.bound_until_s - self._bound_s >= self.settings.reconnect_min_s
        self.was_healthy = counts_as_healthy(heard, lasted=lasted) and not self.is_at_fault
        if self.is_at_fault:
            self.lost(self.problem)
        elif self.state in _OPEN:
            if self.was_healthy:
                self._wait_for_it()
            self._lose(CLOSE_REASON_TEXT[reason])

    # Its own.

    async def _end(self, grace_s: float) -> None:
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

    def _wait_for_it(self) -> None:
        loop = asyncio.get_running_loop()
        self._back_soon = loop.call_later(_BACK_SOON_S, self._did_not_come)

    def _did_not_come(self) -> None:
        self._back_soon = None
        self._listener.on_state()

    def _stop_waiting(self) -> None:
        if self._back_soon:
            self._back_soon.cancel()
            self._back_soon = None

    def _wait_for_rate(self, wait_s: float) -> None:
        if not self._is_waiting_for_rate:
            self._is_waiting_for_rate = True
            asyncio.get_running_loop().call_later(wait_s, self._rate_allows)

    def _rate_allows(self) -> None:
        self._is_waiting_for_rate = False
        self._listener.on_capacity()

    def _recovered(self) -> None:
        if self.state is ConnectionState.THROTTLED:
            self.problem = ""
            self._enter(ConnectionState.READY)


Keep: TypeAlias = Callable[[BindConnection], Coroutine[Any, Any, None]]
"""A task that keeps a bind bound until it is cancelled."""


def counts_as_healthy(heard: int, *, lasted: bool) -> bool:
    """Whether a bind that ended is opened again at once: it brought many PDUs, or lasted.

    One that takes a part or two and hangs up is opened again after ever longer waits.
    """
    return heard >= _MUCH or (heard > 0 and lasted)


def _heard_ms(session: Session) -> int:
    """When the peer was last heard, on the wall clock."""
    silence_s = asyncio.get_running_loop().time() - session.last_received
    return time.time_ns() // 1_000_000 - int(1000 * silence_s)
