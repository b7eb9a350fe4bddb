"""The message centre: what each request of an ESME is answered with."""

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
from simpost.smsc.submit_handler import SubmitHandler

_SUBMITS: Final = (SubmitSm, DataSm)
_RECEIVING: Final = (SessionState.BOUND_RX, SessionState.BOUND_TRX)


class MessageCentre(SessionHandler):
    """Knows who is bound, and hands every request to who can answer it.

    Attributes:
        bound: how many sessions are bound now.
    """

    def __init__(
        self,
        exchange: SubmitHandler,
        ledger: AcceptedSubmits,
        deliver_queues: tuple[DeliverQueue, ...],
        counters: Counters,
        *,
        system_id: str,
        password: str,
        clock: Callable[[], float],
    ) -> None:
        self.bound = 0
        self._exchange = exchange
        self._ledger = ledger
        self._deliver_queues = deliver_queues
        self._counters = counters
        self._credentials = (system_id, password)
        self._clock = clock

    # What the link tells.

    def authenticate(self, bind: Bind, _peer: str) -> int | Awaitable[int]:
        """Who it is, whether it knows the password, and what the rules say."""
        system_id, password = self._credentials
        status: int = Status.ESME_ROK
        seconds = 0.0
        if bind.system_id != system_id:
            status = Status.ESME_RINVSYSID
        elif not hmac.compare_digest(bind.password.encode(), password.encode()):
            status = Status.ESME_RINVPASWD
        elif self._exchange.rules is not None:
            fault = self._exchange.rules.on_bind(_kind(bind), self.bound)
            if fault is not None:
                status, seconds = status_code(fault.status), fault.seconds
        if status:
            self._counters.binds_refused += 1
        else:
            self._counters.binds += 1
        return _after(seconds, status) if seconds else status

    def on_bound(self, session: Session) -> None:
        self.bound += 1
        assert isinstance(session, FaultySession)
        if session.state in _RECEIVING:
            for deliver_queue in self._deliver_queues:
                deliver_queue.open(session)

    def on_window_free(self, session: Session) -> None:
        assert isinstance(session, FaultySession)
        if not session.is_reading:
            self._pump()

    def read_through(self) -> None:
        """The answers to all that came have left: only now the texts go on their way."""
        self._exchange.deliver()
        self._pump()

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        if session.bind is not None:
            self.bound -= 1
        assert isinstance(session, FaultySession)
        for deliver_queue in self._deliver_queues:
            deliver_queue.close(session)

    def on_tolerated(self, session: Session, what: str) -> None:
        self._counters.tolerated += 1

    def on_malformed(self, session: Session, error: PduError) -> None:
        self._counters.malformed += 1

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        self._counters.unexpected_responses += 1

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        self._counters.unexpected_responses += 1
        for deliver_queue in self._deliver_queues:
            deliver_queue.answered_late(request, response.command_status)

    def on_request(self, session: Session, request: Pdu) -> None:
        assert isinstance(session, FaultySession)
        if session.wire.is_deaf:  # read before it was, and never answered
            return
        if isinstance(request, _SUBMITS):
            self._exchange.submit(session, request)
        elif isinstance(request, SubmitMulti):
            self._exchange.submit_multi(session, request)
        elif isinstance(request, QuerySm):
            self._on_query(session, request)
        elif isinstance(request, CancelSm):
            session.refuse(request, Status.ESME_RCANCELFAIL)  # it has reached the handset already
        elif isinstance(request, ReplaceSm):
            session.refuse(request, Status.ESME_RREPLACEFAIL)
        elif request.response is not None:
            session.refuse(request, Status.ESME_RINVCMDID)

    def _pump(self) -> None:
        for deliver_queue in self._deliver_queues:
            deliver_queue.pump()

    # Questions.

    def _on_query(self, session: Session, request: QuerySm) -> None:
        """The id and the sender must be those of the submit (SMPP 3.4 4.8)."""
        self._exchange.deliver()
        taken = self._ledger.find(request.message_id)
        if taken is None or taken.source[2] != request.source_addr:
            session.refuse(request, Status.ESME_RQUERYFAIL)
            return
        state = taken.state_at(self._clock())
        is_final = state is not MessageState.ENROUTE
        done = format_absolute(datetime.fromtimestamp(taken.done_at, UTC)) if is_final else ""
        error = taken.error if is_final else 0
        session.respond(request, QuerySmResp(0, 0, (), taken.message_id, done, state, error))


def _kind(bind: Bind) -> BindKind:
    if isinstance(bind, BindTransmitter):
        return "transmitter"
    return "receiver" if isinstance(bind, BindReceiver) else "transceiver"


async def _after(seconds: float, status: int) -> int:
    """No answer for so long; an ESME that gives up meanwhile gets none."""
    await asyncio.sleep(seconds)
    return status
