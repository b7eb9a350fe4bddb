"""How the doors answered, counted in plain numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simpost.observe import metrics
from simpost.observe.counts import SECONDS, Spread
from simpost.observe.metrics import Reading

DOORS = ("open", "native")


class Answers:
    """`done`: successes of the open door, which are most answers.

    `counts`: the others, by door, HTTP status and the open door's errorCode. `times_s` by door.
    """

    def __init__(self) -> None:
        self.done = 0
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.times_s = {door: Spread(SECONDS) for door in DOORS}

    def read(self) -> Iterator[Reading]:
        yield Reading(metrics.ANSWERS, ("open", "200", "0"), self.done)
        for labels, count in self.counts.items():
            yield Reading(metrics.ANSWERS, labels, count)
        for door, spread in self.times_s.items():
            yield Reading(metrics.HTTP_TIME, (door,), spread)
