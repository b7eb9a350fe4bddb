"""A carrier as the administrator sees it."""

from __future__ import annotations

import msgspec

from simpost.domain.receipt_delays import ReceiptDelay
from simpost.ports.carrier import ConnectionState, ConnectionStatus


class CarrierStatus(msgspec.Struct, frozen=True):
    """Its connections on all nodes, and what waits for it.

    Attributes:
        state: `None` when parts are queued for a carrier that is no longer configured.
        is_available: whether routing prefers it now to the other carriers of a route.
        queued: parts that are queued in the store.
        oldest_queued_ms: when the oldest of them was accepted; `None` when none is queued.
        leased: parts in the lanes of all nodes.
        connections: those of this node.
        remote_connections: those of other nodes, each with the name of its node.
        receipt_delay: of messages of the last hour; `None` when it delivered none of them yet.
    """

    name: str
    state: ConnectionState | None = None
    is_paused: bool = False
    is_available: bool = False
    queued: int = 0
    oldest_queued_ms: int | None = None
    leased: int = 0
    connections: list[ConnectionStatus] = []
    remote_connections: list[tuple[str, ConnectionStatus]] = []
    receipt_delay: ReceiptDelay | None = None
