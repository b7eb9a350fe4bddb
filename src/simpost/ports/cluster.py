"""The cluster port: how the nodes on one database share the work.

Every method returns after the commit and raises `StoreError` when it could not commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from simpost.ports.carrier import ConnectionStatus

ACCOUNTS_CHANGED = "accounts changed"
RELOAD_ORDERED = "reload ordered"
"""Payloads of the notifications to all nodes; no carrier can have such a name."""


class CarrierReport(msgspec.Struct, frozen=True):
    """A node's report on a carrier, for its own binds only.

    Attributes:
        should_fail_over: whether queued parts should go by another carrier.
        leased: parts in its lane on this node.
        connections: those that the node owns.
        failed: attempts to bind without success since the last bind.
        turn: its rank among the nodes that yield their binds to others; 0 when it does not yield.
    """

    is_available: bool
    should_fail_over: bool
    leased: int
    connections: list[ConnectionStatus]
    failed: int = 0
    turn: int = 0


class Reloaded(msgspec.Struct, frozen=True):
    """The changes that a reload made.

    Attributes:
        added, changed, removed: names of carriers.
        sections: changed sections other than carriers, already in effect.
        needs_restart: sections that differ in the file and are only read at the start.
    """

    added: list[str]
    changed: list[str]
    removed: list[str]
    sections: list[str]
    needs_restart: list[str]


class ConfigReadResult(msgspec.Struct, frozen=True):
    """The result of a node's last read of its configuration file.

    Attributes:
        done: `None` when the file was not valid and nothing was changed.
        problems: the first errors in the file, one line each.
    """

    done: Reloaded | None
    problems: list[str] = []


class Report(msgspec.Struct, frozen=True):
    """What a node reports with each heartbeat.

    Attributes:
        carriers: all configured carriers, by name.
        reading: `None` before the first reload.
        applied_reload: number of the last reload order that it carried out.
    """

    carriers: dict[str, CarrierReport] = {}
    reading: ConfigReadResult | None = None
    applied_reload: int = 0


class NewNode(msgspec.Struct, frozen=True):
    """A process that is about to be a node.

    Attributes:
        run: 16 random octets: a later process with the same name has different ones.
        roles: some of "api", "dispatch", "carrier".
        lease_s: seconds for which it keeps its leases after it sent its last heartbeat.
    """

    name: str
    run: bytes
    roles: tuple[str, ...]
    version: str
    lease_s: float


class NodeRow(msgspec.Struct, frozen=True):
    """A node as the others see it.

    Attributes:
        serial: grows with each heartbeat; when it stops growing, the node is silent.
        started_ms, beat_ms: by the clock of the database.
    """

    name: str
    run: bytes
    roles: tuple[str, ...]
    version: str
    lease_s: float
    started_ms: int
    beat_ms: int
    serial: int
    report: Report


class Heartbeat(msgspec.Struct, frozen=True):
    """A sign of life of a node. It acquires the leases that are free, and releases others.

    A lease is named after its object: `bind CARRIER NUMBER`, or `dispatch`.
    """

    name: str
    run: bytes
    report: Report
    acquire: Sequence[str] = ()
    release: Sequence[str] = ()


class CarrierOrder(msgspec.Struct, frozen=True):
    """A carrier that an administrator paused on all nodes; drained, if `unbind` is set."""

    carrier: str
    unbind: bool


class ClusterView(msgspec.Struct, frozen=True):
    """The cluster after a heartbeat.

    Attributes:
        now_ms: the clock of the database.
        nodes: all nodes, including this one.
        leases: node by name of the lease; a free lease is missing.
        accounts_version: grows whenever an account is added or changed.
        orders: the paused and drained carriers.
        reloads: number of the last reload order to all nodes; 0 when there was none.
    """

    now_ms: int
    nodes: list[NodeRow]
    leases: dict[str, str]
    accounts_version: int
    orders: list[CarrierOrder]
    reloads: int


class TokenRequest(msgspec.Struct, frozen=True):
    """Tokens that a node requests from the bucket that all nodes share for an account."""

    account_id: int
    rate_per_s: float
    burst: float
    wanted: int


class TokenGrant(msgspec.Struct, frozen=True):
    """The number of tokens granted; when 0, the seconds until there is one."""

    tokens: int
    wait_s: float


class ClusterStore(Protocol):
    """Stores nodes, their leases, orders and shared rate limits."""

    async def register(self, node: NewNode) -> NodeRow | None:
        """Add the node. Returns the node that already has the name, `None` if there is none."""
        ...

    async def beat(self, beat: Heartbeat) -> ClusterView | None:
        """Record a heartbeat. Returns `None` when the node was evicted by another."""
        ...

    async def leave(self, name: str, run: bytes) -> None:
        """Remove the node and release all its leases."""
        ...

    async def evict(self, node: NodeRow) -> bool:
        """Remove a node and its leases; false if it sent a heartbeat since `node` was read."""
        ...

    async def alive(self) -> list[str]:
        """Names of nodes with a heartbeat within two of their leases."""
        ...

    async def abandoned(self) -> list[str]:
        """Names of former nodes that still have leased parts."""
        ...

    async def draw(self, draw: TokenRequest) -> TokenGrant:
        """Take tokens of a shared rate limit."""
        ...

    async def order(self, carrier: str, *, unbind: bool) -> None:
        """Pause the carrier on all nodes until `cancel_order`; drain it if `unbind` is set."""
        ...

    async def cancel_order(self, carrier: str) -> None:
        """Let the carrier send again, on all nodes."""
        ...

    async def order_reload(self) -> int:
        """Order all nodes to reload; returns the number of the order, greater than the last."""
        ...

    async def close(self) -> None:
        """Close the connections to the database."""
        ...
