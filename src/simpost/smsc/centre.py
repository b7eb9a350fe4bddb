"""The message centre: what each request of an ESME is answered with."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final, Literal, TypeAlias

from simpost.smpp import (
    Bind,
    CancelSm,
    CloseReason,
    DataSm,
    DataSmResp,
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
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    format_absolute,
)
from simpost.smsc.behaviour import Behaviour, Fate
from simpost.smsc.checks import fault_in
from simpost.smsc.content import Content, Submit, content_of
from simpost.smsc.counters import Counters
from simpost.smsc.handsets import Handsets
from simpost.smsc.ledger import Ledger, taken_of
from simpost.smsc.multi import each_of, list_fault, not_taken
from simpost.smsc.postbox import Postbox
from simpost.smsc.reassembly import Message
from simpost.smsc.timetable import Timetable

IdFormat: TypeAlias = Literal["decimal", "hex"]
Shown: TypeAlias = Callable[[str, Message], None]

_RECEIVING: Final = (SessionState.BOUND_RX, SessionState.BOUND_TRX)


class Centre(SessionHandler):
    """Takes submits, gives them to handsets, and tells what became of them.

    Attributes:
        bound: how many sessions are bound now.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        handsets: Handsets,
        postbox: Postbox,
        timetable: Timetable,
        counters: Counters,
        *,
        system_id: str,
        password: str,
        first_id: int,
        id_format: IdFormat,
        packed: bool,
        clock: Callable[[], float],
        on_shown: Shown,
    ) -> None:
        self.bound = 0
        self._behaviour = behaviour
        self._handsets = handsets
        self._postbox = postbox
        self._timetable = timetable
        self._counters = counters
        self._ledger = Ledger()
        self._credentials = (system_id, password)
        self._next_id = first_id
        self._id_format = "X" if id_format == "hex" else "d"
        self._packed = packed
        self._clock = clock
        self._on_shown = on_shown

    # What the link tells.

    def authenticate(self, bind: Bind, _peer: str) -> int:
        """The status of a bind: who it is first, then whether it knows the password."""
        system_id, password = self._credentials
        if bind.system_id != system_id:
            status = Status.ESME_RINVSYSID
        elif not hmac.compare_digest(bind.password.encode(), password.encode()):
            status = Status.ESME_RINVPASWD
        else:
            self._counters.binds += 1
            return Status.ESME_ROK
        self._counters.binds_refused += 1
        return status

    def on_bound(self, session: Session) -> None:
        self.bound += 1
        if session.state in _RECEIVING:
            self._postbox.open(session)

    def on_room(self, session: Session) -> None:
        self._postbox.pump()

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        if session.bind is not None:
            self.bound -= 1
        self._postbox.close(session)

    def on_malformed(self, session: Session, error: PduError) -> None:
        self._counters.malformed += 1

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        self._counters.unexpected_responses += 1

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        self._counters.unexpected_responses += 1

    def on_request(self, session: Session, request: Pdu) -> None:
        if isinstance(request, SubmitSm | DataSm):
            self._on_submit(session, request)
        elif isinstance(request, SubmitMulti):
            self._on_submit_multi(session, request)
        elif isinstance(request, QuerySm):
            self._on_query(session, request)
        elif isinstance(request, CancelSm):
            session.refuse(request, Status.ESME_RCANCELFAIL)  # it has reached the handset already
        elif isinstance(request, ReplaceSm):
            session.refuse(request, Status.ESME_RREPLACEFAIL)
        elif request.response is not None:
            session.refuse(request, Status.ESME_RINVCMDID)

    # Submits.

    def _on_submit(self, session: Session, request: Submit) -> None:
        content, fate = self._judge(request)
        finish = partial(self._finish_submit, session, request, content, fate)
        if fate.answer_delay_s > 0 and self._timetable.after(fate.answer_delay_s, finish):
            return
        finish()

    def _finish_submit(
        self, session: Session, request: Submit, content: Content, fate: Fate
    ) -> None:
        self._counters.answered[fate.status] += 1
        if fate.status:
            session.refuse(request, fate.status)
            return
        message_id = self._new_id()
        response = DataSmResp if isinstance(request, DataSm) else SubmitSmResp
        session.respond(request, response(message_id=message_id))
        self._take(request, content, fate, message_id)

    def _on_submit_multi(self, session: Session, request: SubmitMulti) -> None:
        """Answered at once, with one id for all destinations."""
        status = list_fault(request)
        if status:
            session.refuse(request, status)
            return
        judged = [(single, *self._judge(single)) for single in each_of(request)]
        message_id = self._new_id()
        refused = tuple(not_taken(single, fate.status) for single, _, fate in judged if fate.status)
        session.respond(request, SubmitMultiResp(message_id=message_id, unsuccess_sme=refused))
        for single, content, fate in judged:
            self._counters.answered[fate.status] += 1
            if not fate.status:
                self._take(single, content, fate, message_id)

    def _judge(self, request: Submit) -> tuple[Content, Fate]:
        """The seam: what is valid meets the behaviour, and only there its fate is decided."""
        self._counters.submits += 1
        content = content_of(request)
        fault = fault_in(request, content, packed=self._packed)
        return content, Fate(fault) if fault else self._behaviour.decide(request)

    def _take(self, request: Submit, content: Content, fate: Fate, message_id: str) -> None:
        taken = taken_of(request, content, fate, message_id, self._clock())
        self._ledger.add(taken)
        if fate.state is MessageState.DELIVERED:
            number = request.destination_addr.removeprefix("+")
            shown = self._handsets.take(number, request.source_addr, content, message_id)
            self._on_shown(number, shown)
        if taken.wants_receipt:
            self._postbox.post(taken, fate.receipt_delay_s)

    def _new_id(self) -> str:
        self._next_id += 1
        return format(self._next_id, self._id_format)

    # Questions.

    def _on_query(self, session: Session, request: QuerySm) -> None:
        """The id and the sender must be those of the submit (SMPP 3.4 4.8)."""
        taken = self._ledger.find(request.message_id)
        if taken is None or taken.source[2] != request.source_addr:
            session.refuse(request, Status.ESME_RQUERYFAIL)
            return
        state = taken.state_at(self._clock())
        is_final = state is not MessageState.ENROUTE
        done = format_absolute(datetime.fromtimestamp(taken.done_at, UTC)) if is_final else ""
        error = taken.error if is_final else 0
        session.respond(request, QuerySmResp(0, 0, (), taken.message_id, done, state, error))
