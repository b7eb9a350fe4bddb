"""MetricsCollector: what a scrape shows, read where it is counted when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from simpost.errors import StoreError
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.failover import Failover
from simpost.messaging.inbound import InboundService
from simpost.messaging.intake import Intake
from simpost.messaging.lane import Lane
from simpost.messaging.maintenance import Maintenance, is_sole_node
from simpost.observe import get_logger, metrics
from simpost.observe.loop_lag import LoopLag
from simpost.observe.metrics import Metric, Sample
from simpost.ports.carrier import ConnectionState, ConnectionStatus
from simpost.ports.store.health import QueueDepth, StoreCounts, StoreHealth
from simpost.runtime.clock import Clock

log = get_logger(__name__)


class MetricsCollector:
    """Belongs to one process: each says what it did itself, and all what waits in their store."""

    def __init__(
        self,
        store: StoreHealth,
        dispatch: Dispatch,
        intake: Intake,
        inbound: InboundService,
        maintenance: Maintenance,
        failover: Failover,
        *,
        clock_ms: Clock,
        leads: Callable[[], bool] = is_sole_node,
    ) -> None:
        self.lag = LoopLag()
        self._store = store
        self._dispatch = dispatch
        self._intake = intake
        self._inbound = inbound
        self._maintenance = maintenance
        self._failover = failover
        self._clock_ms = clock_ms
        self._leads = leads

    async def read(self) -> list[Sample]:
        """What waits is missing while the store does not answer; the rest is there all the same."""
        try:
            queues = await self._store.queues()
        except StoreError as error:
            log.error("queues_not_read", error=str(error))
            waiting = []
        else:
            waiting = list(self._queues(queues))
        return [
            *waiting,
            *self._lanes(),
            *self._counted(),
            *_stored(self._store.counts()),
            Sample(metrics.LOOP_LAG, (), self.lag.histogram),
            Sample(metrics.LEADER, (), self._leads()),
        ]

    def _queues(self, queues: list[QueueDepth]) -> Iterator[Sample]:
        now_ms = self._clock_ms()
        known = {queue.carrier: queue for queue in queues}
        for name in {**dict.fromkeys(self._dispatch.lanes), **known}:
            queue = known.get(name)
            age_ms = max(0, now_ms - queue.oldest_ms) if queue else 0
            yield Sample(metrics.QUEUED, (name,), queue.parts if queue else 0)
            yield Sample(metrics.OLDEST_QUEUED, (name,), age_ms / 1000)

    def _lanes(self) -> Iterator[Sample]:
        for name, lane in self._dispatch.lanes.items():
            yield from _lane(name, lane)
            for one in lane.carrier.connections():
                yield from _connection(name, one)

    def _counted(self) -> Iterator[Sample]:
        tally = self._dispatch.ledger.tally
        counted: tuple[tuple[Metric, Mapping[Any, int]], ...] = (
            (metrics.ACCEPTED, self._intake.accepted),
            (metrics.REFUSED, self._intake.refused),
            (metrics.REROUTED, self._failover.rerouted),
            (metrics.ATTEMPTS, tally.attempts),
            (metrics.REPEATED, tally.repeated),
            (metrics.RECEIPTS, tally.received),
            (metrics.INBOUND, self._inbound.taken),
            (metrics.LEASES_EXPIRED, self._maintenance.expired_leases),
        )
        for metric, counter in counted:
            for labels, count in counter.items():
                yield Sample(metric, _plain(labels), count)
        for carrier, spread in tally.answer_s.items():
            yield Sample(metrics.RESPONSE_TIME, (carrier,), spread)


def _plain(labels: Sequence[str | None]) -> tuple[str, ...]:
    """A label that says nothing is an empty one."""
    return tuple(label or "" for label in labels)


def _lane(name: str, lane: Lane) -> Iterator[Sample]:
    yield Sample(metrics.LEASED, (name,), lane.held)
    yield Sample(metrics.AVAILABLE, (name,), lane.is_available)
    yield Sample(metrics.PAUSED, (name,), lane.carrier.is_paused)


def _connection(name: str, one: ConnectionStatus) -> Iterator[Sample]:
    labels = (name, str(one.number), one.kind)
    for state in ConnectionState:
        yield Sample(metrics.CONNECTION_STATE, (*labels, state), one.state is state)
    yield Sample(metrics.MAX_UNANSWERED, labels, one.max_unanswered)
    yield Sample(metrics.UNANSWERED, labels, one.unanswered)
    yield Sample(metrics.RATE_LIMIT, labels, one.allowed_per_s)
    if one.last_heard_ms is not None:
        yield Sample(metrics.LAST_HEARD, labels, one.last_heard_ms / 1000)


def _stored(counts: StoreCounts) -> Iterator[Sample]:
    for labels, count in counts.ended.items():
        yield Sample(metrics.FINAL, labels, count)
    for standing, count in counts.kept.items():
        yield Sample(metrics.UNAPPLIED, standing, count)
    yield Sample(metrics.PARKED, (), counts.parked)
    yield Sample(metrics.COMMIT_TIME, (), counts.commit_s)
    yield Sample(metrics.COMMIT_SIZE, (), counts.commit_jobs)
    yield Sample(metrics.COMMIT_FAILURES, (), counts.refused)
    yield Sample(metrics.JOBS_QUEUED, (), counts.waiting)
