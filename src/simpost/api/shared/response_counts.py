"""Counts and times of responses, for the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simpost.observe import metrics
from simpost.observe.histogram import SECONDS, Histogram
from simpost.observe.metrics import Sample

APIS = ("open", "native", "shapes")


class ResponseCounts:
    """Counts and durations of one process.

    Attributes:
        done: successes of the compatible API, which are most responses.
        counts: all others, by API, HTTP status and errorCode of the compatible API.
        times_s: durations by API.
    """

    def __init__(self) -> None:
        self.done = 0
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.times_s = {api: Histogram(SECONDS) for api in APIS}

    def read(self) -> Iterator[Sample]:
        """Samples for the metrics."""
        yield Sample(metrics.RESPONSES, ("open", "200", "0"), self.done)
        for labels, count in self.counts.items():
            yield Sample(metrics.RESPONSES, labels, count)
        for api, histogram in self.times_s.items():
            yield Sample(metrics.HTTP_TIME, (api,), histogram)
