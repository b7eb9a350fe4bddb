"""How the doors answered, counted in plain numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simpost.observe import metrics
from simpost.observe.histogram import SECONDS, Histogram
from simpost.observe.metrics import Sample

DOORS = ("open", "native")


class ResponseCounts:
    """`done`: successes of the open door, which are most answers.

    `counts`: the others, by door, HTTP status and the open door's errorCode. `times_s` by door.
    """

    def __init__(self) -> None:
        self.done = 0
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.times_s = {door: Histogram(SECONDS) for door in DOORS}

    def read(self) -> Iterator[Sample]:
        yield Sample(metrics.RESPONSES, ("open", "200", "0"), self.done)
        for labels, count in self.counts.items():
            yield Sample(metrics.RESPONSES, labels, count)
        for door, spread in self.times_s.items():
            yield Sample(metrics.HTTP_TIME, (door,), spread)
