"""Handles submits: validates them, decides their script and responds, with faults if asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from simpost.smpp import (
    SMPP_3_4,
    SMPP_5_0,
    DataSm,
    DataSmResp,
    Pdu,
    SessionState,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSmResp,
    Tag,
    int_tlv,
)
from simpost.smsc import faults as f
from simpost.smsc.behaviour import Behaviour, SubmitScript
from simpost.smsc.content import Content, Submit, content_of
from simpost.smsc.counters import Counters
from simpost.smsc.deliver_queue import DeliverQueue
from simpost.smsc.delivery import Delivery
from simpost.smsc.faulty_session import FaultySession
from simpost.smsc.record import ReceivedSubmit, SubmitRecord
from simpost.smsc.rules import FaultRules
from simpost.smsc.scheduler import Scheduler
from simpost.smsc.submit_multi import each_of, list_fault, not_taken
from simpost.smsc.validation import validation_status
from simpost.smsc.wire_faults import doubled, mangled, resequenced, swallowed

_OLD_ID_LENGTH: Final = 8
BIND_KINDS: Final[dict[SessionState, f.BindKind]] = {
    SessionState.BOUND_TX: "transmitter",
    SessionState.BOUND_RX: "receiver",
    SessionState.BOUND_TRX: "transceiver",
}


class SubmitHandler:
    """Decides what becomes of each submit, and answers it accordingly.

    A text is delivered after its answer, in the order of the answers, by `deliver`: whoever waits
    for the answers to what he sent does not wait for handsets and receipts as well.

    Attributes:
        rules: what goes wrong, None for nothing.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        delivery: Delivery,
        scheduler: Scheduler,
        counters: Counters,
        record: SubmitRecord,
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
        self._record = record
        self._next_id = first_id
        self._id_format = "X" if id_base == 16 else "d"
        self._packed = packed
        self._default_coding = default_coding
        self._clock = clock
        self._deliver_queues = deliver_queues
        self._taken: list[tuple[Content, ReceivedSubmit]] = []

    def submit(self, line: FaultySession, request: Submit) -> None:
        content, received = self._judge(line, request)
        delay_s = received.script.response_delay_s
        if delay_s > 0:
            finish = partial(self._finish_late, line, content, received)
            if self._scheduler.after(delay_s, finish):
                return
        self._finish(line, content, received)

    def deliver(self) -> None:
        """Have what was taken shown and reported on."""
        taken, self._taken = self._taken, []
        for content, received in taken:
            self._delivery.take(received.request, content, received.script, received.message_id)

    def submit_multi(self, line: FaultySession, request: SubmitMulti) -> None:
        """Answered at once, with one id for all destinations.

        The wire is spoilt as the first destination says that meets a fault of the wire.
        """
        status = list_fault(request)
        if status:
            line.refuse(request, status)
            return
        judged = [(single, *self._judge(line, single)) for single in each_of(request)]
        scripts = [received.script for _, _, received in judged]
        spoilt = next((script for script in scripts if script.answer is not None), None)
        message_id = self._new_id(line)
        refused = tuple(
            not_taken(single, received.script.status)
            for single, _, received in judged
            if received.script.status
        )
        response = SubmitMultiResp(message_id=message_id, unsuccess_sme=refused)
        if spoilt:
            self._respond_oddly(line, request, response, spoilt)
        else:
            line.respond(request, response)
        for _, content, received in judged:
            self._counters.responses[received.script.status] += 1
            if not received.script.status and _is_taken(received.script):
                self._take(content, received, message_id)

    def _judge(self, line: FaultySession, request: Submit) -> tuple[Content, ReceivedSubmit]:
        """Validate the submit, then let the behaviour and the fault rules decide its script."""
        content = content_of(request, self._default_coding)
        fault = validation_status(request, content, packed=self._packed)
        script = SubmitScript(fault) if fault else self._behaviour.decide(request)
        if self.rules is not None and not fault:
            script = self.rules.on_submit(
                script, request, BIND_KINDS.get(line.state, "transceiver")
            )
        received = ReceivedSubmit(request, script, line.peer, self._clock())
        self._record.add(received)
        return content, received

    def _finish_late(self, line: FaultySession, content: Content, received: ReceivedSubmit) -> None:
        self._finish(line, content, received)
        self.deliver()

    def _finish(self, line: FaultySession, content: Content, received: ReceivedSubmit) -> None:
        request, script = received.request, received.script
        self._counters.responses[script.status] += 1
        is_plain = script.answer is None and script.congestion is None
        if not is_plain or script.receipt.first_s is not None:
            self._finish_oddly(line, content, received)
            return
        if script.status:
            line.refuse(request, script.status)
            return
        message_id = self._new_id(line)
        response = DataSmResp if isinstance(request, DataSm) else SubmitSmResp
        line.respond(request, response(message_id=message_id))
        self._take(content, received, message_id)

    def _finish_oddly(
        self, line: FaultySession, content: Content, received: ReceivedSubmit
    ) -> None:
        """The answer is spoilt, or comes after the receipt; the text may be taken all the same."""
        request, script = received.request, received.script
        is_taken = not script.status and _is_taken(script)
        message_id = self._new_id(line) if is_taken else ""
        answer = partial(self._answer, line, request, script, message_id)
        first_s = script.receipt.first_s
        if not is_taken:
            answer()
        elif first_s is None:
            answer()
            self._take(content, received, message_id)
        else:
            received.script = script._replace(receipt_delay_s=0.0)
            self._take(content, received, message_id)
            self.deliver()
            if first_s <= 0 or not self._scheduler.after(first_s, answer):
                answer()

    def _answer(
        self, line: FaultySession, request: Submit, script: SubmitScript, message_id: str
    ) -> None:
        self._respond_oddly(line, request, _response(request, script.status, message_id), script)

    def _respond_oddly(
        self,
        line: FaultySession,
        request: Submit | SubmitMulti,
        response: Pdu,
        script: SubmitScript,
    ) -> None:
        if script.congestion is not None and line.interface_version >= SMPP_5_0:
            response.tlvs = (int_tlv(Tag.CONGESTION_STATE, script.congestion, 1),)
        place = response.command_id, request.sequence_number
        fault, wire = script.answer, line.wire
        if isinstance(fault, f.Silent | f.Drop | f.HalfOpen):
            wire.tamper(*place, swallowed)
        elif isinstance(fault, f.Reset):
            wire.cut(*place, fault.octets)
        elif isinstance(fault, f.WrongSequence):
            wire.tamper(*place, resequenced(fault.by))
        elif isinstance(fault, f.DoubleResponse):
            wire.tamper(*place, doubled(fault.copies))
        elif isinstance(fault, f.MangleResponse):
            wire.tamper(*place, mangled(fault.changes, script.seed, header=fault.header))
        line.respond(request, response)
        if isinstance(fault, f.Drop):
            line.close()
        elif isinstance(fault, f.HalfOpen):
            self._freeze(line, fault.seconds)

    def _freeze(self, line: FaultySession, seconds: float) -> None:
        """It still counts as bound, but nothing is sent through it any more."""
        line.wire.freeze()
        for deliver_queue in self._deliver_queues:
            deliver_queue.close(line)
        if not self._scheduler.after(seconds, line.wire.release):
            line.wire.release()

    def _take(self, content: Content, received: ReceivedSubmit, message_id: str) -> None:
        received.message_id = message_id
        self._taken.append((content, received))

    def _new_id(self, line: FaultySession) -> str:
        """At most 8 characters for an ESME older than SMPP 3.4 (SMPP 5.0 2.8)."""
        self._next_id += 1
        written = format(self._next_id, self._id_format)
        return written if line.interface_version >= SMPP_3_4 else written[-_OLD_ID_LENGTH:]


def _is_taken(script: SubmitScript) -> bool:
    return getattr(script.answer, "accepted", True)


def _response(request: Submit, status: int, message_id: str) -> Pdu:
    response = DataSmResp if isinstance(request, DataSm) else SubmitSmResp
    return response(status, message_id=message_id)
