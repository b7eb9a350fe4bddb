"""Handles submits: validates them, decides their script and responds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from simpost.smpp import (
    SMPP_3_4,
    DataSm,
    DataSmResp,
    Pdu,
    Session,
    SessionState,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSmResp,
)
from simpost.smsc.behaviour import Behaviour, SubmitScript
from simpost.smsc.content import Content, Submit, content_of
from simpost.smsc.counters import Counters
from simpost.smsc.deliver_queue import DeliverQueue
from simpost.smsc.delivery import Delivery
from simpost.smsc.faults import BindKind, CallName, SourceKind, UpstreamName
from simpost.smsc.faulty_session import FaultySession
from simpost.smsc.record import ReceivedSubmit, SubmitLog
from simpost.smsc.response_faults import FaultyResponder
from simpost.smsc.rules import FaultRules
from simpost.smsc.scheduler import Scheduler
from simpost.smsc.submit_multi import destination_list_status, submits_of, unsuccessful
from simpost.smsc.validation import validation_status

_OLD_ID_LENGTH: Final = 8
BIND_KINDS: Final[dict[SessionState, BindKind]] = {
    SessionState.BOUND_TX: "transmitter",
    SessionState.BOUND_RX: "receiver",
    SessionState.BOUND_TRX: "transceiver",
}


class SubmitHandler:
    """Decides the script of each submit and responds.

    `deliver` delivers accepted texts after their responses, in the same order, so that handsets
    and receipts do not delay responses.

    Attributes:
        rules: the fault rules; None without any.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        delivery: Delivery,
        scheduler: Scheduler,
        counters: Counters,
        submit_log: SubmitLog,
        *,
        first_id: int,
        id_base: int,
        packed: bool,
        default_coding: int,
        clock: Callable[[], float],
        deliver_queues: tuple[DeliverQueue, ...],
    ) -> None:
        self.rules: FaultRules | None = None
        self._behaviour = behaviour
        self._delivery = delivery
        self._scheduler = scheduler
        self._counters = counters
        self._submit_log = submit_log
        self._next_id = first_id
        self._id_format = "X" if id_base == 16 else "d"
        self._packed = packed
        self._default_coding = default_coding
        self._clock = clock
        self._faulty_responder = FaultyResponder(scheduler, deliver_queues)
        self._to_deliver: list[tuple[Content, ReceivedSubmit]] = []

    def submit(self, session: FaultySession, request: Submit) -> None:
        """Respond to a submit_sm or data_sm, now or after the delay of its script."""
        content, received = self._decide(session, request)
        delay_s = received.script.response_delay_s
        if delay_s > 0:
            respond = partial(self._respond_late, session, content, received)
            if self._scheduler.after(delay_s, respond):
                return
        self._respond(session, content, received)

    def deliver(self) -> None:
        """Deliver the texts accepted since the last call."""
        accepted, self._to_deliver = self._to_deliver, []
        for content, received in accepted:
            self._delivery.deliver(
                received.request,
                content,
                received.script,
                received.message_id,
                system_id=received.system_id,
            )

    def submit_multi(self, session: FaultySession, request: SubmitMulti) -> None:
        """Respond at once, with one id for all destinations.

        The response has the fault of the first destination whose script has one.
        """
        status = destination_list_status(request)
        if status:
            session.refuse(request, status)
            return
        decided = [(single, *self._decide(session, single)) for single in submits_of(request)]
        scripts = [received.script for _, _, received in decided]
        faulty = next((script for script in scripts if script.response_fault is not None), None)
        message_id = self._new_id(session)
        refused = tuple(
            unsuccessful(single, received.script.status)
            for single, _, received in decided
            if received.script.status
        )
        response = SubmitMultiResp(message_id=message_id, unsuccess_sme=refused)
        if faulty:
            self._faulty_responder.respond(session, request, response, faulty)
        else:
            session.respond(request, response)
        for _, content, received in decided:
            self._counters.responses[received.script.status] += 1
            if not received.script.status and is_accepted(received.script):
                self._queue_for_delivery(content, received, message_id)

    def _decide(self, session: FaultySession, request: Submit) -> tuple[Content, ReceivedSubmit]:
        kind = BIND_KINDS.get(session.state, "transceiver")
        return self.decide(request, kind, session.peer, system_id_of(session))

    def decide(
        self, request: Submit, kind: SourceKind, peer: str, system_id: str = ""
    ) -> tuple[Content, ReceivedSubmit]:
        """Validate the submit, then let the behaviour and the fault rules decide its script."""
        content = content_of(request, self._default_coding)
        fault = validation_status(request, content, packed=self._packed)
        script = SubmitScript(fault) if fault else self._behaviour.decide(request)
        if self.rules is not None and not fault:
            script = self.rules.apply(script, request, kind)
        script = self._delivery.script_of(request, script)
        return content, self._log(request, script, peer, system_id)

    def decide_call(self, call: CallName, shape: UpstreamName, iccid: str) -> SubmitScript:
        """What the fault rules make of a request by HTTP that is no text."""
        if self.rules is None:
            return SubmitScript()
        return self.rules.script_of_call(call, shape, iccid)

    def decide_alike(
        self, request: Submit, script: SubmitScript, peer: str
    ) -> tuple[Content, ReceivedSubmit]:
        """A further part of a text whose script is decided."""
        return content_of(request, self._default_coding), self._log(request, script, peer)

    def _log(
        self, request: Submit, script: SubmitScript, peer: str, system_id: str = ""
    ) -> ReceivedSubmit:
        received = ReceivedSubmit(request, script, peer, self._clock(), system_id=system_id)
        self._submit_log.add(received)
        return received

    def _respond_late(
        self, session: FaultySession, content: Content, received: ReceivedSubmit
    ) -> None:
        self._respond(session, content, received)
        self.deliver()

    def _respond(self, session: FaultySession, content: Content, received: ReceivedSubmit) -> None:
        request, script = received.request, received.script
        self._counters.responses[script.status] += 1
        is_plain = script.response_fault is None and script.congestion is None
        if not is_plain or script.receipt.before_response_s is not None:
            self._respond_with_fault(session, content, received)
            return
        if script.status:
            session.refuse(request, script.status)
            return
        message_id = self._new_id(session)
        response = DataSmResp if isinstance(request, DataSm) else SubmitSmResp
        session.respond(request, response(message_id=message_id))
        self._queue_for_delivery(content, received, message_id)

    def _respond_with_fault(
        self, session: FaultySession, content: Content, received: ReceivedSubmit
    ) -> None:
        """Respond with a fault, or after the receipt."""
        request, script = received.request, received.script
        is_taken = not script.status and is_accepted(script)
        message_id = self._new_id(session) if is_taken else ""
        send_response = partial(self._send_response, session, request, script, message_id)
        before_response_s = script.receipt.before_response_s
        if not is_taken:
            send_response()
        elif before_response_s is None:
            send_response()
            self._queue_for_delivery(content, received, message_id)
        else:
            received.script = script._replace(receipt_delay_s=0.0)
            self._queue_for_delivery(content, received, message_id)
            self.deliver()
            if before_response_s <= 0 or not self._scheduler.after(
                before_response_s, send_response
            ):
                send_response()

    def _send_response(
        self, session: FaultySession, request: Submit, script: SubmitScript, message_id: str
    ) -> None:
        self._faulty_responder.respond(
            session, request, _response(request, script.status, message_id), script
        )

    def _queue_for_delivery(
        self, content: Content, received: ReceivedSubmit, message_id: str
    ) -> None:
        received.message_id = message_id
        self._to_deliver.append((content, received))

    def next_number(self) -> int:
        """A new message id, as a number."""
        self._next_id += 1
        return self._next_id

    def _new_id(self, session: FaultySession) -> str:
        """A new message id; at most 8 characters for SMPP before 3.4 (SMPP 5.0 2.8)."""
        written = format(self.next_number(), self._id_format)
        return written if session.interface_version >= SMPP_3_4 else written[-_OLD_ID_LENGTH:]


def system_id_of(session: Session) -> str:
    """The system_id that a session is bound with; empty before its bind."""
    return session.bind.system_id if session.bind else ""


def is_accepted(script: SubmitScript) -> bool:
    """Whether a text whose response has a fault was accepted."""
    return getattr(script.response_fault, "accepted", True)


def _response(request: Submit, status: int, message_id: str) -> Pdu:
    response = DataSmResp if isinstance(request, DataSm) else SubmitSmResp
    return response(status, message_id=message_id)
