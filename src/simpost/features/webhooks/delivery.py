"""Delivers events to endpoints. Runs on every node; an endpoint is leased to one at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

from simpost.domain.messages import format_id
from simpost.domain.webhooks import EndpointState, EventDelivery, WebhookEndpoint
from simpost.errors import StoreError
from simpost.features.webhooks.counts import WebhookCounts
from simpost.features.webhooks.retry import BREAK_AFTER
from simpost.features.webhooks.round import Round
from simpost.features.webhooks.sender import WebhookSender
from simpost.observe import get_logger
from simpost.observe.metrics import Sample
from simpost.ports.store import DeliveryRound, EventLog, EventPage, WebhookStore
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

LEASE_MS: Final = 30_000
_INTERVAL_S: Final = 0.25
_IDLE_S: Final = 1.0
"""When to look again after there was no endpoint."""
_ASSIGN_STEP: Final = 1_000
_STEP: Final = 200
"""Most events of an endpoint in one round."""
_MAX_HEALTHY: Final = 300
_MAX_FAILING: Final = 100
"""Endpoints served at the same time. Failing ones have places of their own."""
_REFILL: Final = 50
"""Free places that are filled at once if endpoints wait for them."""
_MAX_EXTRA: Final = 200
"""Requests of all endpoints together beyond the first of each."""

log = get_logger(__name__)


class WebhookDelivery(Component):
    """Leases endpoints that have something to deliver, and serves each in a task of its own."""

    def __init__(
        self,
        store: WebhookStore,
        events: EventLog,
        sender: WebhookSender,
        *,
        owner: str,
        clock_ms: Clock,
        may_send: Callable[[], bool] = always,
    ) -> None:
        self._may_send = may_send
        self._store = store
        self._events = events
        self._sender = sender
        self._owner = owner
        self._clock_ms = clock_ms
        self._extra = asyncio.Semaphore(_MAX_EXTRA)
        self.counts = WebhookCounts()
        self._has_endpoints = False
        self._waits_for_places = False
        self._has_places = asyncio.Event()
        self._reading: dict[tuple[int, int, int], asyncio.Future[EventPage]] = {}
        self._healthy: set[asyncio.Task[None]] = set()
        self._failing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled. Requests in progress then are sent again after the lease."""
        try:
            await run_periodically(
                self.run_once,
                _INTERVAL_S,
                idle_s=_IDLE_S,
                name="webhooks",
                when=self._may_send,
                sleep=self._pause,
            )
        finally:
            for task in (*self._healthy, *self._failing):
                task.cancel()
            await self._sender.close()

    def samples(self) -> Iterable[Sample]:
        return self.counts.samples()

    async def release_own(self) -> None:
        """End the leases that this node had when it stopped."""
        await self._store.release_endpoints(self._owner, now_ms=self._clock_ms())

    async def run_once(self) -> bool:
        """Number new events, then begin to serve endpoints with something to deliver.

        Until there is an endpoint it only looks for one: a claim is a commit. Returns whether there
        is one.
        """
        if not self._has_endpoints:
            self._has_endpoints = await self._store.has_endpoints()
            if not self._has_endpoints:
                return False
        await self._events.assign_sequence(limit=_ASSIGN_STEP)
        for tasks, places in ((self._healthy, _MAX_HEALTHY), (self._failing, _MAX_FAILING)):
            if len(tasks) >= places:
                continue
            now_ms = self._clock_ms()
            endpoints = await self._store.claim_endpoints(
                self._owner,
                failing=tasks is self._failing,
                now_ms=now_ms,
                lease_ms=now_ms + LEASE_MS,
                limit=places - len(tasks),
            )
            if tasks is self._healthy:
                self._waits_for_places = len(endpoints) == places - len(tasks)
            for endpoint in endpoints:
                task = asyncio.create_task(self._serve(endpoint))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                task.add_done_callback(self._on_served)
        return True

    async def _pause(self, seconds: float) -> None:
        """Wait, but not while endpoints wait for places that are free again."""
        self._has_places.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._has_places.wait()

    def _on_served(self, _: asyncio.Task[None]) -> None:
        if self._waits_for_places and len(self._healthy) <= _MAX_HEALTHY - _REFILL:
            self._has_places.set()

    async def _page(self, account_id: int, cursor: int, limit: int) -> EventPage:
        """Events after the cursor. Endpoints of one account that are as far share the read."""
        key = account_id, cursor, limit
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.ensure_future(
                self._events.events_after(account_id, cursor, limit=limit)
            )
            self._reading[key] = reading
            reading.add_done_callback(lambda _: self._reading.pop(key))
        return await asyncio.shield(reading)

    async def wait_idle(self) -> None:
        """Return once no endpoint is served."""
        while tasks := (*self._healthy, *self._failing):
            await asyncio.wait(tasks)

    async def _serve(self, endpoint: WebhookEndpoint) -> None:
        """Rounds until nothing is left. Without the store the lease ends by itself."""
        try:
            with contextlib.suppress(StoreError):
                left: WebhookEndpoint | None = endpoint
                while left is not None:
                    left = await self._round(left)
        except Exception as error:  # noqa: BLE001  one endpoint must not stop the others
            log.error("webhook_failed", endpoint=format_id(endpoint.id), error=type(error).__name__)

    async def _round(self, endpoint: WebhookEndpoint) -> WebhookEndpoint | None:
        """One round and its commit. The endpoint as it is now; `None` if nothing is left to do."""
        limit = 1 if endpoint.failures >= BREAK_AFTER else _STEP
        due: list[EventDelivery] = []
        if endpoint.has_due:
            due = await self._store.due_deliveries(
                endpoint.account_id, endpoint.id, now_ms=self._clock_ms(), limit=limit
            )
        page = await self._page(endpoint.account_id, endpoint.cursor, limit - len(due))
        one = Round(endpoint, self._sender, self._extra, self.counts)
        await one.run(due, page)
        now_ms = self._clock_ms()
        is_full = len(due) + len(page.events) == limit
        goes_on = is_full and one.endpoint.next_ms <= now_ms
        after = await self._store.record_round(
            DeliveryRound(
                endpoint=one.endpoint,
                owner=self._owner,
                now_ms=now_ms,
                lease_ms=now_ms + LEASE_MS if goes_on else now_ms,
                deliveries=one.deliveries,
                notices=one.notices,
            )
        )
        if after is not None:
            self.counts.exhausted += one.endpoint.exhausted
            self.counts.skipped += one.endpoint.skipped
        for notice in one.notices:
            log.warning("webhook_notice", type=notice, endpoint=format_id(endpoint.id))
        if not goes_on or after is None or after.state is not EndpointState.ENABLED:
            return None
        return after
