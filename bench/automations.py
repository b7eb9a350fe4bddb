"""How late automations send, with many that wait: `python -m bench.automations [--postgres]`.

`simpost serve` with an SMSC that counts. First runs that wait for hours are made from lifecycle
events, then some become due at a steady rate, then some at one moment. Lateness is from the time at
which the k-th message is due until the SMSC has k messages, looked at every 5 ms. CPU is that of
the process and of PostgreSQL; the idle row is all that the service does while nothing is due.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.database import Database
from bench.gateway import Serving
from bench.machine import describe
from bench.sink import Sink

_DELAY_S = 86_400
_LEAD_S = 3.0
"""From the last event until the first message is due."""
_IDLE_S = 10
_ROWS = 500
_MORE = "[policy]\nquiet_hours = false\n"


class Bench:
    """A service with an automation that is switched on."""

    def __init__(self, serving: Serving, sink: Sink, database: Database | None, esims: int) -> None:
        self.serving, self._sink, self._database = serving, sink, database
        self.esims = serving.fill(esims)
        text = {"name": "late", "defaultLanguage": "en", "texts": {"en": "00000000 hello"}}
        self._ask("POST", "templates", text)
        wanted = {"trigger": "installed", "template": "late", "enabled": True}
        times = {"delaySeconds": _DELAY_S, "notAfterSeconds": 2 * _DELAY_S}
        self._ask("PUT", "automations/late", wanted | times)

    def _ask(self, method: str, path: str, body: object) -> Any:
        request = urllib.request.Request(
            f"{self.serving.url}/v1/{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={**self.serving.credentials, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def report(self, esims: Sequence[str], due_s: Sequence[float]) -> None:
        """Report each eSIM as installed, so that its message is due at a time."""
        times = [datetime.fromtimestamp(due - _DELAY_S, UTC).isoformat() for due in due_s]
        rows = [
            {"kind": "installed", "esimTranNo": esim, "at": at}
            for esim, at in zip(esims, times, strict=True)
        ]
        for first in range(0, len(rows), _ROWS):
            self._ask("POST", "lifecycle/events", {"rows": rows[first : first + _ROWS]})

    def wait_started(self, count: int) -> None:
        """Return when this number of runs wait or have ended."""
        while sum(self.serving.ask("/v1/automations/late")["runs"].values()) < count:
            time.sleep(0.05)

    def used_s(self) -> float:
        database_s = self._database.cpu_seconds if self._database else 0.0
        return self.serving.process.cpu_seconds + database_s

    def lateness_ms(self, due_s: Sequence[float]) -> list[float]:
        """Of each message, once all have come."""
        before = done = self._sink.stats()["submits"]
        late: list[float] = []
        while len(late) < len(due_s):
            done = self._sink.stats()["submits"] - before
            now_s = time.time()
            late += [1000 * (now_s - due) for due in due_s[len(late) : done]]
            time.sleep(0.005)
        return late


def _line(name: str, late_ms: list[float], used_s: float) -> str:
    some = sorted(late_ms)
    p50, p99, most = (some[int((len(some) - 1) * share)] for share in (0.5, 0.99, 1))
    cost = 1000 * used_s / len(some)
    return (
        f"{name:<16} p50 {p50:,.0f} ms, p99 {p99:,.0f} ms, most {most:,.0f} ms late, "
        f"{cost:.2f} CPU s per 1,000, load {os.getloadavg()[0]:.1f}"
    )


def measure(bench: Bench, wanted: argparse.Namespace) -> None:
    """Print a line each for idle, a steady rate, and one moment."""
    steady, esims = wanted.rate * wanted.seconds, bench.esims
    begun_s = time.time()
    hours = [begun_s + 3600 * (2 + 20 * index / wanted.pending) for index in range(wanted.pending)]
    bench.report(esims[: wanted.pending], hours)
    bench.wait_started(wanted.pending)
    print(f"{wanted.pending:,} runs wait after {time.time() - begun_s:.0f} s", flush=True)

    used_s = bench.used_s()
    time.sleep(_IDLE_S)
    share = (bench.used_s() - used_s) / _IDLE_S
    print(f"{'idle':<16} {100 * share:.1f} % of a processor", flush=True)

    starts = {
        f"{wanted.rate} a second": (esims[wanted.pending :][:steady], 1 / wanted.rate),
        f"{wanted.at_once} at once": (esims[wanted.pending + steady :], 0.0),
    }
    started = wanted.pending
    for name, (some, apart_s) in starts.items():
        first_s = time.time() + _LEAD_S + len(some) / 1000
        due_s = [first_s + apart_s * index for index in range(len(some))]
        bench.report(some, due_s)
        started += len(some)
        bench.wait_started(started)
        assert time.time() < first_s, "the events took too long"
        used_s = bench.used_s()
        late_ms = bench.lateness_ms(due_s)
        print(_line(name, late_ms, bench.used_s() - used_s), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.automations", description=__doc__)
    parser.add_argument("--pending", type=int, default=100_000, help="runs that wait for hours")
    parser.add_argument("--rate", type=int, default=50, help="messages due per second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=2000, help="messages due at one moment")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, not embedded")
    wanted = parser.parse_args()
    print(" ".join(f"{name}: {value}" for name, value in describe(None).items()))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simpost-")))
        database = Database() if wanted.postgres else None
        if database:
            stack.callback(database.stop)
        sink = Sink(folder, receipts=True, window=100)
        stack.callback(sink.stop)
        url = database.url if database else None
        serving = Serving(folder, sink.port, window=100, database_url=url, more=_MORE)
        stack.callback(serving.stop)
        esims = wanted.pending + wanted.rate * wanted.seconds + wanted.at_once
        measure(Bench(serving, sink, database, esims), wanted)


if __name__ == "__main__":
    main()
