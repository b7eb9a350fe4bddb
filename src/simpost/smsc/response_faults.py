"""Sends responses with the faults of their script: none, late, altered, or a lost connection."""

from __future__ import annotations

from simpost.smpp import SMPP_5_0, Pdu, SubmitMulti, Tag, int_tlv
from simpost.smsc import faults as f
from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.content import Submit
from simpost.smsc.deliver_queue import DeliverQueue
from simpost.smsc.faulty_session import FaultySession
from simpost.smsc.scheduler import Scheduler
from simpost.smsc.wire_faults import drop_octets, mangle_octets, repeat_octets, shift_sequence


class FaultyResponder:
    """Sends responses that have a fault or a congestion state."""

    def __init__(self, scheduler: Scheduler, deliver_queues: tuple[DeliverQueue, ...]) -> None:
        self._scheduler = scheduler
        self._deliver_queues = deliver_queues

    def respond(
        self,
        session: FaultySession,
        request: Submit | SubmitMulti,
        response: Pdu,
        script: SubmitScript,
    ) -> None:
        """Send a response as its script says."""
        if script.congestion is not None and session.interface_version >= SMPP_5_0:
            response.tlvs = (int_tlv(Tag.CONGESTION_STATE, script.congestion, 1),)
        pdu_key = response.command_id, request.sequence_number
        fault, wire = script.response_fault, session.wire
        if isinstance(fault, f.Silent | f.Drop | f.HalfOpen):
            wire.alter_next(*pdu_key, drop_octets)
        elif isinstance(fault, f.Reset):
            wire.reset_within(*pdu_key, fault.octets)
        elif isinstance(fault, f.WrongSequence):
            wire.alter_next(*pdu_key, shift_sequence(fault.by))
        elif isinstance(fault, f.DoubleResponse):
            wire.alter_next(*pdu_key, repeat_octets(fault.copies))
        elif isinstance(fault, f.MangleResponse):
            alteration = mangle_octets(fault.changes, script.seed, header=fault.header)
            wire.alter_next(*pdu_key, alteration)
        session.respond(request, response)
        if isinstance(fault, f.Drop):
            session.close()
        elif isinstance(fault, f.HalfOpen):
            self._freeze(session, fault.seconds)

    def _freeze(self, session: FaultySession, seconds: float) -> None:
        """Make a connection half-open: it counts as bound, but no deliver_sm is sent through it."""
        session.wire.freeze()
        for deliver_queue in self._deliver_queues:
            deliver_queue.remove_receiver(session)
        if not self._scheduler.after(seconds, session.wire.unfreeze):
            session.wire.unfreeze()
