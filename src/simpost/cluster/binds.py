"""The binds that this node wants, owns and is about to release."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from simpost.cluster.bind_allocation import BindRank, allocate_binds
from simpost.cluster.lease_names import bind_lease, parse_bind_lease
from simpost.cluster.local_carriers import LocalCarriers
from simpost.cluster.reachability import Reachability
from simpost.observe import get_logger
from simpost.ports.cluster import CarrierReport, NodeRow

log = get_logger(__name__)


class LeaseRequest(NamedTuple):
    """Names of the leases that the next heartbeat acquires and releases."""

    acquire: list[str]
    release: list[str]


class Binds:
    """Has the carriers use the binds that this node owns and no others.

    A carrier closes a bind that the node no longer owns within `within_s`. With `wants_none` the
    node acquires no binds.
    """

    def __init__(
        self,
        node: str,
        carriers: LocalCarriers,
        reach: Reachability,
        *,
        wants_none: bool,
        within_s: float,
    ) -> None:
        self._node = node
        self._carriers = carriers
        self._reach = reach
        self._wants_none = wants_none
        self._within_s = within_s
        self._owned: frozenset[str] = frozenset()
        self._releasing: set[str] = set()
        self._assigned: dict[str, tuple[frozenset[int], asyncio.Task[None]]] = {}

    def set_owned(self, leases: Iterable[str]) -> None:
        """Open the binds of new leases and close those of all leases that are not given."""
        self._owned = frozenset(lease for lease in leases if parse_bind_lease(lease))
        self._releasing &= self._owned
        numbers: dict[str, set[int]] = {name: set() for name in self._carriers.lanes}
        for lease in self._owned - self._releasing:
            if (bind := parse_bind_lease(lease)) and bind[0] in numbers:
                numbers[bind[0]].add(bind[1])
        for name in self._assigned.keys() - numbers.keys():
            del self._assigned[name]
        for name, wanted in numbers.items():
            self._assign(name, frozenset(wanted))

    def lease_request(self, leases: Mapping[str, str], others: Iterable[NodeRow]) -> LeaseRequest:
        """Acquire a fair share of the free binds; release binds above it once they are closed."""
        wanted = self._wanted()
        rivals = [node for node in others if "carrier" in node.roles]
        ranks = {name: self._ranks(name, rivals) for name in wanted}
        share = allocate_binds(self._node, wanted, ranks, leases)
        configured = {bind_lease(name, number) for name in wanted for number in wanted[name]}
        self._releasing.update(share.release, self._owned - configured)
        return LeaseRequest(
            share.acquire, [lease for lease in self._releasing if not self._is_bound(lease)]
        )

    def reports(self) -> dict[str, CarrierReport]:
        """The state of each carrier on this node, by name, for the other nodes."""
        return {
            name: CarrierReport(
                lane.is_available,
                lane.should_fail_over,
                lane.leased,
                lane.carrier.connections(),
                *self._reach.rank(name),
            )
            for name, lane in self._carriers.lanes.items()
        }

    def reset(self, carriers: Iterable[str]) -> None:
        """Forget failed attempts and assigned binds of carriers that have other settings now."""
        for name in carriers:
            self._reach.forget(name)
            if assigned := self._assigned.get(name):  # a new driver has no binds yet
                self._assigned[name] = (frozenset(), assigned[1])

    def _ranks(self, name: str, rivals: Iterable[NodeRow]) -> dict[str, BindRank]:
        """The rank of each node that is configured with the carrier, this one included."""
        reports = {
            node.name: node.report.carriers[name] for node in rivals if name in node.report.carriers
        }
        carrier = self._carriers.lanes[name].carrier
        used = {bind[0] for bind in map(parse_bind_lease, self._owned - self._releasing) if bind}
        ownership = carrier.ownership
        unreachable_for_s = ownership.unreachable_for_s if ownership and name in used else 0.0
        self._reach.update(name, carrier.connections(), unreachable_for_s, list(reports.values()))
        ranks = {other: BindRank(report.failed, report.turn) for other, report in reports.items()}
        return {self._node: self._reach.rank(name), **ranks}

    def _wanted(self) -> dict[str, tuple[int, ...]]:
        """The numbers of all binds of each carrier with owned connections."""
        if self._wants_none:
            return {}
        lanes = self._carriers.lanes.items()
        shared = {name: lane.carrier.ownership for name, lane in lanes}
        return {name: each.connection_numbers for name, each in shared.items() if each}

    def _is_bound(self, lease: str) -> bool:
        bind = parse_bind_lease(lease)
        lane = self._carriers.lanes.get(bind[0]) if bind else None
        ownership = lane.carrier.ownership if lane else None
        return bool(bind and ownership and bind[1] in ownership.open_connections)

    def _assign(self, name: str, numbers: frozenset[int]) -> None:
        assigned = self._assigned.get(name)
        if (assigned[0] if assigned else frozenset()) == numbers:
            return
        log.info("binds_assigned", node=self._node, carrier=name, binds=sorted(numbers))
        task = asyncio.create_task(self._set_owned_connections(name, numbers))
        self._assigned[name] = (numbers, task)

    async def _set_owned_connections(self, name: str, numbers: frozenset[int]) -> None:
        try:
            await self._carriers.set_owned_connections(name, numbers, self._within_s)
        except Exception:
            log.exception("binds_not_assigned", carrier=name)
