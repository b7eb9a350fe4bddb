"""The parts of the cluster that other components need before a node can join."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from uuid_utils import uuid7

from simpost.cluster.clock import SharedClock, monotonic_s
from simpost.cluster.local_carriers import LocalCarriers
from simpost.cluster.node import Node, RecoverLeases
from simpost.cluster.shared_rate_limit import SharedRateLimits
from simpost.cluster.single_node import SingleNode
from simpost.config import NodeSettings
from simpost.ports.cluster import ClusterStore, NewNode
from simpost.runtime.clock import Clock, SteadyClock, wall_clock_ms
from simpost.runtime.reload import Reload

ReloadAccounts = Callable[[], Awaitable[None]]
BuildNode = Callable[[LocalCarriers, ReloadAccounts, RecoverLeases, Reload], Node | SingleNode]
"""Builds the node from the components that it controls. The caller then calls `join`."""


@dataclass(frozen=True, slots=True)
class ClusterParts:
    """The same for one node and for many, so that only this module knows the difference.

    Attributes:
        name: of this node; it owns its leases under this name.
        clock: for leases and times that are stored.
        caller_clock_ms: for comparison with the timestamps of callers.
        new_id: returns a new UUIDv7 in 16 octets.
        rate_limits: of accounts, for all nodes together; `None` where this process has its own.
        owned: connections of each carrier that this node owns at the start; `None`: all.
    """

    name: str
    clock: SteadyClock | SharedClock
    caller_clock_ms: Clock
    new_id: Callable[[], bytes]
    rate_limits: SharedRateLimits | None
    owned: Collection[int] | None
    build_node: BuildNode


def single_node_parts() -> ClusterParts:
    """Return the parts for the one process of an embedded store."""
    return ClusterParts(
        name=SingleNode.name,
        clock=SteadyClock(),
        caller_clock_ms=wall_clock_ms,
        new_id=lambda: uuid7().bytes,
        rate_limits=None,
        owned=None,
        build_node=lambda _carriers, _accounts, _recover, reload: SingleNode(reload.run),
    )


def shared_parts(
    store: ClusterStore, name: str, settings: NodeSettings, version: str
) -> ClusterParts:
    """Return the parts for one of several nodes on a database."""
    clock = SharedClock()

    def build_node(
        carriers: LocalCarriers,
        reload_accounts: ReloadAccounts,
        recover_leases_of: RecoverLeases,
        reload: Reload,
    ) -> Node:
        roles = tuple(sorted(settings.roles))
        return Node(
            NewNode(name, uuid7().bytes, roles, version, settings.lease_s),
            store,
            carriers,
            reload_accounts,
            clock,
            recover_leases_of,
            reload,
            yield_binds_after_s=settings.yield_binds_after_s,
            time_s=monotonic_s,
        )

    return ClusterParts(
        name=name,
        clock=clock,
        caller_clock_ms=clock.now_ms,
        new_id=lambda: uuid7(nanoseconds=clock.now_ns()).bytes,
        rate_limits=SharedRateLimits(store, time.monotonic),
        owned=(),
        build_node=build_node,
    )
