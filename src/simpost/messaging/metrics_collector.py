"""Measures: what a scrape shows, read where it is counted when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from simpost.errors import StoreError
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.failover import Failover
from simpost.messaging.inbound import InboundDesk
from simpost.messaging.intake import Intake
from simpost.messaging.lane import Lane
from simpost.messaging.maintenance import Keeper, always
from simpost.observe import get_logger, metrics
from simpost.observe.lag import LoopLag
from simpost.observe.metrics import Metric, Reading
from simpost.ports.carrier import BindState, BindStatus
from simpost.ports.store import Store
from simpost.ports.store_metrics import Queue, StoreCounts
from simpost.runtime.clock import Clock

log = get_logger(__name__)


class Measures:
    """Belongs to one process: each says what it did itself, and all what waits in their store."""

    def __init__(
        self,
        store: Store,
        dispatch: Dispatch,
        intake: Intake,
        inbound: InboundDesk,
        keeper: Keeper,
        failover: Failover,
        *,
        clock_ms: Clock,
        leads: Callable[[], bool] = always,
    ) -> None:
        self.lag = LoopLag()
        self._store = store
        self._dispatch = dispatch
        self._intake = intake
        self._inbound = inbound
        self._keeper = keeper
        self._failover = failover
        self._clock_ms = clock_ms
        self._leads = leads

    async def read(self) -> list[Reading]:
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
            Reading(metrics.LOOP_LAG, (), self.lag.spread),
            Reading(metrics.LEADS, (), self._leads()),
        ]

    def _queues(self, queues: list[Queue]) -> Iterator[Reading]:
        now_ms = self._clock_ms()
        known = {queue.carrier: queue for queue in queues}
        for name in {**dict.fromkeys(self._dispatch.lanes), **known}:
            queue = known.get(name)
            age_ms = max(0, now_ms - queue.oldest_ms) if queue else 0
            yield Reading(metrics.WAITING, (name,), queue.parts if queue else 0)
            yield Reading(metrics.OLDEST, (name,), age_ms / 1000)

    def _lanes(self) -> Iterator[Reading]:
        for name, lane in self._dispatch.lanes.items():
            yield from _lane(name, lane)
            for bind in lane.carrier.binds():
                yield from _bind(name, bind)

    def _counted(self) -> Iterator[Reading]:
        tally = self._dispatch.ledger.tally
        counted: tuple[tuple[Metric, Mapping[Any, int]], ...] = (
            (metrics.ACCEPTED, self._intake.accepted),
            (metrics.REFUSED, self._intake.refused),
            (metrics.REROUTED, self._failover.rerouted),
            (metrics.ATTEMPTS, tally.attempts),
            (metrics.REPEATED, tally.repeated),
            (metrics.RECEIPTS, tally.received),
            (metrics.INBOUND, self._inbound.taken),
            (metrics.LAPSED, self._keeper.lapsed),
        )
        for metric, counter in counted:
            for labels, count in counter.items():
                yield Reading(metric, _plain(labels), count)
        for carrier, spread in tally.answer_s.items():
            yield Reading(metrics.ANSWER_TIME, (carrier,), spread)


def _plain(labels: Sequence[str | None]) -> tuple[str, ...]:
    """A label that says nothing is an empty one."""
    return tuple(label or "" for label in labels)


def _lane(name: str, lane: Lane) -> Iterator[Reading]:
    yield Reading(metrics.HELD, (name,), lane.held)
    yield Reading(metrics.TAKES, (name,), lane.takes)
    yield Reading(metrics.PAUSED, (name,), lane.carrier.is_paused)


def _bind(name: str, bind: BindStatus) -> Iterator[Reading]:
    labels = (name, str(bind.number), bind.kind)
    for link in BindState:
        yield Reading(metrics.LINK, (*labels, link), bind.link is link)
    yield Reading(metrics.WINDOW, labels, bind.window)
    yield Reading(metrics.WINDOW_USED, labels, bind.waiting)
    yield Reading(metrics.ALLOWED, labels, bind.allowed_per_s)
    if bind.last_pdu_ms is not None:
        yield Reading(metrics.LAST_PDU, labels, bind.last_pdu_ms / 1000)


def _stored(counts: StoreCounts) -> Iterator[Reading]:
    for labels, count in counts.ended.items():
        yield Reading(metrics.ENDED, labels, count)
    for standing, count in counts.kept.items():
        yield Reading(metrics.KEPT, standing, count)
    yield Reading(metrics.PARKED, (), counts.parked)
    yield Reading(metrics.COMMIT_TIME, (), counts.commit_s)
    yield Reading(metrics.COMMIT_SIZE, (), counts.commit_jobs)
    yield Reading(metrics.COMMITS_REFUSED, (), counts.refused)
    yield Reading(metrics.JOBS_WAITING, (), counts.waiting)
