"""Counters of the simulator; plain integers, because the hot path adds to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from simpost.smsc.faults import UpstreamName
from simpost.smsc.pending_deliver import DeliverCounts


@dataclass(slots=True)
class Counters:
    """Counts since the start.

    Attributes:
        binds, binds_refused: bind requests answered with ESME_ROK, and with anything else.
        responses: responses to submits by command_status.
        malformed: PDUs that could not be read.
        tolerated: PDUs with an ignored defect, such as an unreadable optional part.
        unexpected_responses: responses without a request, or after its timeout.
        receipts, messages: deliver_sm with a receipt, and from a handset.
        upstreams: responses to texts by HTTP, by the shape of the request and the status.
        callbacks: calls to URLs of clients.
    """

    binds: int = 0
    binds_refused: int = 0
    responses: Counter[int] = field(default_factory=Counter)
    malformed: int = 0
    tolerated: int = 0
    unexpected_responses: int = 0
    receipts: DeliverCounts = field(default_factory=DeliverCounts)
    messages: DeliverCounts = field(default_factory=DeliverCounts)
    upstreams: Counter[tuple[UpstreamName, int]] = field(default_factory=Counter)
    callbacks: DeliverCounts = field(default_factory=DeliverCounts)
