"""What the centre has to bring to an ESME, and counts of how that went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simpost.smpp import DeliverSm
from simpost.smsc.wire_faults import Tamper


class PendingDeliver(Protocol):
    """One deliver_sm until it is taken.

    Attributes:
        tries: how often it was sent.
    """

    tries: int

    def pdu(self) -> DeliverSm:
        """Made anew for each try."""

    def tamper(self) -> Tamper | None:
        """What happens to the octets of this try."""

    def answered(self, status: int | None) -> None:
        """A try was answered; None: it was not."""


@dataclass(slots=True)
class DeliverCounts:
    """Since the start.

    Attributes:
        sent: deliver_sm, repeats included.
        acknowledged: those the ESME took.
        repeated: those put back because of no answer or a temporary error.
        refused: those the ESME refused for good.
        abandoned: those no repeat was left for, or no memory.
    """

    sent: int = 0
    acknowledged: int = 0
    repeated: int = 0
    refused: int = 0
    abandoned: int = 0
