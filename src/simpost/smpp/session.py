"""One SMPP session, either end of it, over any asyncio transport.

Requests are registered in the window before they are written; an outlet gathers what is written;
one timer watches everything. A request of the peer is answered when the handler says so.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final, Protocol, cast

from simpost.smpp.codec import encode
from simpost.smpp.command import RESPONSE_BIT, CommandId, command_name
from simpost.smpp.errors import (
    FatalPduError,
    NotAllowed,
    PduError,
    RequestError,
    ResponseTimeout,
    SessionClosed,
    WindowFull,
)
from simpost.smpp.framer import Framer
from simpost.smpp.handler import SessionHandler
from simpost.smpp.pdu import (
    PDU_CLASSES,
    Bind,
    BindResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    Unbind,
    UnbindResp,
    UnknownPdu,
)
from simpost.smpp.pdu_writer import PduWriter
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import BOUND_BY, CloseReason, Role, SessionState, allowed_requests
from simpost.smpp.status import Status
from simpost.smpp.timers import SessionTimers, TimerAction
from simpost.smpp.tlv import Tag, int_tlv
from simpost.smpp.version import SMPP_3_4, negotiated_version, response_version
from simpost.smpp.window import RequestCallback, UnansweredRequest, Window

# Sent also when the window is full, and not counted as activity.
_CONTROL: Final = frozenset({CommandId.ENQUIRE_LINK, CommandId.UNBIND, *BOUND_BY})
MAX_PDUS_PER_TURN: Final = 100
"""PDUs of one peer that are worked through before the event loop goes on with others."""
_ENQUIRE_LINK: Final = int(CommandId.ENQUIRE_LINK)
_UNBIND: Final = int(CommandId.UNBIND)


class SessionHost(Protocol):
    """The message centre that a session belongs to."""

    def session_opened(self, session: Session) -> None:
        """A connection came about."""

    def bind_requested(self, session: Session, bind: Bind) -> None:
        """Answer with `session.accept_bind` or `session.reject_bind`, now or later."""


class Session(asyncio.Protocol):
    """A session in one of the standard's states (SMPP 3.4 2.2).

    Attributes:
        role: which end we are.
        state: the standard's session state.
        peer: the other end's address, for people.
        bind: the bind that was accepted, None before.
        interface_version: what both ends speak, from the bind on.
        pdus_in, pdus_out: counted since the connection opened.
        closed: done, with the reason, when the connection is gone.
    """

    def __init__(
        self,
        role: Role,
        handler: SessionHandler,
        settings: SessionSettings,
        host: SessionHost | None = None,
    ) -> None:
        self.role = role
        self.settings = settings
        self.peer = ""
        self.bind: Bind | None = None
        self.interface_version = SMPP_3_4
        self.pdus_in = 0
        self._handler = handler
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._writer = PduWriter(settings.max_unread_octets)
        self._framer = Framer(settings.max_pdu_octets)
        self._window = Window(settings.max_late)
        self._unacked: dict[int, Pdu] = {}
        self._pending_bind: Bind | None = None
        self._had_no_room = False
        self._unbinding = False
        self._unbind_reason = CloseReason.UNBOUND_BY_US
        self._watch = SessionTimers(settings)
        self._timer: asyncio.TimerHandle | None = None
        self._close_reason: CloseReason | None = None
        self._is_lost = False
        self._lost_by: Exception | None = None
        self.closed: asyncio.Future[CloseReason] = self._loop.create_future()
        self._enter(SessionState.OPEN)

    # What the user of a session calls.

    @property
    def free_window(self) -> int:
        """How many requests may be made now; 0 unless bound, writable and not ending."""
        return max(0, self.settings.window - len(self._window.unanswered)) if self._is_taking else 0

    @property
    def pdus_out(self) -> int:
        """PDUs written since the connection opened."""
        return self._writer.pdus

    @property
    def last_received(self) -> float:
        """When octets last came, in seconds of the event loop's clock."""
        return self._watch.last_received

    @property
    def unanswered(self) -> int:
        """Requests of ours without a response yet."""
        return len(self._window.unanswered)

    @property
    def unacked(self) -> int:
        """Requests of the peer that the handler has not answered yet."""
        return len(self._unacked)

    def request(self, pdu: Pdu) -> asyncio.Future[Pdu]:
        """Register, write, and promise the response, whatever its command_status.

        As `send_request`, with a future for a callback.
        """
        future: asyncio.Future[Pdu] = self._loop.create_future()
        self.send_request(pdu, partial(_fulfil, future))
        return future

    def send_request(self, pdu: Pdu, ended: RequestCallback) -> None:
        """Register and write; `ended` is called from the event loop, in the order of answers.

        Sets `pdu.sequence_number`. Raises `NotAllowed`, `WindowFull`, `SessionClosed` or
        `FieldError` at once when nothing left; afterwards `ended` is given a response, whatever
        its command_status, or `ResponseTimeout` or `SessionClosed`, each
        saying what was written. It must not raise.
        """
        command_id = pdu.command_id
        if command_id not in self._we_may or pdu.response is None:
            raise self._why_not(pdu)
        room = self.free_window
        if room == 0 and command_id not in _CONTROL:
            self._had_no_room = True
            raise WindowFull
        window, outlet = self._window, self._writer
        sequence = pdu.sequence_number = window.next_sequence()
        if pdu.tlvs:
            self._suit_old_peer(pdu)
        octets = encode(pdu)
        window.unanswered[sequence] = UnansweredRequest(pdu, ended, self._loop.time(), outlet.turn)
        if room == 1:
            self._had_no_room = True
        outlet.write(octets)

    def notify(self, pdu: Pdu) -> None:
        """Write a request the standard has no response for: outbind, alert_notification."""
        if pdu.command_id not in self._we_may or pdu.response is not None:
            raise self._why_not(pdu)
        pdu.sequence_number = self._window.next_sequence()
        self._writer.write(encode(pdu))
        if pdu.command_id == CommandId.OUTBIND:
            self._enter(SessionState.OUTBOUND)

    def respond(self, request: Pdu, response: Pdu) -> bool:
        """Answer a request of the peer; False when it was answered before or the session ended."""
        if self._unacked.pop(id(request), None) is None or self._close_reason is not None:
            return False
        response.sequence_number = request.sequence_number
        if response.tlvs:
            self._suit_old_peer(response)
        self._writer.write(encode(response))
        return True

    def refuse(self, request: Pdu, status: int) -> bool:
        """Answer a request of the peer with an error status and nothing else."""
        return self.respond(request, _error_response(request, status))

    def accept_bind(self, bind: Bind, system_id: str = "") -> None:
        """Message centre: answer the bind with success; the session is bound."""
        if bind is not self._pending_bind or self._close_reason is not None:
            return
        self._pending_bind = None
        response = PDU_CLASSES[bind.command_id | RESPONSE_BIT]()
        cast("BindResp", response).system_id = system_id
        response.sequence_number = bind.sequence_number
        ours = self.settings.interface_version
        if (version := response_version(bind.interface_version, ours)) is not None:
            response.tlvs = (int_tlv(Tag.SC_INTERFACE_VERSION, version, 1),)
        self._writer.write(encode(response))
        self.interface_version = negotiated_version(bind.interface_version, ours)
        self._become_bound(bind)

    def reject_bind(self, bind: Bind, status: int) -> None:
        """Message centre: answer the bind with an error and close."""
        if bind is not self._pending_bind or self._close_reason is not None:
            return
        self._pending_bind = None
        self._write_error(bind, status)
        self.close(CloseReason.BIND_REFUSED)

    async def unbind(self) -> CloseReason:
        """Unbind, close, and wait until the connection is gone; each step within its bound."""
        if self.state.is_bound and not self._unbinding and self._close_reason is None:
            self._start_unbind(CloseReason.UNBOUND_BY_US)
        elif not self._unbinding:
            self.close(CloseReason.CLOSED_BY_US)
        return await self.wait_closed()

    def close(self, reason: CloseReason = CloseReason.CLOSED_BY_US) -> None:
        """Close without unbinding once what is written has left; within `unbind_timeout_s`."""
        if self._close_reason is not None:
            return
        self._writer.flush()
        self._close_reason = reason
        self._enter(SessionState.UNBOUND)
        if self._writer.transport is not None:
            self._writer.transport.close()
            self._watch.abort_at = self._loop.time() + self.settings.unbind_timeout_s
            self._set_timer()

    def abort(self, reason: CloseReason = CloseReason.CLOSED_BY_US) -> None:
        """Cut the connection now; what was not sent yet is dropped."""
        if self._writer.transport is None:
            return
        self._close_reason = self._close_reason or reason
        self._enter(SessionState.UNBOUND)
        self._writer.transport.abort()
        self._watch.abort_at = self._loop.time() + self.settings.unbind_timeout_s

    async def wait_closed(self) -> CloseReason:
        """Until the connection is gone."""
        return await asyncio.shield(self.closed)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio with the transport of a new connection."""
        self._writer.transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self.peer = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
        self._watch.opened(self._loop.time())
        self._set_timer()
        if self._host is not None:
            self._host.session_opened(self)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with octets of the peer."""
        self._watch.last_received = self._loop.time()
        self._process(data)

    def _process(self, data: bytes) -> None:
        """What the peer sent, as far as one turn of the loop may take."""
        self._writer.is_reading = True
        for found in self._framer.feed(data, MAX_PDUS_PER_TURN):
            if self._close_reason is not None:
                break
            self.pdus_in += 1
            if isinstance(found, PduError):
                self._on_malformed(found)
                continue
            if found.tlvs and found.unreadable:
                self._tolerate(found, f"{len(found.unreadable)} octets cannot be read")
            if found.command_id & RESPONSE_BIT:
                self._on_response(found)
            else:
                self._on_request(found)
        if self._had_no_room:
            self._tell_room()
        self._writer.is_reading = False
        self._writer.flush()
        if self._framer.more and not self._writer.has_backlog:
            self._writer.fall_behind()
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._close_reason is None:
            self._process(b"")
            if self._framer.more:
                self._loop.call_soon(self._go_on)
                return
        self._writer.catch_up()
        if self._is_lost:
            self._end(self._lost_by)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio when the connection is gone."""
        self._writer.transport = None
        if self._writer.has_backlog:  # what it sent before counts, answers most of all
            self._is_lost, self._lost_by = True, exc
            self.pause_writing()
        else:
            self._end(exc)

    def _end(self, exc: Exception | None) -> None:
        reason = self._close_reason or self._reason_of_loss(exc)
        self._close_reason = reason
        self._enter(SessionState.CLOSED)
        if self._timer is not None:
            self._timer.cancel()
        self._unacked.clear()
        abandoned = self._window.drain()
        if not self.closed.done():
            self.closed.set_result(reason)
        self._handler.on_closed(self, reason)
        for waiting in abandoned:
            waiting.callback(SessionClosed(reason, written=waiting.turn < self._writer.turn))

    def _reason_of_loss(self, exc: Exception | None) -> CloseReason:
        if self._unbinding:  # some peers close instead of answering the unbind
            return self._unbind_reason
        return CloseReason.CLOSED_BY_PEER if exc is None else CloseReason.CONNECTION_LOST

    def pause_writing(self) -> None:
        """Called by asyncio when the peer reads too slowly: no more requests are taken."""
        self._writer.is_writable = False
        self._had_no_room = True
        self._refresh()

    def resume_writing(self) -> None:
        """Called by asyncio when the peer has caught up."""
        self._writer.resume()
        self._refresh()
        self._tell_room()

    # Coming in.

    def _on_response(self, response: Pdu) -> None:
        command_id = response.command_id
        waiting = self._window.match(response.sequence_number, command_id)
        if waiting is None:
            request = self._window.match_late(response.sequence_number, command_id)
            if request is None:
                self._handler.on_unexpected_response(self, response)
            else:
                self._handler.on_late_response(self, request, response)
            return
        if waiting.request.command_id in _CONTROL:
            self._on_control_response(waiting.request, response)
        else:
            self._watch.last_active = self._watch.last_received
        waiting.callback(response)

    def _on_control_response(self, request: Pdu, response: Pdu) -> None:
        if request.command_id not in BOUND_BY:
            self._on_link_answered(request)
        elif response.command_status == 0 and response.command_id != CommandId.GENERIC_NACK:
            bind = cast("Bind", request)
            if response.command_id != request.command_id | RESPONSE_BIT:
                self._tolerate(response, f"it answers {command_name(request.command_id)}")
            version = response.tlv(Tag.SC_INTERFACE_VERSION)
            answered = int.from_bytes(version, "big") if version else None
            self.interface_version = negotiated_version(bind.interface_version, answered)
            self._become_bound(bind)

    def _on_link_answered(self, request: Pdu) -> None:
        """The peer lives, or lets us go, in whatever words it says so."""
        if request.command_id == CommandId.ENQUIRE_LINK:
            self._watch.enquiring = False
        elif request.command_id == CommandId.UNBIND:
            self.close(self._unbind_reason)

    def _on_request(self, request: Pdu) -> None:
        command_id = request.command_id
        if command_id == _ENQUIRE_LINK:  # also before the bind, as SMPP 5.0 2.4 allows
            response = EnquireLinkResp(0, request.sequence_number)
            self._writer.write(encode(response))
            return
        self._watch.last_active = self._watch.last_received
        if command_id not in self._peer_may:
            self._refuse_misplaced(request)
        elif command_id == _UNBIND:
            self._writer.write(encode(UnbindResp(0, request.sequence_number)))
            self.close(CloseReason.UNBOUND_BY_PEER)
        elif command_id in BOUND_BY:
            self._on_bind(cast("Bind", request))
        elif request.response is None:
            if command_id == CommandId.OUTBIND:
                self._enter(SessionState.OUTBOUND)
            self._handler.on_request(self, request)
        elif len(self._unacked) >= self.settings.max_unacked:
            self._write_error(request, Status.ESME_RMSGQFUL)
        else:
            self._unacked[id(request)] = request
            self._handler.on_request(self, request)

    def _on_bind(self, bind: Bind) -> None:
        if self._host is None:
            self._write_error(bind, Status.ESME_RBINDFAIL)
        elif self._pending_bind is not None:
            self._write_error(bind, Status.ESME_RALYBND)
        else:
            self._pending_bind = bind
            self._host.bind_requested(self, bind)

    def _refuse_misplaced(self, request: Pdu) -> None:
        if isinstance(request, UnknownPdu):
            status = Status.ESME_RINVCMDID
        elif request.command_id in BOUND_BY and self.role is Role.SMSC and self.state.is_bound:
            status = Status.ESME_RALYBND
        else:
            status = Status.ESME_RINVBNDSTS
        self._write_error(request, status)

    def _on_malformed(self, error: PduError) -> None:
        if isinstance(error, FatalPduError):
            self._writer.write(encode(GenericNack(error.status, error.sequence_number)))
            self._handler.on_malformed(self, error)
            self.close(CloseReason.PROTOCOL_ERROR)
            return
        request = PDU_CLASSES[error.command_id](0, error.sequence_number)
        self._write_error(request, error.status)
        self._handler.on_malformed(self, error)

    # Going out.

    def _why_not(self, pdu: Pdu) -> NotAllowed | SessionClosed:
        if self._close_reason is not None:
            return SessionClosed(self._close_reason, written=False)
        step = "while unbinding" if self._unbinding else f"in {self.state}"
        answer = "without" if pdu.response is None else "with"
        command = f"{command_name(pdu.command_id)} ({answer} a response)"
        return NotAllowed(f"{command} as {self.role.value} {step}")

    def _suit_old_peer(self, pdu: Pdu) -> None:
        """A message centre sends no TLVs to an ESME older than SMPP 3.4 (SMPP 5.0 2.8)."""
        if self.role is Role.SMSC and self.interface_version < SMPP_3_4:
            pdu.tlvs = ()

    def _tolerate(self, pdu: Pdu, what: str) -> None:
        self._handler.on_tolerated(self, f"{command_name(pdu.command_id)}: {what}")

    def _write_error(self, request: Pdu, status: int) -> None:
        self._writer.write(encode(_error_response(request, status)))

    def _tell_room(self) -> None:
        if self.free_window > 0:
            self._had_no_room = False
            self._handler.on_window_free(self)

    # States and time.

    def _enter(self, state: SessionState) -> None:
        self.state = state
        self._we_may = allowed_requests(self.role, state)
        self._peer_may = allowed_requests(self.role.peer, state)
        self._refresh()

    def _refresh(self) -> None:
        """Whether there is room at all, asked for every request."""
        self._is_taking = self.state.is_bound and self._writer.is_writable and not self._unbinding

    def _become_bound(self, bind: Bind) -> None:
        self.bind = bind
        self._enter(BOUND_BY[bind.command_id])
        self._watch.bound(self._loop.time())
        self._set_timer()
        self._handler.on_bound(self)

    def _start_unbind(self, reason: CloseReason) -> None:
        self.send_request(Unbind(), _forget)
        self._unbinding = True
        self._we_may = frozenset()
        self._refresh()
        self._unbind_reason = reason
        self._watch.unbind_by = self._loop.time() + self.settings.unbind_timeout_s
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        at = self._watch.wake_at(self._loop.time(), self._window.oldest_sent_at())
        self._timer = self._loop.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        now = self._loop.time()
        self._give_up(now - self.settings.response_timeout_s)
        due = self._watch.due(now)
        if due is TimerAction.ENQUIRE:
            self._watch.enquiring = True
            self.send_request(EnquireLink(), _forget)
        elif due is TimerAction.INACTIVE:
            self._start_unbind(CloseReason.INACTIVE)
        elif due is TimerAction.BIND_TIMEOUT:
            self.close(CloseReason.BIND_TIMEOUT)
        elif due is TimerAction.UNBIND_TIMEOUT:
            self.close(CloseReason.UNBIND_TIMEOUT)
        elif due is TimerAction.ABORT:
            self.abort()
        if self.state is not SessionState.CLOSED:
            self._set_timer()

    def _give_up(self, since: float) -> None:
        """Hand back what waits since `since` or longer."""
        for waiting in self._window.expire(since):
            if waiting.request.command_id == CommandId.ENQUIRE_LINK:
                self._watch.enquiring = False
                if self._watch.last_received < waiting.sent_at:  # nothing else came either
                    self.abort(CloseReason.ENQUIRE_LINK_TIMEOUT)
            waiting.callback(ResponseTimeout(written=waiting.turn < self._writer.turn))
        if self._had_no_room:
            self._tell_room()


def _error_response(request: Pdu, status: int) -> Pdu:
    """Its own response with a status; generic_nack where the standard has none."""
    response = request.response or GenericNack
    return response(status, request.sequence_number)


def _fulfil(future: asyncio.Future[Pdu], end: Pdu | RequestError) -> None:
    if future.done():  # its user went away
        return
    if isinstance(end, RequestError):
        future.set_exception(end)
    else:
        future.set_result(end)


def _forget(_: Pdu | RequestError) -> None:
    """What the session asks for itself it hears of in its own way."""
