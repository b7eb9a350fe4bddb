"""Components: the parts of the process that run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simpost.config import Settings
from simpost.observe.metrics import Metric, Sample


class Component:
    """A part of the process with work, settings and metrics; each is optional.

    A component that raises from `run` stops the process: half a service is worse than none.
    """

    async def run(self) -> None:
        """Work until cancelled; return at once if there is nothing to do."""

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new settings, which are valid as a whole."""

    def samples(self) -> Iterable[Sample]:
        """The current values of its metrics. Must not wait: a scrape calls it."""
        return ()


def count_samples(metric: Metric, counter: Mapping[Any, int]) -> Iterator[Sample]:
    """One sample per key of a counter. A key has the labels; `None` is an empty label."""
    for labels, count in counter.items():
        yield Sample(metric, tuple(label or "" for label in labels), count)
