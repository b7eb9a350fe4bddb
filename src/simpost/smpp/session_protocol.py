"""The input of a session: asyncio's callbacks, and what happens to each PDU of the peer."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from simpost.smpp.codec import encode
from simpost.smpp.command import RESPONSE_BIT, CommandId, command_name
from simpost.smpp.errors import FatalPduError, PduError, SessionClosed
from simpost.smpp.framer import Framer
from simpost.smpp.handler import SessionHandler, SessionHost
from simpost.smpp.pdu import PDU_CLASSES, Bind, EnquireLinkResp, GenericNack, Pdu, UnbindResp
from simpost.smpp.responses import status_out_of_place, version_after_bind
from simpost.smpp.session import Session
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import BOUND_BY, CONTROL_REQUESTS, CloseReason, Role, SessionState
from simpost.smpp.status import Status

MAX_PDUS_PER_TURN: Final = 100
"""PDUs of one peer that are processed before the event loop serves other tasks."""

_ENQUIRE_LINK: Final = int(CommandId.ENQUIRE_LINK)
_UNBIND: Final = int(CommandId.UNBIND)


class SessionProtocol(Session, asyncio.Protocol):
    """A session on an asyncio transport; `connect`, `serve` and `listen_for_outbind` create it."""

    def __init__(
        self,
        role: Role,
        handler: SessionHandler,
        settings: SessionSettings,
        host: SessionHost | None = None,
    ) -> None:
        super().__init__(role, handler, settings)
        self._host = host
        self._framer = Framer(settings.max_pdu_octets)
        self._is_disconnected = False
        self._disconnect_error: Exception | None = None

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the session on a new connection."""
        self._writer.transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self.peer = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
        self._timers.on_opened(self._loop.time())
        self._set_timer()
        if self._host is not None:
            self._host.session_opened(self)

    def data_received(self, data: bytes) -> None:
        """Process octets of the peer."""
        self._timers.last_received = self._loop.time()
        self._process(data)

    def pause_writing(self) -> None:
        """Accept no more requests: the peer reads too slowly."""
        self._writer.is_writable = False
        self._window_was_full = True
        self._update_accepts_requests()

    def resume_writing(self) -> None:
        """Accept requests again: the transport's buffer has drained."""
        self._writer.on_writable()
        self._update_accepts_requests()
        self._report_free_window()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session, after the input that arrived before is processed."""
        self._writer.transport = None
        if self._writer.has_backlog:  # it may contain responses
            self._is_disconnected, self._disconnect_error = True, exc
            self.pause_writing()
        else:
            self._end(exc)

    def _process(self, data: bytes) -> None:
        """Process at most `MAX_PDUS_PER_TURN` PDUs; the rest in later loop iterations."""
        self._writer.is_processing_input = True
        for found in self._framer.feed(data, MAX_PDUS_PER_TURN):
            if self._close_reason is not None:
                break
            self.pdus_in += 1
            if isinstance(found, PduError):
                self._on_malformed(found)
                continue
            if found.tlvs and found.unreadable:
                self._report_tolerated(found, f"{len(found.unreadable)} octets cannot be read")
            if found.command_id & RESPONSE_BIT:
                self._on_response(found)
            else:
                self._on_request(found)
        if self._window_was_full:
            self._report_free_window()
        self._writer.is_processing_input = False
        self._writer.flush()
        if self._framer.has_more and not self._writer.has_backlog:
            self._writer.pause_input()
            self._loop.call_soon(self._process_backlog)

    def _process_backlog(self) -> None:
        if self._close_reason is None:
            self._process(b"")
            if self._framer.has_more:
                self._loop.call_soon(self._process_backlog)
                return
        self._writer.resume_input()
        if self._is_disconnected:
            self._end(self._disconnect_error)

    def _end(self, error: Exception | None) -> None:
        reason = self._close_reason or self._reason_of_disconnect(error)
        self._close_reason = reason
        self._enter(SessionState.CLOSED)
        if self._timer is not None:
            self._timer.cancel()
        self._unacked.clear()
        unanswered = self._window.drain()
        if not self.closed.done():
            self.closed.set_result(reason)
        self._handler.on_closed(self, reason)
        for each in unanswered:
            written = each.flush_count < self._writer.flush_count
            each.on_result(SessionClosed(reason, written=written))

    def _reason_of_disconnect(self, error: Exception | None) -> CloseReason:
        if self._is_unbinding:  # some peers close instead of sending unbind_resp
            return self._unbind_reason
        return CloseReason.CLOSED_BY_PEER if error is None else CloseReason.CONNECTION_LOST

    # Responses of the peer.

    def _on_response(self, response: Pdu) -> None:
        command_id = response.command_id
        matched = self._window.match(response.sequence_number, command_id)
        if matched is None:
            request = self._window.match_late(response.sequence_number, command_id)
            if request is None:
                self._handler.on_unexpected_response(self, response)
            else:
                self._handler.on_late_response(self, request, response)
            return
        if matched.request.command_id in CONTROL_REQUESTS:
            self._on_control_response(matched.request, response)
        else:
            self._timers.last_active = self._timers.last_received
        matched.on_result(response)

    def _on_control_response(self, request: Pdu, response: Pdu) -> None:
        """Any response ends enquire_link and unbind, whatever its status."""
        command_id = request.command_id
        if command_id == _ENQUIRE_LINK:
            self._timers.enquire_link_pending = False
        elif command_id == _UNBIND:
            self.close(self._unbind_reason)
        elif response.command_status == 0 and response.command_id != CommandId.GENERIC_NACK:
            bind = cast("Bind", request)
            if response.command_id != command_id | RESPONSE_BIT:
                self._report_tolerated(response, f"it answers {command_name(command_id)}")
            self.interface_version = version_after_bind(bind, response)
            self._become_bound(bind)

    # Requests of the peer.

    def _on_request(self, request: Pdu) -> None:
        command_id = request.command_id
        if command_id == _ENQUIRE_LINK:  # also before the bind, as SMPP 5.0 2.4 allows
            response = EnquireLinkResp(0, request.sequence_number)
            self._writer.write(encode(response))
            return
        self._timers.last_active = self._timers.last_received
        if command_id not in self._receivable:
            self._write_error(request, status_out_of_place(request, self.role, self.state))
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

    def _on_malformed(self, error: PduError) -> None:
        if isinstance(error, FatalPduError):
            self._writer.write(encode(GenericNack(error.status, error.sequence_number)))
            self._handler.on_malformed(self, error)
            self.close(CloseReason.PROTOCOL_ERROR)
            return
        request = PDU_CLASSES[error.command_id](0, error.sequence_number)
        self._write_error(request, error.status)
        self._handler.on_malformed(self, error)

    def _report_tolerated(self, pdu: Pdu, what: str) -> None:
        self._handler.on_tolerated(self, f"{command_name(pdu.command_id)}: {what}")
