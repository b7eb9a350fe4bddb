"""Counts of a node, for its metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from simpost.domain.webhooks import EventDelivery
from simpost.features.webhooks.sender import RequestResult
from simpost.observe import metrics
from simpost.observe.histogram import CARRIER_SECONDS, Histogram
from simpost.observe.metrics import Sample
from simpost.runtime.component import count_samples

_ACCEPTED: Final = ("accepted",)


class WebhookCounts:
    """Plain numbers since the start.

    Attributes:
        requests: by outcome.
        delay_s: from the event to its acceptance.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str]] = Counter()
        self.exhausted = 0
        self.skipped = 0
        self.delay_s = Histogram(CARRIER_SECONDS)

    def samples(self) -> Iterable[Sample]:
        """The present values of the metrics."""
        yield from count_samples(metrics.WEBHOOK_REQUESTS, self.requests)
        yield Sample(metrics.WEBHOOK_EXHAUSTED, (), self.exhausted)
        yield Sample(metrics.WEBHOOK_SKIPPED, (), self.skipped)
        yield Sample(metrics.WEBHOOK_DELAY, (), self.delay_s)

    def count_request(
        self, deliveries: Sequence[EventDelivery], result: RequestResult, now_ms: int
    ) -> None:
        """Count one request and, if it was accepted, the delay of its events."""
        if result.is_accepted:
            self.requests[_ACCEPTED] += 1
            for each in deliveries:
                self.delay_s.add((now_ms - each.at_ms) / 1000)
        else:
            self.requests[(result.outcome,)] += 1
