"""Binds: which of them this node wants, has, and is about to return."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from simpost.cluster.bind_allocation import BindRank, share_of
from simpost.cluster.lease_names import bind_of, parse_bind
from simpost.cluster.local_carriers import LocalCarriers
from simpost.cluster.reachability import Reachability
from simpost.observe import get_logger
from simpost.ports.cluster import CarrierReport, NodeRow

log = get_logger(__name__)


class LeaseRequest(NamedTuple):
    """What the next beat is to ask for: leases by the names of their things."""

    acquire: list[str]
    release: list[str]


class Binds:
    """Has the carriers keep what is owned and nothing else; what is given up is gone `within_s`.

    A node that `keeps_none` wants none.
    """

    def __init__(
        self,
        node: str,
        carriers: LocalCarriers,
        reach: Reachability,
        *,
        keeps_none: bool,
        within_s: float,
    ) -> None:
        self._node = node
        self._carriers = carriers
        self._reach = reach
        self._keeps_none = keeps_none
        self._within_s = within_s
        self._held: frozenset[str] = frozenset()
        self._giving: set[str] = set()
        self._told: dict[str, tuple[frozenset[int], asyncio.Task[None]]] = {}

    def own(self, things: Iterable[str]) -> None:
        """These leases are this node's, and no others: bind what is new, unbind what is lost."""
        self._held = frozenset(thing for thing in things if parse_bind(thing))
        self._giving &= self._held
        numbers: dict[str, set[int]] = {name: set() for name in self._carriers.lanes}
        for thing in self._held - self._giving:
            if (found := parse_bind(thing)) and found[0] in numbers:
                numbers[found[0]].add(found[1])
        for name in self._told.keys() - numbers.keys():
            del self._told[name]
        for name, wanted in numbers.items():
            self._tell(name, frozenset(wanted))

    def lease_request(self, leases: Mapping[str, str], others: Iterable[NodeRow]) -> LeaseRequest:
        """Its share of what is free; what is above its share, once nothing of it is bound."""
        wanted = self._wanted()
        rivals = [node for node in others if "carrier" in node.roles]
        places = {name: self._places(name, rivals) for name in wanted}
        share = share_of(self._node, wanted, places, leases)
        known = {bind_of(name, number) for name in wanted for number in wanted[name]}
        self._giving.update(share.release, self._held - known)
        return LeaseRequest(
            share.acquire, [thing for thing in self._giving if not self._is_bound(thing)]
        )

    def report(self) -> dict[str, CarrierReport]:
        return {
            name: CarrierReport(
                lane.is_available,
                lane.should_fail_over,
                lane.leased,
                lane.carrier.connections(),
                *self._reach.place(name),
            )
            for name, lane in self._carriers.lanes.items()
        }

    def changed(self, carriers: Iterable[str]) -> None:
        """They have other settings now: what was known of reaching them holds no more."""
        for name in carriers:
            self._reach.forget((name,))
            if told := self._told.get(name):  # it may have another driver now, which knows nothing
                self._told[name] = (frozenset(), told[1])

    def _places(self, name: str, rivals: Iterable[NodeRow]) -> dict[str, BindRank]:
        """Where each node stands that knows the carrier; first this one, as it stands now."""
        reports = {
            node.name: node.report.carriers[name] for node in rivals if name in node.report.carriers
        }
        carrier = self._carriers.lanes[name].carrier
        kept = {bind[0] for bind in map(parse_bind, self._held - self._giving) if bind}
        ownership = carrier.ownership
        unreachable_for_s = ownership.unreachable_for_s if ownership and name in kept else 0.0
        self._reach.look(name, carrier.connections(), unreachable_for_s, list(reports.values()))
        places = {other: BindRank(said.failed, said.turn) for other, said in reports.items()}
        return {self._node: self._reach.place(name), **places}

    def _wanted(self) -> dict[str, tuple[int, ...]]:
        if self._keeps_none:
            return {}
        lanes = self._carriers.lanes.items()
        shared = {name: lane.carrier.ownership for name, lane in lanes}
        return {name: each.connection_numbers for name, each in shared.items() if each}

    def _is_bound(self, thing: str) -> bool:
        found = parse_bind(thing)
        lane = self._carriers.lanes.get(found[0]) if found else None
        ownership = lane.carrier.ownership if lane else None
        return bool(found and ownership and found[1] in ownership.open_connections)

    def _tell(self, name: str, wanted: frozenset[int]) -> None:
        told = self._told.get(name)
        if (told[0] if told else frozenset()) == wanted:
            return
        log.info("binds_assigned", node=self._node, carrier=name, binds=sorted(wanted))
        self._told[name] = (wanted, asyncio.create_task(self._have(name, wanted)))

    async def _have(self, name: str, wanted: frozenset[int]) -> None:
        try:
            await self._carriers.set_owned_connections(name, wanted, self._within_s)
        except Exception:
            log.exception("binds_not_assigned", carrier=name)
