"""A node: one of several processes on one database.

It sends heartbeats. Each one proves that the node is alive, reports the state of its carriers,
acquires free leases and releases those that are no longer needed. A node binds only what it has
leased. If no heartbeat succeeds for half a lease period, it closes all binds before its leases end,
and no other node takes them earlier.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Final

from simpost.cluster.binds import Binds
from simpost.cluster.carrier_orders import CarrierOrders
from simpost.cluster.clock import SharedClock
from simpost.cluster.facade import EMPTY_VIEW
from simpost.cluster.lease_names import DISPATCH
from simpost.cluster.liveness import Liveness
from simpost.cluster.local_carriers import LocalCarriers
from simpost.cluster.reachability import Reachability
from simpost.cluster.reload import ClusterReload
from simpost.errors import ConfigError, StoreError
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.cluster import (
    ClusterStore,
    ClusterView,
    ConfigReadResult,
    Heartbeat,
    NewNode,
    NodeRow,
    Reloaded,
    Report,
)
from simpost.runtime.component import Component
from simpost.runtime.reload import Reload

_BEAT_S: Final = 0.8
_FENCE: Final = 0.5
"""Share of a lease after which a node without a successful heartbeat closes its binds."""
_CLOSE_WITHIN: Final = 0.25
"""Share of a lease within which they are closed then."""
_TIMEOUT: Final = 0.2
"""Share of a lease that one heartbeat may take, so that another fits in before the binds close."""
_FENCED_TIMEOUT_S: Final = 10.0
"""Timeout of a heartbeat once the binds are closed: as long as connecting may take."""

RecoverLeases = Callable[[str], Awaitable[object]]
"""Puts the parts in doubt that the node of that name had leased."""

log = get_logger(__name__)


class Node(Component):
    """Implements `simpost.cluster.facade.Cluster` on a database that nodes share."""

    def __init__(
        self,
        facts: NewNode,
        store: ClusterStore,
        carriers: LocalCarriers,
        reload_accounts: Callable[[], Awaitable[None]],
        clock: SharedClock,
        recover_leases_of: RecoverLeases,
        reload: Reload,
        *,
        yield_binds_after_s: float,
        time_s: Callable[[], float],
    ) -> None:
        self.name = facts.name
        self._view: ClusterView | None = None
        self._facts = facts
        self._store = store
        self._carriers = carriers
        self._reload_accounts = reload_accounts
        self._accounts_version = 0
        self._clock = clock
        self._recover_leases_of = recover_leases_of
        self._lease_s = facts.lease_s
        self._beat_s = min(_BEAT_S, facts.lease_s / 6)
        self._time_s = time_s
        self._liveness = Liveness()
        self._leases: frozenset[str] = frozenset()
        self._binds = Binds(
            facts.name,
            carriers,
            Reachability(facts.name, yield_binds_after_s, time_s),
            wants_none="carrier" not in facts.roles,
            within_s=facts.lease_s * _CLOSE_WITHIN,
        )
        self._valid_until_s = 0.0
        self._beat_succeeded = asyncio.Event()
        self._beat_soon = asyncio.Event()
        self._orders = CarrierOrders(carriers)
        self._ordered_s = 0.0
        self._cluster_reload = ClusterReload(reload, store, self.beat_now, time_s)
        self._recovered_s = 0.0
        self._evict_from_s = 0.0

    @property
    def view(self) -> ClusterView:
        """All nodes and leases as of the last heartbeat; `EMPTY_VIEW` before the first one."""
        return self._view or EMPTY_VIEW

    @property
    def is_leader(self) -> bool:
        """Whether this node runs the jobs that only one node may run."""
        return DISPATCH in self._leases and self._time_s() < self._valid_until_s

    # Start and stop.

    async def join(self) -> None:
        """Register, and read the other nodes. Raises ConfigError, StoreError."""
        await self.register()
        await self.beat()

    async def register(self) -> None:
        """Become a node, once the leases of an earlier process of the same name have ended.

        Raises ConfigError when another process with that name is alive.
        """
        found = await self._store.register(self._facts)
        lease_s = found.lease_s if found else 0.0
        if found:
            log.warning("waiting_for_earlier_process", node=self.name, seconds=lease_s)
        ends_s = self._time_s() + lease_s
        while found:
            await asyncio.sleep(self._beat_s)
            if self._time_s() >= ends_s:
                await self._store.evict(found)
            again = await self._store.register(self._facts)
            if again and (again.run, again.serial) != (found.run, found.serial):
                raise ConfigError(
                    f"another process is the node {self.name!r} already: give this one another "
                    "name, or leave the name out"
                )
            found = again
        log.info("node_joined", node=self.name, roles=sorted(self._facts.roles))

    async def run(self) -> None:
        """Send heartbeats until cancelled; close the binds while none succeeds."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._guard())
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._beat_s):
                        await self._beat_soon.wait()
                self._beat_soon.clear()
                await self._try_beat()

    def on_change(self) -> None:
        """Read a change of another node now."""
        self.beat_now()

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        return (Sample(metrics.LEADER, (), self.is_leader),)

    def beat_now(self) -> None:
        """Send the next heartbeat at once."""
        self._beat_soon.set()

    async def leave(self) -> None:
        """Leave the cluster. Call it when nothing is bound.

        Results that could not be committed put their parts in doubt now, before the leases end.
        """
        self._leases = frozenset()
        try:
            async with asyncio.timeout(self._lease_s * _TIMEOUT):
                await self._recover_leases_of(self.name)
                await self._store.leave(self.name, self._facts.run)
        except (StoreError, TimeoutError) as error:
            log.warning("leave_failed", node=self.name, error=str(error))

    async def beat(self) -> None:
        """Send one heartbeat and act on the view that it returns. Raises StoreError."""
        asked_s = self._time_s()
        view = await self._store.beat(self._next_beat())
        now_s = self._time_s()
        if asked_s > self._valid_until_s:
            # Others may have been cut off as well: their silence proves nothing, until a heartbeat
            # that waits for a lost connection has failed.
            self._liveness = Liveness()
            if self._view is not None:
                self._evict_from_s = now_s + _FENCED_TIMEOUT_S
        if view is None:
            await self._register_again()
            return
        valid_until_s = asked_s + self._lease_s * _FENCE
        if now_s >= valid_until_s:
            return  # the view is out of date; the next heartbeat may be faster
        self._valid_until_s = valid_until_s
        self._beat_succeeded.set()
        self._clock.adjust(view.now_ms, now_s - asked_s)
        self._liveness.update(view.nodes, now_s)
        self._view = view
        self._carriers.remote_carriers.nodes = self._others()
        # The view may be older than an order that was given here after the request.
        if asked_s > self._ordered_s and self._carriers.is_started:
            self._orders.apply(view.orders)
        if self._carriers.is_started:
            self._cluster_reload.on_order(view.reloads)
        self._set_leases([name for name, node in view.leases.items() if node == self.name])
        await self._evict_dead_nodes(now_s)
        if self.is_leader and now_s - self._recovered_s >= self._lease_s:
            await self._recover_abandoned_parts()
            self._recovered_s = now_s
        await self._follow_accounts(view.accounts_version)

    async def _try_beat(self) -> None:
        is_fenced = self._time_s() > self._valid_until_s
        try:
            async with asyncio.timeout(
                _FENCED_TIMEOUT_S if is_fenced else self._lease_s * _TIMEOUT
            ):
                await self.beat()
        except (StoreError, TimeoutError) as error:
            log.error("heartbeat_failed", node=self.name, error=str(error) or "no response in time")

    async def _register_again(self) -> None:
        """Another node evicted this one: put its parts in doubt and register again.

        Raises ConfigError, which ends the process, when another process has the name now.
        """
        log.error("evicted_while_alive", node=self.name)
        self._set_leases(())
        if await self._store.register(self._facts):
            raise ConfigError(f"another process is the node {self.name!r} now")
        await self._recover_leases_of(self.name)

    async def _guard(self) -> None:
        """Close all binds whenever no heartbeat has succeeded for too long."""
        while True:
            left_s = self._valid_until_s - self._time_s()
            if left_s > 0:
                await asyncio.sleep(left_s)
                continue
            if self._leases:
                log.error("binds_released", node=self.name, reason="the database does not respond")
            self._set_leases(())
            self._beat_succeeded.clear()
            await self._beat_succeeded.wait()

    # Orders of the administrator.

    async def order(self, carrier: str, *, unbind: bool) -> None:
        """Have the other nodes pause a carrier, or drain it. Raises StoreError.

        The order is in force until `cancel_order`, also for nodes that restart. The caller carries
        it out on this node.
        """
        await self._store.order(carrier, unbind=unbind)
        self._orders.note_order(carrier, unbind=unbind)
        self._ordered_s = self._time_s()

    async def cancel_order(self, carrier: str) -> None:
        """Have the other nodes resume a carrier. Raises StoreError."""
        await self._store.cancel_order(carrier)
        self._orders.note_cancelled(carrier)
        self._ordered_s = self._time_s()

    async def reload(self) -> tuple[Reloaded, dict[str, ConfigReadResult | None]]:
        """Have every node read its configuration again; see `ClusterReload.order`."""
        return await self._cluster_reload.order(self.name, lambda: self._view)

    # Its leases.

    def _next_beat(self) -> Heartbeat:
        self._binds.reset(self._cluster_reload.changed_carriers())
        leases = self._view.leases if self._view else None
        acquire: list[str] = []
        release: list[str] = []
        if leases is not None:
            acquire, release = self._binds.lease_request(leases, self._others())
            if "dispatch" in self._facts.roles and DISPATCH not in leases:
                acquire = [*acquire, DISPATCH]
        report = Report(
            self._binds.reports(), self._cluster_reload.last, self._cluster_reload.applied_reload
        )
        return Heartbeat(self.name, self._facts.run, report, acquire, release)

    def _set_leases(self, names: Collection[str]) -> None:
        self._leases = frozenset(names)
        self._binds.set_owned(self._leases)

    # The other nodes.

    def _others(self) -> list[NodeRow]:
        """The other nodes whose last heartbeat is recent enough that they may use their leases."""
        now_s = self._time_s()
        return [
            node
            for node in self.view.nodes
            if node.name != self.name
            and self._liveness.silent_s(node, now_s) < node.lease_s * _FENCE
        ]

    async def _evict_dead_nodes(self, now_s: float) -> None:
        if now_s < self._evict_from_s:
            return
        for node in self.view.nodes:
            if node.name == self.name or self._liveness.silent_s(node, now_s) < node.lease_s:
                continue
            if await self._store.evict(node):
                log.warning("node_lost", node=node.name)
                await self._recover_leases_of(node.name)

    async def _recover_abandoned_parts(self) -> None:
        """Recover parts of evicted nodes: the node that evicted one may have died before it did."""
        for name in await self._store.abandoned():
            log.warning("abandoned_parts_recovered", node=name)
            await self._recover_leases_of(name)

    async def _follow_accounts(self, version: int) -> None:
        if version != self._accounts_version:
            await self._reload_accounts()
            self._accounts_version = version
