"""The message centre: authenticates binds and dispatches the requests of ESMEs."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from simpost.smpp import (
    Bind,
    BindReceiver,
    BindTransmitter,
    CancelSm,
    CloseReason,
    DataSm,
    MessageState,
    Pdu,
    PduError,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    Session,
    SessionHandler,
    SessionState,
    Status,
    SubmitMulti,
    SubmitSm,
    format_absolute,
)
from simpost.smsc.accepted_submits import AcceptedSubmits
from simpost.smsc.counters import Counters
from simpost.smsc.deliver_queue import DeliverQueue
from simpost.smsc.faults import BindKind, status_code
from simpost.smsc.faulty_session import FaultySession
from simpost.smsc.submit_handler import SubmitHandler, system_id_of

_SUBMITS: Final = (SubmitSm, DataSm)
_RECEIVING: Final = (SessionState.BOUND_RX, SessionState.BOUND_TRX)


class MessageCentre(SessionHandler):
    """The session handler of all ESMEs: counts binds and responds to every request.

    Attributes:
        bound: number of sessions that are bound now.
    """

    def __init__(
        self,
        submit_handler: SubmitHandler,
        accepted: AcceptedSubmits,
        deliver_queues: tuple[DeliverQueue, ...],
        counters: Counters,
        *,
        system_id: str,
        password: str,
        is_open: bool,
        clock: Callable[[], float],
    ) -> None:
        self.bound = 0
        self._submit_handler = submit_handler
        self._accepted = accepted
        self._deliver_queues = deliver_queues
        self._counters = counters
        self._credentials = (system_id, password)
        self._is_open = is_open
        self._clock = clock

    # Called by the session.

    def authenticate(self, bind: Bind, _peer: str) -> int | Awaitable[int]:
        """The status of a bind: by system_id and password unless open, then by the fault rules."""
        system_id, password = self._credentials
        status: int = Status.ESME_ROK
        seconds = 0.0
        if not self._is_open and bind.system_id != system_id:
            status = Status.ESME_RINVSYSID
        elif not self._is_open and not hmac.compare_digest(
            bind.password.encode(), password.encode()
        ):
            status = Status.ESME_RINVPASWD
        elif self._submit_handler.rules is not None:
            fault = self._submit_handler.rules.bind_fault(_bind_kind(bind), self.bound)
            if fault is not None:
                status, seconds = status_code(fault.status), fault.seconds
        if status:
            self._counters.binds_refused += 1
        else:
            self._counters.binds += 1
        return _delayed(seconds, status) if seconds else status

    def on_bound(self, session: Session) -> None:
        self.bound += 1
        assert isinstance(session, FaultySession)
        if session.state in _RECEIVING:
            for deliver_queue in self._deliver_queues:
                deliver_queue.add_receiver(session, system_id_of(session))

    def on_window_free(self, session: Session) -> None:
        assert isinstance(session, FaultySession)
        if not session.is_handling_input:
            self._fill_windows()

    def on_input_handled(self) -> None:
        """Deliver the accepted texts: called after the responses to all PDUs read were written."""
        self._submit_handler.deliver()
        self._fill_windows()

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        if session.bind is not None:
            self.bound -= 1
        assert isinstance(session, FaultySession)
        for deliver_queue in self._deliver_queues:
            deliver_queue.remove_receiver(session)

    def on_tolerated(self, session: Session, what: str) -> None:
        self._counters.tolerated += 1

    def on_malformed(self, session: Session, error: PduError) -> None:
        self._counters.malformed += 1

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        self._counters.unexpected_responses += 1

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        self._counters.unexpected_responses += 1
        for deliver_queue in self._deliver_queues:
            deliver_queue.on_late_response(request, response.command_status)

    def on_request(self, session: Session, request: Pdu) -> None:
        assert isinstance(session, FaultySession)
        if session.wire.ignores_input:  # the PDU was read before the connection was frozen
            return
        if isinstance(request, _SUBMITS):
            self._submit_handler.submit(session, request)
        elif isinstance(request, SubmitMulti):
            self._submit_handler.submit_multi(session, request)
        elif isinstance(request, QuerySm):
            self._on_query(session, request)
        elif isinstance(request, CancelSm):
            session.refuse(request, Status.ESME_RCANCELFAIL)  # the text is already on the handset
        elif isinstance(request, ReplaceSm):
            session.refuse(request, Status.ESME_RREPLACEFAIL)
        elif request.response is not None:
            session.refuse(request, Status.ESME_RINVCMDID)

    def _fill_windows(self) -> None:
        for deliver_queue in self._deliver_queues:
            deliver_queue.fill_windows()

    def _on_query(self, session: Session, request: QuerySm) -> None:
        """Respond with the state; id and sender must be those of the submit (SMPP 3.4 4.8)."""
        self._submit_handler.deliver()
        accepted = self._accepted.find(request.message_id)
        if accepted is None or accepted.source[2] != request.source_addr:
            session.refuse(request, Status.ESME_RQUERYFAIL)
            return
        state = accepted.state_at(self._clock())
        is_final = state is not MessageState.ENROUTE
        done = format_absolute(datetime.fromtimestamp(accepted.done_at, UTC)) if is_final else ""
        error = accepted.error if is_final else 0
        session.respond(request, QuerySmResp(0, 0, (), accepted.message_id, done, state, error))


def _bind_kind(bind: Bind) -> BindKind:
    if isinstance(bind, BindTransmitter):
        return "transmitter"
    return "receiver" if isinstance(bind, BindReceiver) else "transceiver"


async def _delayed(seconds: float, status: int) -> int:
    """The status after a delay. An ESME that times out before gets no response."""
    await asyncio.sleep(seconds)
    return status
