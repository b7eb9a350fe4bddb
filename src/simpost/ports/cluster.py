"""What the nodes on one database ask of it, to share the work between them.

Every verb returns after the commit and raises `StoreError` when it could not commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from simpost.ports.carrier import ConnectionStatus

ACCOUNTS_CHANGED = "accounts changed"
RELOAD_ORDERED = "reload ordered"
"""What nodes that listen are told then; no carrier has such a name."""


class CarrierReport(msgspec.Struct, frozen=True):
    """What a node says of a carrier, as far as its own binds go.

    Attributes:
        is_lost: what waits had better go by another carrier.
        held: parts in its lane.
        connections: those it owns.
        failed: how often it tried in vain to bind, since it was bound last.
        turn: 0 unless it leaves the binds to others; else its place in the row of those that do.
    """

    is_available: bool
    should_fail_over: bool
    held: int
    connections: list[ConnectionStatus]
    failed: int = 0
    turn: int = 0


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload did.

    Attributes:
        added, changed, removed: names of carriers.
        sections: those beside the carriers that hold in another way now.
        needs_restart: sections that differ in the file and are only read at the start.
    """

    added: list[str]
    changed: list[str]
    removed: list[str]
    sections: list[str]
    needs_restart: list[str]


class ConfigReadResult(msgspec.Struct, frozen=True):
    """How a node read its file last.

    Attributes:
        done: none where the file was not right, and nothing was changed.
        problems: what is wrong with the file, a line each; of many the first.
    """

    done: Reloaded | None
    problems: list[str] = []


class Report(msgspec.Struct, frozen=True):
    """What a node says with each beat.

    Attributes:
        carriers: by their name, all that it is configured with.
        reading: none before it read its file a second time.
        obeyed: the last order to do so that it carried out.
    """

    carriers: dict[str, CarrierReport] = {}
    reading: ConfigReadResult | None = None
    applied_reload: int = 0


class NewNode(msgspec.Struct, frozen=True):
    """A process that is about to be a node.

    Attributes:
        run: 16 octets of this process alone: a later one of the same name has others.
        roles: some of "api", "dispatch", "carrier".
        lease_s: how long it owns what it has after it asked for its last beat.
    """

    name: str
    run: bytes
    roles: tuple[str, ...]
    version: str
    lease_s: float


class NodeRow(msgspec.Struct, frozen=True):
    """A node as the others see it.

    Attributes:
        serial: grows with each beat; one that stands still is a node that says nothing.
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
    """A node lives. `takes` are leases it would have where they are free, `gives` those it returns.

    A lease is on a thing, by its name: `bind CARRIER NUMBER`, or `dispatch`.
    """

    name: str
    run: bytes
    report: Report
    acquire: Sequence[str] = ()
    release: Sequence[str] = ()


class CarrierOrder(msgspec.Struct, frozen=True):
    """What the administrator wants of a carrier on all nodes; `unbind` is a drain."""

    carrier: str
    unbind: bool


class ClusterView(msgspec.Struct, frozen=True):
    """How things stand after a beat.

    Attributes:
        now_ms: the clock of the database.
        nodes: all of them, this one too.
        leases: who has which thing; a thing that nobody has is missing.
        accounts_version: grows whenever an account is added or changed.
        orders: the carriers that are to send nothing.
        reloads: number of the last order that all nodes read their files again; 0: none.
    """

    now_ms: int
    nodes: list[NodeRow]
    leases: dict[str, str]
    accounts_version: int
    orders: list[CarrierOrder]
    reloads: int


class TokenRequest(msgspec.Struct, frozen=True):
    """Tokens that a node wants of the bucket that an account has for all nodes."""

    account_id: int
    rate_per_s: float
    burst: float
    wanted: int


class TokenGrant(msgspec.Struct, frozen=True):
    """How many there were; when there was none, how long until there is one."""

    tokens: int
    wait_s: float


class ClusterStore(Protocol):
    async def register(self, node: NewNode) -> NodeRow | None:
        """Become a node. The one that has the name already, where there is one."""
        ...

    async def beat(self, beat: Heartbeat) -> ClusterView | None:
        """None when it is no node any more: the others have buried it."""
        ...

    async def leave(self, name: str, run: bytes) -> None:
        """Be no node any more, and return all leases."""
        ...

    async def evict(self, node: NodeRow) -> bool:
        """Free the leases of one that said nothing since; false where it did."""
        ...

    async def abandoned(self) -> list[str]:
        """Names that hold parts and are no node any more."""
        ...

    async def draw(self, draw: TokenRequest) -> TokenGrant:
        """Take tokens of a shared rate limit."""
        ...

    async def order(self, carrier: str, *, unbind: bool) -> None:
        """Have the carrier send nothing, on all nodes and until `cancel_order`."""
        ...

    async def cancel_order(self, carrier: str) -> None:
        """Let the carrier send again, on all nodes."""
        ...

    async def order_reload(self) -> int:
        """Have all nodes read their files again; the number of the order, greater than before."""
        ...

    async def close(self) -> None:
        """Close the connections to the database."""
        ...
