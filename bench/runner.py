"""One stretch of load on one contestant, and what it took."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvloop

from bench.gateways import Contestant, Terms
from bench.load import Load, drive, percentile_ms
from bench.processes import HOST

_PATIENCE_S = 120
_SETTLING_S = 0.3
"""For what still follows the last receipt: the commit of the last answer, a cache written back."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The cost of a number of messages.

    Attributes:
        accepted_per_s: answers that accepted, while the load ran.
        done_per_s: until the SMSC had every part, and every receipt was acknowledged.
        cpu_s: of all processes of the gateway.
    """

    messages: int
    parts: int
    accepted_per_s: float
    done_per_s: float
    cpu_s: float
    latencies: Sequence[float]

    @property
    def cpu_s_per_1000(self) -> float:
        """For a thousand parts, which are what a carrier counts."""
        return 1000 * self.cpu_s / (self.messages * self.parts)


@dataclass(slots=True)
class Course:
    """All stretches of one contestant.

    Attributes:
        sent: messages so far; the next is numbered by it.
    """

    contestant: Contestant
    terms: Terms
    sent: int = 0

    def run(self, messages: int, rate_per_s: float = 0) -> Stretch:
        """Raises SystemExit when one was refused, or not all were done in two minutes."""
        cpu_before = self.contestant.cpu_seconds
        load, started = self.accept(messages, rate_per_s)
        self.wait()
        done_s = time.perf_counter() - started
        time.sleep(_SETTLING_S)
        return Stretch(
            messages=messages,
            parts=self.terms.parts,
            accepted_per_s=messages / load.seconds,
            done_per_s=messages / done_s,
            cpu_s=self.contestant.cpu_seconds - cpu_before,
            latencies=load.latencies,
        )

    def accept(self, messages: int, rate_per_s: float = 0) -> tuple[Load, float]:
        """Send `count` messages, all accepted; the second value is the time the load began."""
        it = self.contestant
        requests = it.requests(range(self.sent, self.sent + messages))
        count = len(requests)
        self.sent += messages
        started = time.perf_counter()
        load = drive_it(it, self.terms, requests, rate_per_s)
        if len(load.accepted) != count:
            raise SystemExit(f"{it.name} refused: {load.failures[:1]}")
        return load, started

    def wait(self) -> None:
        wait_for(self.is_done, f"{self.contestant.name}: not all done")

    def is_done(self) -> bool:
        """Every part is there, and every receipt that was asked for is acknowledged."""
        stats = self.contestant.sink.stats()
        return bool(
            stats["unique"] >= self.sent * self.terms.parts
            and stats["acknowledged"] == stats["reported"]
        )


def drive_it(
    contestant: Contestant, terms: Terms, requests: list[bytes], rate_per_s: float = 0
) -> Load:
    return uvloop.run(
        drive(
            HOST,
            contestant.ports,
            requests,
            terms.connections,
            success=contestant.success,
            rate_per_s=rate_per_s,
        )
    )


def wait_for(done: Callable[[], bool], otherwise: str) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > ends:
            raise SystemExit(f"{otherwise} in {_PATIENCE_S} s")
        time.sleep(0.01)


def figures(stretches: Sequence[Stretch]) -> dict[str, float]:
    """Medians over the stretches; percentiles over all answers."""
    latencies = [latency for stretch in stretches for latency in stretch.latencies]
    return {
        "cpu_s_per_1000": round(statistics.median(it.cpu_s_per_1000 for it in stretches), 3),
        "accepted_per_s": round(statistics.median(it.accepted_per_s for it in stretches)),
        "done_per_s": round(statistics.median(it.done_per_s for it in stretches)),
        "p50_ms": round(percentile_ms(latencies, 0.50), 1),
        "p99_ms": round(percentile_ms(latencies, 0.99), 1),
    }
