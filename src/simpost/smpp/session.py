"""What either end of a bound connection can do: send requests, respond, bind and unbind.

Input is in `session_protocol`, which subclasses `Session`.
"""

from __future__ import annotations

import asyncio
from functools import partial

from simpost.smpp.codec import encode
from simpost.smpp.command import CommandId, command_name
from simpost.smpp.errors import (
    NotAllowed,
    ResponseTimeout,
    SessionClosed,
    WindowFull,
)
from simpost.smpp.handler import SessionHandler
from simpost.smpp.pdu import Bind, EnquireLink, Pdu, Unbind
from simpost.smpp.pdu_writer import PduWriter
from simpost.smpp.responses import bind_response, error_response
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import (
    BOUND_BY,
    CONTROL_REQUESTS,
    CloseReason,
    Role,
    SessionState,
    allowed_requests,
)
from simpost.smpp.timers import SessionTimers, TimerAction
from simpost.smpp.version import SMPP_3_4, negotiated_version
from simpost.smpp.window import (
    ResultCallback,
    UnansweredRequest,
    Window,
    ignore_result,
    resolve,
)


class Session:
    """One SMPP session, at either end, in one of the standard's states (SMPP 3.4 2.2).

    Not thread-safe: call it from the event loop it was created in.

    Attributes:
        role: our end of the connection.
        state: the session state.
        peer: address and port of the other end, for logs.
        bind: the accepted bind; `None` before.
        interface_version: the version both ends use after the bind.
        pdus_in: PDUs received since the connection was opened.
        closed: resolved with the reason when the connection is gone.
    """

    def __init__(self, role: Role, handler: SessionHandler, settings: SessionSettings) -> None:
        self.role = role
        self.settings = settings
        self.peer = ""
        self.bind: Bind | None = None
        self.interface_version = SMPP_3_4
        self.pdus_in = 0
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._writer = PduWriter(settings.max_unread_octets, settings.window)
        self._window = Window(settings.max_late)
        self._window_was_full = False
        self._unacked: dict[int, Pdu] = {}
        self._pending_bind: Bind | None = None
        self._is_unbinding = False
        self._unbind_reason = CloseReason.UNBOUND_BY_US
        self._close_reason: CloseReason | None = None
        self._timers = SessionTimers(settings)
        self._timer: asyncio.TimerHandle | None = None
        self.closed: asyncio.Future[CloseReason] = self._loop.create_future()
        self._enter(SessionState.OPEN)

    @property
    def free_window(self) -> int:
        """Requests that can be sent now; 0 if the session is not bound, or is not writable."""
        if not self._accepts_requests:
            return 0
        free = self.settings.window - len(self._window.unanswered)
        return max(0, free)

    @property
    def pdus_out(self) -> int:
        """PDUs written since the connection was opened."""
        return self._writer.pdus

    @property
    def last_received(self) -> float:
        """When octets last arrived, in seconds of the event loop's clock."""
        return self._timers.last_received

    @property
    def unanswered(self) -> int:
        """Our requests without a response yet."""
        return len(self._window.unanswered)

    @property
    def unacked(self) -> int:
        """The peer's requests that the handler has not answered yet."""
        return len(self._unacked)

    # Requests and responses.

    def request(self, pdu: Pdu) -> asyncio.Future[Pdu]:
        """Send a request and return a future of its response, whatever its command_status.

        Raises, and fails the future, as `send_request` does.
        """
        future: asyncio.Future[Pdu] = self._loop.create_future()
        self.send_request(pdu, partial(resolve, future))
        return future

    def send_request(self, pdu: Pdu, on_result: ResultCallback) -> None:
        """Send a request; `on_result` is called once, from the event loop. It must not raise.

        It gets the response, whatever its command_status, or `ResponseTimeout` or `SessionClosed`,
        whose `written` says whether the peer may have received the request.

        Sets `pdu.sequence_number`. Raises `NotAllowed`, `WindowFull`, `SessionClosed` or
        `FieldError` if nothing was sent; `on_result` is not called then.
        """
        command_id = pdu.command_id
        if command_id not in self._sendable or pdu.response is None:
            raise self._not_sendable(pdu)
        window, writer = self._window, self._writer
        free = self.settings.window - len(window.unanswered)
        if (free <= 0 or not self._accepts_requests) and command_id not in CONTROL_REQUESTS:
            self._window_was_full = True
            raise WindowFull
        sequence = pdu.sequence_number = window.next_sequence()
        if pdu.tlvs:
            self._drop_tlvs_for_old_esme(pdu)
        octets = encode(pdu)
        window.unanswered[sequence] = UnansweredRequest(
            pdu, on_result, self._loop.time(), writer.flush_count
        )
        if free == 1:
            self._window_was_full = True
        writer.write(octets)

    def notify(self, pdu: Pdu) -> None:
        """Send a request without a response: outbind or alert_notification.

        Raises `NotAllowed`, `SessionClosed` or `FieldError`.
        """
        if pdu.command_id not in self._sendable or pdu.response is not None:
            raise self._not_sendable(pdu)
        pdu.sequence_number = self._window.next_sequence()
        self._writer.write(encode(pdu))
        if pdu.command_id == CommandId.OUTBIND:
            self._enter(SessionState.OUTBOUND)

    def respond(self, request: Pdu, response: Pdu) -> bool:
        """Answer a request of the peer.

        Returns False if it was answered before or the session has ended. Raises `FieldError`.
        """
        if self._unacked.pop(id(request), None) is None or self._close_reason is not None:
            return False
        response.sequence_number = request.sequence_number
        if response.tlvs:
            self._drop_tlvs_for_old_esme(response)
        self._writer.write(encode(response))
        return True

    def refuse(self, request: Pdu, status: int) -> bool:
        """Answer a request of the peer with an error status; returns as `respond` does."""
        return self.respond(request, error_response(request, status))

    # Binding, as SMSC.

    def accept_bind(self, bind: Bind, system_id: str = "") -> None:
        """Answer a bind with success; the session is bound. Ignored if it is no longer pending."""
        if bind is not self._pending_bind or self._close_reason is not None:
            return
        self._pending_bind = None
        ours = self.settings.interface_version
        self._writer.write(encode(bind_response(bind, system_id, ours)))
        self.interface_version = negotiated_version(bind.interface_version, ours)
        self._become_bound(bind)

    def reject_bind(self, bind: Bind, status: int) -> None:
        """Answer a bind with an error status and close. Ignored if it is no longer pending."""
        if bind is not self._pending_bind or self._close_reason is not None:
            return
        self._pending_bind = None
        self._write_error(bind, status)
        self.close(CloseReason.BIND_REFUSED)

    def _become_bound(self, bind: Bind) -> None:
        self.bind = bind
        self._enter(BOUND_BY[bind.command_id])
        self._timers.on_bound(self._loop.time())
        self._set_timer()
        self._handler.on_bound(self)

    # Ending.

    async def unbind(self) -> CloseReason:
        """Unbind if bound, close, and wait until the connection is gone.

        unbind_resp and the close take at most `unbind_timeout_s` each.
        """
        if self.state.is_bound and not self._is_unbinding and self._close_reason is None:
            self._start_unbind(CloseReason.UNBOUND_BY_US)
        elif not self._is_unbinding:
            self.close(CloseReason.CLOSED_BY_US)
        return await self.wait_closed()

    def close(self, reason: CloseReason = CloseReason.CLOSED_BY_US) -> None:
        """Close without unbind. What was written is sent first, within `unbind_timeout_s`."""
        if self._close_reason is not None:
            return
        self._writer.flush()
        self._close_reason = reason
        self._enter(SessionState.UNBOUND)
        if self._writer.transport is not None:
            self._writer.transport.close()
            self._timers.abort_at = self._loop.time() + self.settings.unbind_timeout_s
            self._set_timer()

    def abort(self, reason: CloseReason = CloseReason.CLOSED_BY_US) -> None:
        """Close the connection at once and drop what was not sent yet."""
        if self._writer.transport is None:
            return
        self._close_reason = self._close_reason or reason
        self._enter(SessionState.UNBOUND)
        self._writer.transport.abort()
        self._timers.abort_at = self._loop.time() + self.settings.unbind_timeout_s

    async def wait_closed(self) -> CloseReason:
        """Wait until the connection is gone, and return the reason."""
        return await asyncio.shield(self.closed)

    def _start_unbind(self, reason: CloseReason) -> None:
        self.send_request(Unbind(), ignore_result)
        self._is_unbinding = True
        self._sendable = frozenset[int]()
        self._update_accepts_requests()
        self._unbind_reason = reason
        self._timers.unbind_by = self._loop.time() + self.settings.unbind_timeout_s
        self._set_timer()

    # States, and what may be sent in them.

    def _enter(self, state: SessionState) -> None:
        self.state = state
        self._sendable = allowed_requests(self.role, state)
        self._receivable = allowed_requests(self.role.peer, state)
        self._update_accepts_requests()

    def _update_accepts_requests(self) -> None:
        """Cached, because `free_window` is read for every request."""
        is_writable = self._writer.is_writable
        self._accepts_requests = self.state.is_bound and is_writable and not self._is_unbinding

    def _not_sendable(self, pdu: Pdu) -> NotAllowed | SessionClosed:
        if self._close_reason is not None:
            return SessionClosed(self._close_reason, written=False)
        step = "while unbinding" if self._is_unbinding else f"in {self.state}"
        kind = "without" if pdu.response is None else "with"
        command = f"{command_name(pdu.command_id)} ({kind} a response)"
        return NotAllowed(f"{command} as {self.role.value} {step}")

    def _drop_tlvs_for_old_esme(self, pdu: Pdu) -> None:
        """An SMSC sends no TLVs to an ESME older than SMPP 3.4 (SMPP 5.0 2.8)."""
        if self.role is Role.SMSC and self.interface_version < SMPP_3_4:
            pdu.tlvs = ()

    def _write_error(self, request: Pdu, status: int) -> None:
        self._writer.write(encode(error_response(request, status)))

    def _report_free_window(self) -> None:
        if self.free_window > 0:
            self._window_was_full = False
            self._handler.on_window_free(self)

    # Deadlines.

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        at = self._timers.next_wake_up(self._loop.time(), self._window.oldest_sent_at())
        self._timer = self._loop.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        now = self._loop.time()
        self._expire_requests(now - self.settings.response_timeout_s)
        due = self._timers.due_action(now)
        if due is TimerAction.ENQUIRE_LINK:
            self._timers.enquire_link_pending = True
            self.send_request(EnquireLink(), ignore_result)
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

    def _expire_requests(self, sent_until: float) -> None:
        for expired in self._window.expire(sent_until):
            if expired.request.command_id == CommandId.ENQUIRE_LINK:
                self._timers.enquire_link_pending = False
                if self._timers.last_received < expired.sent_at:  # no other PDU arrived either
                    self.abort(CloseReason.ENQUIRE_LINK_TIMEOUT)
            written = expired.flush_count < self._writer.flush_count
            expired.on_result(ResponseTimeout(written=written))
        if self._window_was_full:
            self._report_free_window()
