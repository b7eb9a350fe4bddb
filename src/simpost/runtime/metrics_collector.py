"""Collects the samples of all components for a scrape."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from simpost.errors import StoreError
from simpost.observe import get_logger, metrics
from simpost.observe.loop_lag import LoopLag
from simpost.observe.metrics import Sample
from simpost.ports.store.health import QueueDepth, StoreCounts, StoreHealth
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component

log = get_logger(__name__)


class MetricsCollector(Component):
    """Belongs to one process: it reports its own counts, and the queues of the shared store.

    `carriers` returns the names of those configured, which are shown with an empty queue too.
    """

    def __init__(
        self,
        store: StoreHealth,
        components: Sequence[Component],
        carriers: Callable[[], Collection[str]],
        *,
        clock_ms: Clock,
    ) -> None:
        self._lag = LoopLag()
        self._store = store
        self._components = components
        self._carriers = carriers
        self._clock_ms = clock_ms

    async def run(self) -> None:
        await self._lag.run()

    async def read(self) -> list[Sample]:
        """All samples; without those of the queues if the store does not respond."""
        try:
            queues = list(self._queues(await self._store.queues()))
        except StoreError as error:
            log.error("queues_not_read", error=str(error))
            queues = []
        return [
            *queues,
            *(sample for component in self._components for sample in component.samples()),
            *_stored(self._store.counts()),
            Sample(metrics.LOOP_LAG, (), self._lag.histogram),
        ]

    def _queues(self, queues: list[QueueDepth]) -> Iterator[Sample]:
        now_ms = self._clock_ms()
        known = {queue.carrier: queue for queue in queues}
        for name in {**dict.fromkeys(self._carriers()), **known}:
            queue = known.get(name)
            age_ms = max(0, now_ms - queue.oldest_ms) if queue else 0
            yield Sample(metrics.QUEUED, (name,), queue.parts if queue else 0)
            yield Sample(metrics.OLDEST_QUEUED, (name,), age_ms / 1000)


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
