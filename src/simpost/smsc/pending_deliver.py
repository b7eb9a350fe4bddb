"""The deliver_sm that the message centre sends to ESMEs, and their counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simpost.smpp import DeliverSm
from simpost.smsc.wire_faults import OctetFault


class PendingDeliver(Protocol):
    """One deliver_sm until it is acknowledged or abandoned.

    Attributes:
        attempts: how often it was sent.
        system_id: of the sessions that may get it; empty: any session.
    """

    attempts: int
    system_id: str

    def build_pdu(self) -> DeliverSm:
        """A new PDU for one attempt."""

    def octet_fault(self) -> OctetFault | None:
        """The fault of the present attempt on the wire; None for no fault."""

    def on_response(self, status: int | None) -> None:
        """Called with the status of the response; None: there was no response."""


@dataclass(slots=True)
class DeliverCounts:
    """Counts since the start.

    Attributes:
        sent: deliver_sm, repeats included.
        acknowledged: accepted by the ESME.
        repeated: queued again after no response or a temporary error.
        refused: refused by the ESME with a permanent error.
        abandoned: dropped after the last attempt or when the queue was full.
    """

    sent: int = 0
    acknowledged: int = 0
    repeated: int = 0
    refused: int = 0
    abandoned: int = 0
