"""The lanes of this node: opened, paused, drained, closed and shown while messages pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

import msgspec

from simpost.cluster.remote_carriers import RemoteCarriers
from simpost.config import CarrierSettings, Settings
from simpost.domain.receipt_delays import ReceiptDelay
from simpost.messaging.carrier_status import CarrierStatus
from simpost.messaging.from_settings import retry_policy_of, routes_of
from simpost.messaging.inbound_receiver import InboundReceiver, reject_inbound
from simpost.messaging.lane import Lane
from simpost.messaging.lane_metrics import lane_samples
from simpost.messaging.receipt_delays import ReceiptDelays
from simpost.messaging.result_writer import ResultWriter
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Routing
from simpost.observe import get_logger
from simpost.observe.metrics import Sample
from simpost.ports.carrier import (
    CONNECTION_STATE_PRECEDENCE,
    Carrier,
    CarrierEvents,
)
from simpost.ports.store import Store
from simpost.ports.store.health import QueueDepth
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component

_DRAIN_S = 30.0
"""How long `drain` waits; the drain goes on afterwards."""

log = get_logger(__name__)


class Dispatch(Component):
    """Implements `cluster.local_carriers.LocalCarriers`.

    Attributes:
        lanes: by the name of their carrier.
        remote_carriers: the carriers as the other nodes report them.
        is_held: no carrier is opened, until `release`; set it before `run`.
    """

    def __init__(
        self,
        store: Store,
        *,
        owner: str,
        retry_policy: RetryPolicy,
        clock_ms: Clock,
        inbound: InboundReceiver = reject_inbound,
        wrap_events: Callable[[str, CarrierEvents], CarrierEvents] | None = None,
    ) -> None:
        """`wrap_events` returns what a carrier, by name, reports to in place of its lane."""
        self.lanes: dict[str, Lane] = {}
        self.is_held = False
        self.remote_carriers = RemoteCarriers()
        self._store = store
        self.result_writer = ResultWriter(store.queue)
        self._inbound = inbound
        self._owner = owner
        self._retry_policy = retry_policy
        self._clock_ms = clock_ms
        self._receipt_delays = ReceiptDelays(store.receipts, clock_ms)
        self._wrap_events = wrap_events
        self._tasks: asyncio.TaskGroup | None = None
        self._started = asyncio.Event()
        self._writer_task: asyncio.Task[None] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}

    # Start and stop.

    def add(self, carrier: Carrier) -> Lane:
        """Add a lane for the carrier; `open` or `start` starts it."""
        lane = Lane(
            carrier,
            self._store.queue,
            self.result_writer,
            owner=self._owner,
            depth=carrier.depth,
            retry_policy=self._retry_policy,
            clock_ms=self._clock_ms,
            inbound=self._inbound,
        )
        self.lanes[carrier.capabilities.name] = lane
        return lane

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Open every lane. A task that fails cancels the group."""
        self._tasks = tasks
        self._writer_task = tasks.create_task(self.result_writer.run(), name="result writer")
        if not self.is_held:
            await self.release()

    async def release(self) -> None:
        """Open every lane, which a hold kept closed."""
        self.is_held = False
        for name in list(self.lanes):
            if self._tasks and name not in self._running:
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
        """Whether lanes can be opened and carriers drained."""
        return self._tasks is not None

    async def open(self, name: str) -> None:
        """Start a lane that was added, and its carrier."""
        assert self._tasks, "open() before start()"
        if self.is_held:
            return
        lane = self.lanes[name]
        self._running[name] = self._tasks.create_task(lane.run(), name=f"lane {name}")
        await lane.carrier.start(self._wrap_events(name, lane) if self._wrap_events else lane)

    async def remove(self, name: str) -> None:
        """Let a carrier finish its parts and end its lane; other parts stay queued in the store."""
        lane = self.lanes[name]
        lane.close()
        await lane.carrier.drain()
        await lane.carrier.close()
        await lane.wait_empty()
        del self.lanes[name]
        if running := self._running.pop(name, None):  # none if all are held
            running.cancel()

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
        await self.result_writer.wait_committed()

    def cancel(self) -> None:
        """Cancel the tasks of all lanes and of the result writer."""
        for task in self._running.values():
            task.cancel()
        if self._writer_task:
            self._writer_task.cancel()

    async def reconfigure(self, settings: Settings) -> None:
        """Apply the retry policy of new settings to all lanes."""
        policy = self._retry_policy = retry_policy_of(settings)
        for lane in self.lanes.values():
            lane.retry_policy = policy
            lane.health.failover_after_ms = int(1000 * policy.failover_s)

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        for name, lane in self.lanes.items():
            yield from lane_samples(name, lane)
        yield from self.result_writer.counts.samples()

    def routing(self, settings: Settings) -> Routing:
        """The routes of the settings, to the carriers that have lanes now."""
        return Routing(
            routes=routes_of(settings),
            carriers={name: lane.carrier.capabilities for name, lane in self.lanes.items()},
            is_available=self.is_available,
        )

    # Commands of the administrator.

    def is_available(self, name: str) -> bool:
        """Whether routing should prefer this carrier now, whichever node has its connections."""
        return self.lanes[name].is_available or self.remote_carriers.is_available(name)

    def is_any_available(self) -> bool:
        """Whether any carrier is available."""
        return any(map(self.is_available, self.lanes))

    def should_fail_over(self, name: str) -> bool:
        """Whether queued messages of this carrier should go by another one."""
        return self.lanes[name].should_fail_over and self.remote_carriers.should_fail_over(name)

    def pause(self, name: str) -> None:
        """Send nothing by this carrier until `resume`. Raises KeyError for an unknown name."""
        self.lanes[name].carrier.pause()
        log.warning("carrier_paused", carrier=name)

    def resume(self, name: str) -> None:
        """Send by this carrier again. Raises KeyError for an unknown name."""
        self.lanes[name].carrier.resume()
        log.warning("carrier_resumed", carrier=name)

    async def drain(self, name: str) -> bool:
        """Pause, wait for responses, unbind. Whether that was done within 30 s."""
        done, _ = await asyncio.wait({self.drain_later(name)}, timeout=_DRAIN_S)
        return bool(done)

    def drain_later(self, name: str) -> asyncio.Task[None]:
        """Drain in a task, which is returned. Raises KeyError for an unknown name."""
        carrier = self.lanes[name].carrier
        assert self._tasks, "drain_later() before start()"
        log.warning("carrier_draining", carrier=name)
        return self._tasks.create_task(carrier.drain(), name=f"drain {name}")

    async def status(self, name: str) -> CarrierStatus:
        """One carrier as the administrator sees it; not configured if there is no lane for it."""
        queues, delays = await self._queues(), await self._receipt_delays.by_carrier()
        return self._status(name, queues.get(name), delays.get(name))

    async def overview(self) -> list[CarrierStatus]:
        """All carriers, followed by those that are no longer configured but have queued parts."""
        queues, delays = await self._queues(), await self._receipt_delays.by_carrier()
        names = [*self.lanes, *sorted(queues.keys() - self.lanes.keys())]
        return [self._status(name, queues.get(name), delays.get(name)) for name in names]

    async def _queues(self) -> dict[str, QueueDepth]:
        return {each.carrier: each for each in await self._store.health.queues()}

    def _status(
        self, name: str, queue: QueueDepth | None, receipt_delay: ReceiptDelay | None
    ) -> CarrierStatus:
        waiting = CarrierStatus(
            name,
            queued=queue.parts if queue else 0,
            oldest_queued_ms=queue.oldest_ms if queue else None,
            receipt_delay=receipt_delay,
        )
        lane = self.lanes.get(name)
        if lane is None:
            return waiting
        remote = self.remote_carriers.connections(name)
        own = lane.carrier.connections()
        states = [bind.state for _, bind in remote if not own]
        return msgspec.structs.replace(
            waiting,
            state=min(states, key=CONNECTION_STATE_PRECEDENCE.index, default=lane.carrier.state),
            is_paused=lane.carrier.is_paused,
            is_available=self.is_available(name),
            leased=lane.leased + self.remote_carriers.leased(name),
            connections=own,
            remote_connections=remote,
        )
