"""One round of an endpoint: its due deliveries and new events, sent in order, and the results."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from simpost.domain.messages import format_id
from simpost.domain.webhooks import (
    DeliveryState,
    EndpointFormat,
    EndpointState,
    EventDelivery,
    WebhookEndpoint,
)
from simpost.features.webhooks.counts import WebhookCounts
from simpost.features.webhooks.payload import delivery_of
from simpost.features.webhooks.retry import (
    BREAK_AFTER,
    DISABLE_AFTER_MS,
    MAX_ATTEMPTS,
    pause_ms,
)
from simpost.features.webhooks.sender import RequestResult, WebhookSender
from simpost.ports.store import Event, EventPage

START_FOR_S: Final = 3.0
"""For how long a round starts requests. With the longest request it ends well within its lease."""
WINDOW: Final = 4
"""Most unanswered requests of an endpoint. While it fails, and to begin with, it gets one."""
_THROTTLE_MS: Final = 10_000
"""Pause after a 429 without Retry-After."""
_QUIET_MS: Final = 600_000
"""Shortest time between two notices that an endpoint fails."""


class Round:
    """The progress of one endpoint while this node has leased it.

    Attributes:
        endpoint: with the counts of this round only, as `DeliveryRound` wants it.
        deliveries: new and changed ones.
        notices: types of events about the endpoint.
    """

    def __init__(
        self,
        endpoint: WebhookEndpoint,
        sender: WebhookSender,
        extra: asyncio.Semaphore,
        counts: WebhookCounts,
    ) -> None:
        """`extra` limits the requests of all endpoints beyond the first of each."""
        self.endpoint = replace(endpoint, delivered=0, exhausted=0, skipped=0)
        self.deliveries: list[EventDelivery] = []
        self.notices: list[str] = []
        self._shown_id = format_id(endpoint.id)
        self._sender = sender
        self._extra = extra
        self._counts = counts
        self._started = self._delivered = 0
        self._ends_s = 0.0
        self._is_stopped = False

    async def run(self, due: Sequence[EventDelivery], page: EventPage) -> None:
        """Send the due deliveries, then the new events; stop at the first sign of trouble."""
        if page.deleted_to > self.endpoint.cursor:
            self._change(skipped=page.deleted_to - self.endpoint.cursor, cursor=page.deleted_to)
        new = [delivery_of(event, self.endpoint) for event in page.events if self._wants(event)]
        again = sorted(due, key=lambda delivery: delivery.sequence)
        chunks = deque((*self._chunks(again), *self._chunks(new)))
        self._ends_s = time.monotonic() + START_FOR_S
        while chunks and self._may_start():
            await self._send(chunks.popleft())  # alone: it shows whether the endpoint works
            if len(chunks) > 1 and not self.endpoint.failures:
                self._sender.prepare(self.endpoint, new[max(0, self._started - len(due)) :])
                await self._send_side_by_side(chunks)
        self._move_cursor(new[max(0, self._started - len(due)) :], page)
        self._change(delivered=self._delivered)

    # What to send.

    def _wants(self, event: Event) -> bool:
        is_own_notice = event.subject == self._shown_id
        return not is_own_notice and self.endpoint.wants(event.type, event.data)

    def _chunks(self, deliveries: Sequence[EventDelivery]) -> Iterator[Sequence[EventDelivery]]:
        size = self.endpoint.batch if self.endpoint.format is EndpointFormat.STANDARD else 1
        for first in range(0, len(deliveries), size):
            yield deliveries[first : first + size]

    def _move_cursor(self, left: Sequence[EventDelivery], page: EventPage) -> None:
        """Events are started in order: all before the first that was not started are done."""
        if left:
            self._change(cursor=left[0].sequence - 1)
        elif page.events:
            self._change(cursor=page.events[-1].sequence)

    def _may_start(self) -> bool:
        return not self._is_stopped and time.monotonic() <= self._ends_s

    async def _send_side_by_side(self, chunks: deque[Sequence[EventDelivery]]) -> None:
        """Send up to `WINDOW` requests at a time until one fails."""

        async def send_some() -> None:
            while chunks and self._may_start() and not self.endpoint.failures:
                await self._send(chunks.popleft())

        async def send_beside() -> None:
            if not self._extra.locked():
                async with self._extra:
                    await send_some()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(WINDOW, len(chunks)) - 1):
                tasks.create_task(send_beside())
            await send_some()

    async def _send(self, chunk: Sequence[EventDelivery]) -> None:
        self._started += len(chunk)
        result = await self._sender.send(self.endpoint, chunk)
        now_ms = result.attempt.at_ms + result.attempt.duration_ms
        self._counts.count_request(chunk, result, now_ms)
        if result.is_accepted:
            self._note_accepted(chunk, result, now_ms)
        else:
            self._note_failed(chunk, result, now_ms)

    # What came back.

    def _note_accepted(
        self, chunk: Sequence[EventDelivery], result: RequestResult, now_ms: int
    ) -> None:
        self._delivered += len(chunk)
        if self.endpoint.failures:
            self._change(failures=0, failing_since_ms=None)
        if self.endpoint.is_known_to_fail:
            self._change(recovered_ms=now_ms)
            self.notices.append("webhook.recovered")
        for delivery in chunk:
            if delivery.due_ms is not None:
                self._keep(delivery, result, now_ms, DeliveryState.DELIVERED, None)

    def _note_failed(
        self, chunk: Sequence[EventDelivery], result: RequestResult, now_ms: int
    ) -> None:
        since_ms = self.endpoint.failing_since_ms
        self._change(
            failures=self.endpoint.failures + 1,
            failing_since_ms=now_ms if since_ms is None else since_ms,
        )
        for delivery in chunk:
            attempts = len(delivery.attempts) + 1
            if result.is_gone:
                self._keep(delivery, result, now_ms, DeliveryState.ENDPOINT_GONE, None)
            elif attempts >= MAX_ATTEMPTS:
                self._change(exhausted=self.endpoint.exhausted + 1)
                self._keep(delivery, result, now_ms, DeliveryState.EXHAUSTED, None)
            else:
                wait_ms = max(pause_ms(attempts, random.random), result.retry_after_ms)
                self._keep(delivery, result, now_ms, DeliveryState.PENDING, now_ms + wait_ms)
        self._judge(result, now_ms)

    def _judge(self, result: RequestResult, now_ms: int) -> None:
        """Whether the endpoint itself has to pause, is disabled, or is gone."""
        endpoint = self.endpoint
        wait_ms = 0
        if result.is_throttled:
            wait_ms = result.retry_after_ms or _THROTTLE_MS
        if endpoint.failures >= BREAK_AFTER:
            count = endpoint.failures - BREAK_AFTER + 1
            wait_ms = max(wait_ms, pause_ms(count, random.random))
            self._notice_failing(now_ms)
        if wait_ms:
            self._is_stopped = True
            self._change(next_ms=max(endpoint.next_ms, now_ms + wait_ms))
        if result.is_gone:
            self._end(EndpointState.GONE)
        elif now_ms - (endpoint.failing_since_ms or now_ms) >= DISABLE_AFTER_MS:
            self._end(EndpointState.DISABLED)

    def _notice_failing(self, now_ms: int) -> None:
        endpoint = self.endpoint
        is_quiet = endpoint.noticed_ms is not None and now_ms - endpoint.noticed_ms < _QUIET_MS
        if not endpoint.is_known_to_fail and not is_quiet:
            self._change(noticed_ms=now_ms)
            self.notices.append("webhook.failing")

    def _end(self, state: EndpointState) -> None:
        if self.endpoint.state is EndpointState.ENABLED:
            self._is_stopped = True
            self._change(state=state)
            self.notices.append("webhook.disabled")

    def _keep(
        self,
        delivery: EventDelivery,
        result: RequestResult,
        now_ms: int,
        state: DeliveryState,
        due_ms: int | None,
    ) -> None:
        attempts = (*delivery.attempts, result.attempt)
        self.deliveries.append(
            replace(delivery, state=state, due_ms=due_ms, attempts=attempts, updated_ms=now_ms)
        )

    def _change(self, **fields: object) -> None:
        self.endpoint = replace(self.endpoint, **fields)
