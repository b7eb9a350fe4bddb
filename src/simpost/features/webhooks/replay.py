"""Replays: events that are sent to an endpoint again, whatever became of them before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from simpost.domain.webhooks import (
    EVENT_PREFIX,
    DeliveryState,
    EventDelivery,
    WebhookEndpoint,
    covers,
    event_id,
    sequence_of,
)
from simpost.features.webhooks.payload import delivery_of
from simpost.ports.store import DeliveryFilter, EventLog, WebhookStore

MAX_REPLAYED: Final = 10_000
"""Events of one replay; the next one goes on."""
_STEP: Final = 500
_SLACK_MS: Final = 60_000
"""Times of events rise with their sequence numbers, except for less than this."""


class ReplayFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to send again.

    Attributes:
        event_ids: these; the other fields do not count then.
        after, before: sequence numbers, both exclusive.
        from_ms, to_ms: the time of the event, the end exclusive.
        types: as those of an endpoint, whose own filters count as well.
        exhausted: only deliveries whose last attempt failed.
    """

    event_ids: tuple[str, ...] = ()
    after: int | None = None
    before: int | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    types: tuple[str, ...] = ()
    exhausted: bool = False


class Replayed(NamedTuple):
    """How many events will be sent, and after which sequence number the next replay goes on."""

    queued: int
    next: int | None = None


class Replay:
    """One replay to one endpoint."""

    def __init__(
        self,
        store: WebhookStore,
        events: EventLog,
        endpoint: WebhookEndpoint,
        which: ReplayFilter,
        now_ms: int,
    ) -> None:
        self._store = store
        self._events = events
        self._endpoint = endpoint
        self._which = which
        self._now_ms = now_ms

    async def run(self) -> Replayed:
        """Queue the deliveries. Events that are no longer kept are left out."""
        if self._which.event_ids:
            return await self._by_id()
        if self._which.exhausted:
            return await self._exhausted()
        return await self._by_range()

    async def _by_id(self) -> Replayed:
        found = []
        for text in self._which.event_ids:
            sequence = sequence_of(text)
            event = sequence and await self._find(sequence)
            if event and _id(event) == text.removeprefix(EVENT_PREFIX):
                found.append(event)
        await self._queue(found)
        return Replayed(len(found))

    async def _find(self, sequence: int) -> EventDelivery | None:
        """Of the log, or of the deliveries, which may be kept for longer."""
        page = await self._events.events_after(self._account_id, sequence - 1, limit=1)
        if page.events and page.events[0].sequence == sequence:
            return delivery_of(page.events[0], self._endpoint)
        which = DeliveryFilter(endpoint_id=self._endpoint.id, before=sequence + 1, limit=1)
        rows = await self._store.list_deliveries(self._account_id, which)
        return rows[0] if rows and rows[0].sequence == sequence else None

    async def _exhausted(self) -> Replayed:
        """The newest first: `before` is where the next replay goes on."""
        count, before = 0, self._which.before
        while count < MAX_REPLAYED:
            rows = await self._store.list_deliveries(
                self._account_id,
                DeliveryFilter(
                    endpoint_id=self._endpoint.id,
                    states=(DeliveryState.EXHAUSTED,),
                    before=before,
                    limit=_STEP,
                ),
            )
            chosen = [each for each in rows if self._is_chosen(each)]
            await self._queue(chosen)
            count += len(chosen)
            if len(rows) < _STEP or rows[-1].sequence <= (self._which.after or 0):
                return Replayed(count)
            before = rows[-1].sequence
        return Replayed(count, before)

    async def _by_range(self) -> Replayed:
        after = await self._start()
        count = 0
        while count < MAX_REPLAYED:
            page = await self._events.events_after(self._account_id, after, limit=_STEP)
            deliveries = [delivery_of(event, self._endpoint) for event in page.events]
            chosen = [each for each in deliveries if self._is_chosen(each)]
            await self._queue(chosen)
            count += len(chosen)
            if len(deliveries) < _STEP or self._is_past(deliveries[-1]):
                return Replayed(count)
            after = deliveries[-1].sequence
        return Replayed(count, after)

    async def _start(self) -> int | None:
        """The sequence number to read after."""
        after, from_ms = self._which.after, self._which.from_ms
        if from_ms is None:
            return after
        first = await self._events.events_after(self._account_id, after, limit=1)
        low = first.events[0].sequence - 1 if first.events else first.last_sequence
        high = first.last_sequence
        while low < high:
            middle = (low + high) // 2
            page = await self._events.events_after(self._account_id, middle, limit=1)
            if page.events and page.events[0].at_ms < from_ms - _SLACK_MS:
                low = page.events[0].sequence
            else:
                high = middle
        return low

    def _is_past(self, delivery: EventDelivery) -> bool:
        """Whether all later events are outside of the range."""
        which = self._which
        if which.before is not None and delivery.sequence >= which.before:
            return True
        return which.to_ms is not None and delivery.at_ms >= which.to_ms + _SLACK_MS

    def _is_chosen(self, delivery: EventDelivery) -> bool:
        which = self._which
        return (
            (which.after is None or delivery.sequence > which.after)
            and (which.before is None or delivery.sequence < which.before)
            and (which.from_ms is None or delivery.at_ms >= which.from_ms)
            and (which.to_ms is None or delivery.at_ms < which.to_ms)
            and (not which.types or any(covers(each, delivery.type) for each in which.types))
            and self._endpoint.wants(delivery.type, delivery.data)
        )

    async def _queue(self, deliveries: Sequence[EventDelivery]) -> None:
        begun = [
            msgspec.structs.replace(
                each,
                state=DeliveryState.PENDING,
                due_ms=self._now_ms,
                attempts=(),
                updated_ms=self._now_ms,
            )
            for each in deliveries
        ]
        if begun:
            await self._store.add_deliveries(begun)

    @property
    def _account_id(self) -> int:
        return self._endpoint.account_id


def _id(delivery: EventDelivery) -> str:
    return event_id(delivery.account_id, delivery.sequence, delivery.type, delivery.subject)
