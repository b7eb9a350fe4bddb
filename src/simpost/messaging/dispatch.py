"""Dispatch: all lanes, opened and closed, paused and looked at while messages pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

import msgspec

from simpost.cluster.remote_carriers import RemoteCarriers
from simpost.config import CarrierSettings, Settings
from simpost.messaging.from_settings import retry_policy_of, routes_of
from simpost.messaging.lane import Lane
from simpost.messaging.lane_metrics import lane_samples
from simpost.messaging.receiving import TakeInbound, take_none
from simpost.messaging.result_writer import ResultWriter
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Routing
from simpost.observe import get_logger
from simpost.observe.metrics import Sample
from simpost.ports.carrier import (
    CONNECTION_STATE_PRECEDENCE,
    Carrier,
    CarrierEvents,
    ConnectionState,
    ConnectionStatus,
)
from simpost.ports.store import Store
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component

_DRAIN_S = 30.0
"""How long the one who asks for a drain is kept waiting; the drain itself goes on."""

log = get_logger(__name__)


class CarrierStatus(msgspec.Struct, frozen=True):
    """A carrier as the administrator sees it.

    Attributes:
        state: none when parts wait for a carrier that is not configured any more.
        takes_messages: whether a message would go by it now, where its route names others.
        waiting: parts that wait in the store for their turn.
        held: parts in its lanes: leased, and not yet settled.
        connections: those of this node.
        elsewhere: those of other nodes, each with the name of the node.
    """

    name: str
    state: ConnectionState | None
    is_paused: bool
    takes_messages: bool
    waiting: int
    held: int
    connections: list[ConnectionStatus]
    elsewhere: list[tuple[str, ConnectionStatus]] = []


class Dispatch(Component):
    """The lanes by the name of their carrier."""

    def __init__(
        self,
        store: Store,
        *,
        owner: str,
        retry_policy: RetryPolicy,
        clock_ms: Clock,
        inbound: TakeInbound = take_none,
        wrap_events: Callable[[str, CarrierEvents], CarrierEvents] | None = None,
    ) -> None:
        """`wrap_events` puts something between the carrier of a name and its lane."""
        self.lanes: dict[str, Lane] = {}
        self.elsewhere = RemoteCarriers()
        self._store = store
        self.ledger = ResultWriter(store.queue)
        self._inbound = inbound
        self._owner = owner
        self._retry_policy = retry_policy
        self._clock_ms = clock_ms
        self._wrap_events = wrap_events
        self._tasks: asyncio.TaskGroup | None = None
        self._started = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}

    # Life.

    def add(self, carrier: Carrier) -> Lane:
        """Make a lane; `open` or `start` brings it to life."""
        lane = Lane(
            carrier,
            self._store.queue,
            self.ledger,
            owner=self._owner,
            depth=carrier.depth,
            retry_policy=self._retry_policy,
            clock_ms=self._clock_ms,
            inbound=self._inbound,
        )
        self.lanes[carrier.capabilities.name] = lane
        return lane

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Open every lane. A task that dies takes the group with it."""
        self._tasks = tasks
        self._writing = tasks.create_task(self.ledger.run(), name="ledger")
        for name in list(self.lanes):
            await self.open(name)

    async def run(self) -> None:
        """Dispatch until cancelled; a lane that fails raises from here."""
        async with asyncio.TaskGroup() as tasks:
            await self.start(tasks)
            self._started.set()
            await asyncio.get_running_loop().create_future()

    async def wait_started(self) -> None:
        """Wait until `run` has opened every lane."""
        await self._started.wait()

    @property
    def is_started(self) -> bool:
        return self._tasks is not None

    async def open(self, name: str) -> None:
        """Bring a lane that was added to life, and its carrier."""
        assert self._tasks, "opened before the start"
        lane = self.lanes[name]
        self._running[name] = self._tasks.create_task(lane.run(), name=f"lane {name}")
        await lane.carrier.start(self._wrap_events(name, lane) if self._wrap_events else lane)

    async def remove(self, name: str) -> None:
        """Let a carrier finish what it was given and end its lane; the rest waits in the store."""
        lane = self.lanes[name]
        lane.close()
        await lane.carrier.drain()
        await lane.carrier.close()
        await lane.wait_empty()
        del self.lanes[name]
        self._running.pop(name).cancel()

    async def reconfigure_carrier(self, name: str, settings: CarrierSettings) -> None:
        """Drain a carrier and connect it with other settings; queued parts stay queued."""
        lane = self.lanes[name]
        await lane.carrier.reconfigure(settings)
        lane.depth = lane.carrier.depth

    async def set_owned_connections(
        self, name: str, numbers: Collection[int], within_s: float
    ) -> None:
        """Use these connections of a carrier and give up the others; see `ConnectionOwnership`."""
        lane = self.lanes.get(name)
        if lane and (ownership := lane.carrier.ownership):
            await ownership.set_owned_connections(numbers, within_s)
            lane.depth = lane.carrier.depth

    async def stop(self) -> None:
        """Take nothing more and close all carriers.

        Parts that no carrier was given return to the store; parts without a response are in doubt.
        """
        for lane in self.lanes.values():
            lane.close()
        await asyncio.gather(*(lane.carrier.close() for lane in self.lanes.values()))

    async def wait_committed(self) -> None:
        """Wait until every outcome and receipt reported so far is committed."""
        await self.ledger.wait_committed()

    def cancel(self) -> None:
        for task in self._running.values():
            task.cancel()
        if self._writing:
            self._writing.cancel()

    async def reconfigure(self, settings: Settings) -> None:
        policy = self._retry_policy = retry_policy_of(settings.messages)
        for lane in self.lanes.values():
            lane.retry_policy = policy
            lane.health.patience_ms = int(1000 * policy.failover_s)

    def samples(self) -> Iterable[Sample]:
        for name, lane in self.lanes.items():
            yield from lane_samples(name, lane)
        yield from self.ledger.tally.samples()

    def routing(self, settings: Settings) -> Routing:
        """The routes between the carriers that have lanes now."""
        return Routing(
            routes=routes_of(settings),
            carriers={name: lane.carrier.capabilities for name, lane in self.lanes.items()},
            is_available=self.is_available,
        )

    # Commands of the administrator.

    def is_available(self, name: str) -> bool:
        """Whether a message had better go by this carrier, whichever node has its binds."""
        return self.lanes[name].is_available or self.elsewhere.is_available(name)

    def is_any_available(self) -> bool:
        """Whether any carrier takes messages now."""
        return any(map(self.is_available, self.lanes))

    def should_fail_over(self, name: str) -> bool:
        """Whether what waits for this carrier had better go by another."""
        return self.lanes[name].should_fail_over and self.elsewhere.should_fail_over(name)

    def pause(self, name: str) -> None:
        """Send nothing by this carrier until `resume`. Raises KeyError when there is none."""
        self.lanes[name].carrier.pause()
        log.warning("carrier_paused", carrier=name)

    def resume(self, name: str) -> None:
        self.lanes[name].carrier.resume()
        log.warning("carrier_resumed", carrier=name)

    async def drain(self, name: str) -> bool:
        """Pause, wait for answers, unbind; whether that is done when this returns."""
        done, _ = await asyncio.wait({self.drain_later(name)}, timeout=_DRAIN_S)
        return bool(done)

    def drain_later(self, name: str) -> asyncio.Task[None]:
        carrier = self.lanes[name].carrier
        assert self._tasks, "drained before the start"
        log.warning("carrier_draining", carrier=name)
        return self._tasks.create_task(carrier.drain(), name=f"drain {name}")

    async def status(self, name: str) -> CarrierStatus:
        """Raises KeyError when there is no such carrier."""
        lane = self.lanes[name]
        elsewhere = self.elsewhere.connections(name)
        own = lane.carrier.connections()
        states = [bind.state for _, bind in elsewhere if not own]
        return CarrierStatus(
            name=name,
            state=min(states, key=CONNECTION_STATE_PRECEDENCE.index, default=lane.carrier.state),
            is_paused=lane.carrier.is_paused,
            takes_messages=self.is_available(name),
            waiting=await self._store.routing.count_queued(name),
            held=lane.held + self.elsewhere.held(name),
            connections=own,
            elsewhere=elsewhere,
        )

    async def overview(self) -> list[CarrierStatus]:
        """All carriers, and behind them those that only waiting parts still name."""
        shown = [await self.status(name) for name in list(self.lanes)]
        for name in await self._store.routing.carriers_with_backlog():
            if name not in self.lanes:
                waiting = await self._store.routing.count_queued(name)
                shown.append(
                    CarrierStatus(
                        name=name,
                        state=None,
                        is_paused=False,
                        takes_messages=False,
                        waiting=waiting,
                        held=0,
                        connections=[],
                    )
                )
        return shown
