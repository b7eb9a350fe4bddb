"""A node: one process among several on one database, and its part of the work.

It beats; each beat says that it lives and what it sees of its carriers, takes leases that are free
and returns those it no longer needs. What it owns it may keep bound. A node that could not beat
for half a lease has unbound everything before a lease is over, and nobody takes over earlier.
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
"""Share of a lease after which a node that could not beat gives up its binds."""
_GIVE_UP: Final = 0.25
"""Share of a lease within which they are gone then."""
_PATIENCE: Final = 0.2
"""Share of a lease that one beat may take, so that there is another before binds are given up."""
_PATIENCE_S: Final = 10.0
"""The same once they are: now it takes as long as connecting may."""

RecoverLeases = Callable[[str], Awaitable[object]]
"""Puts in doubt what a node held that is dead."""

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
        self._held: frozenset[str] = frozenset()
        self._binds = Binds(
            facts.name,
            carriers,
            Reachability(facts.name, yield_binds_after_s, time_s),
            keeps_none="carrier" not in facts.roles,
            within_s=facts.lease_s * _GIVE_UP,
        )
        self._good_until_s = 0.0
        self._beaten = asyncio.Event()
        self._beat_soon = asyncio.Event()
        self._orders = CarrierOrders(carriers)
        self._ordered_s = 0.0
        self._rereading = ClusterReload(reload, store, self.beat_now, time_s)
        self._recovered_s = 0.0

    @property
    def view(self) -> ClusterView:
        """All nodes and leases as of the last heartbeat; `EMPTY_VIEW` before the first one."""
        return self._view or EMPTY_VIEW

    @property
    def is_leader(self) -> bool:
        """Whether the duties of dispatch are this node's now."""
        return DISPATCH in self._held and self._time_s() < self._good_until_s

    # Life.

    async def join(self) -> None:
        """Register, and hear of the other nodes. Raises ConfigError, StoreError."""
        await self.register()
        await self.beat()

    async def register(self) -> None:
        """Become a node; of one that died under the same name the leases must run out first.

        Raises ConfigError when another process lives under that name.
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
        """Beat until cancelled, and give up the binds where that does not succeed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._guard())
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._beat_s):
                        await self._beat_soon.wait()
                self._beat_soon.clear()
                await self._try_beat()

    def on_change(self) -> None:
        self.beat_now()

    def samples(self) -> Iterable[Sample]:
        return (Sample(metrics.LEADER, (), self.is_leader),)

    def beat_now(self) -> None:
        """Something changed: do not wait for the next beat."""
        self._beat_soon.set()

    async def leave(self) -> None:
        """Be no node any more. To be called when nothing is bound.

        What could not be committed until now is in doubt: it is not to wait for its leases to end.
        """
        self._held = frozenset()
        try:
            async with asyncio.timeout(self._lease_s * _PATIENCE):
                await self._recover_leases_of(self.name)
                await self._store.leave(self.name, self._facts.run)
        except (StoreError, TimeoutError) as error:
            log.warning("leave_failed", node=self.name, error=str(error))

    async def beat(self) -> None:
        """Say that it lives, hear how things stand, and act on it. Raises StoreError."""
        asked_s = self._time_s()
        view = await self._store.beat(self._next_beat())
        now_s = self._time_s()
        if asked_s > self._good_until_s:
            self._liveness = Liveness()  # while nobody could beat, nobody's silence told anything
        if view is None:
            await self._register_again()
            return
        good_until_s = asked_s + self._lease_s * _FENCE
        if now_s >= good_until_s:
            return  # it stands for how things were; the next may be heard sooner
        self._good_until_s = good_until_s
        self._beaten.set()
        self._clock.heard(view.now_ms, now_s - asked_s)
        self._liveness.saw(view.nodes, now_s)
        self._view = view
        self._carriers.remote_carriers.nodes = self._others()
        # Not where it may not know of an order that was given here meanwhile.
        if asked_s > self._ordered_s and self._carriers.is_started:
            self._orders.apply(view.orders)
        if self._carriers.is_started:
            self._rereading.hear(view.reloads)
        self._own([thing for thing, node in view.leases.items() if node == self.name])
        await self._evict_dead_nodes(now_s)
        if self.is_leader and now_s - self._recovered_s >= self._lease_s:
            await self._recover_abandoned_parts()
            self._recovered_s = now_s
        await self._follow_accounts(view.accounts_version)

    async def _try_beat(self) -> None:
        is_fenced = self._time_s() > self._good_until_s
        try:
            async with asyncio.timeout(_PATIENCE_S if is_fenced else self._lease_s * _PATIENCE):
                await self.beat()
        except (StoreError, TimeoutError) as error:
            log.error("heartbeat_failed", node=self.name, error=str(error) or "no answer in time")

    async def _register_again(self) -> None:
        """The others took this node for dead: what it held is in doubt, and it begins anew.

        Raises ConfigError, which ends the process, when another has the name now.
        """
        log.error("evicted_while_alive", node=self.name)
        self._own(())
        if await self._store.register(self._facts):
            raise ConfigError(f"another process is the node {self.name!r} now")
        await self._recover_leases_of(self.name)

    async def _guard(self) -> None:
        while True:
            left_s = self._good_until_s - self._time_s()
            if left_s > 0:
                await asyncio.sleep(left_s)
                continue
            if self._held:
                log.error("binds_released", node=self.name, reason="the database does not answer")
            self._own(())
            self._beaten.clear()
            await self._beaten.wait()

    # What its administrator wants.

    async def order(self, carrier: str, *, unbind: bool) -> None:
        """Have all nodes send nothing by a carrier; here whoever asks does it. Raises StoreError.

        It holds until `cancel_order`, whatever starts again meanwhile.
        """
        await self._store.order(carrier, unbind=unbind)
        self._orders.given_here(carrier, unbind=unbind)
        self._ordered_s = self._time_s()

    async def cancel_order(self, carrier: str) -> None:
        await self._store.cancel_order(carrier)
        self._orders.taken_back_here(carrier)
        self._ordered_s = self._time_s()

    async def reload(self) -> tuple[Reloaded, dict[str, ConfigReadResult | None]]:
        """Have all nodes read their files again; see `ClusterReload.order`."""
        return await self._rereading.order(self.name, lambda: self._view)

    # What it owns.

    def _next_beat(self) -> Heartbeat:
        self._binds.changed(self._rereading.carriers_changed())
        leases = self._view.leases if self._view else None
        acquire: list[str] = []
        release: list[str] = []
        if leases is not None:
            acquire, release = self._binds.lease_request(leases, self._others())
            if "dispatch" in self._facts.roles and DISPATCH not in leases:
                acquire = [*acquire, DISPATCH]
        report = Report(self._binds.report(), self._rereading.last, self._rereading.applied_reload)
        return Heartbeat(self.name, self._facts.run, report, acquire, release)

    def _own(self, things: Collection[str]) -> None:
        self._held = frozenset(things)
        self._binds.own(self._held)

    # The others.

    def _others(self) -> list[NodeRow]:
        """All but this one that were heard so lately that they own what they have."""
        now_s = self._time_s()
        return [
            node
            for node in self.view.nodes
            if node.name != self.name
            and self._liveness.silent_s(node, now_s) < node.lease_s * _FENCE
        ]

    async def _evict_dead_nodes(self, now_s: float) -> None:
        for node in self.view.nodes:
            if node.name == self.name or self._liveness.silent_s(node, now_s) < node.lease_s:
                continue
            if await self._store.evict(node):
                log.warning("node_lost", node=node.name)
                await self._recover_leases_of(node.name)

    async def _recover_abandoned_parts(self) -> None:
        """Whoever buried a node may have died himself before he took over what it held."""
        for name in await self._store.abandoned():
            log.warning("abandoned_parts_recovered", node=name)
            await self._recover_leases_of(name)

    async def _follow_accounts(self, version: int) -> None:
        if version != self._accounts_version:
            await self._reload_accounts()
            self._accounts_version = version
