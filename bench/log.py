"""How long it takes to list and to search a log of a million messages, through the HTTP API.

Run: python -m bench.log. Each question is asked many times with other values, one at a time on one
connection; the time is that of the whole answer of up to 50 messages, CPU that of the gateway and
its database for one. The first asks for nothing, and shows how late the machine itself is. Ends
with 1 where the p99 of a question is above 20 ms.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

from bench.database import Database
from bench.gateways import Simpost, Terms
from bench.history import SPREAD_MS
from bench.load import percentile_ms
from bench.machine import describe
from bench.processes import HOST

AIM_MS = 20.0
_HOUR_MS = 3_600_000
_STATES = ("accepted", "in_doubt", "sent", "delivered", "failed", "expired", "rejected")

Question: TypeAlias = Callable[[], str]
Fact: TypeAlias = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.log", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=300, help="that each question is asked")
    parser.add_argument("--postgres", action="store_true", help="instead of the embedded store")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simpost-bench-") as folder:
        figures = measure(Path(folder), wanted.rows, wanted.times, postgres=wanted.postgres)
    store = "postgres" if wanted.postgres else "embedded"
    print(json.dumps({**describe(), "store": store, "rows": wanted.rows, "log": figures}))
    sys.exit(any(found["p99_ms"] > AIM_MS for found in figures.values()))


def measure(folder: Path, rows: int, times: int, *, postgres: bool) -> dict[str, Any]:
    database = Database() if postgres else None
    simpost = Simpost(folder / "simpost", Terms(), database=database)
    try:
        now_ms = int(time.time() * 1000)
        simpost.fill_history(rows, now_ms)
        return _ask_all(simpost, _questions(simpost, now_ms), times)
    finally:
        simpost.stop()


class Facts:
    """What is asked for, another value each time."""

    def __init__(self, esims: Sequence[str], now_ms: int) -> None:
        self.dice = random.Random(2)
        self._esims = esims
        self._now_ms = now_ms

    def esim(self) -> Fact:
        return {"esimTranNo": self.dice.choice(self._esims)}

    def busy(self) -> Fact:
        return {"esimTranNo": self._esims[0]}

    def off(self) -> Fact:
        return {"esimTranNo": self._esims[1]}

    def iccid(self) -> Fact:
        return {"iccid": f"8966{self.dice.choice(self._esims)}1"}

    def until(self) -> Fact:
        return {"to": _instant(self._moment())}

    def hour(self) -> Fact:
        from_ms = self._moment()
        return {"from": _instant(from_ms), "to": _instant(from_ms + _HOUR_MS)}

    def page(self) -> Fact:
        last = self._moment().to_bytes(6, "big").ljust(16, b"\0")
        return {"cursor": base64.urlsafe_b64encode(last).rstrip(b"=").decode()}

    def anything(self) -> Fact:
        found = self.dice.choice((self.esim, self.busy, self.off))()
        found["state"] = self.dice.choice(_STATES)
        for fact in self.dice.sample((self.hour, self.until, self.page), self.dice.randrange(3)):
            found |= fact()
        return found

    def _moment(self) -> int:
        return self._now_ms - self.dice.randrange(SPREAD_MS)


def _questions(simpost: Simpost, now_ms: int) -> dict[str, Question]:
    facts = Facts(simpost.esims, now_ms)
    esim, busy, off = facts.esim, facts.busy, facts.off
    until, hour, page = facts.until, facts.hour, facts.page
    some_ids = [message["id"] for message in simpost.ask("/v1/messages?limit=200")["messages"]]

    def listed(*facts: Callable[[], Fact]) -> Question:
        return lambda: (
            f"/v1/messages?{urlencode({k: v for fact in facts for k, v in fact().items()})}"
        )

    def state(name: str) -> Callable[[], Fact]:
        return lambda: {"state": name}

    return {
        "nothing (/healthz)": lambda: "/healthz",
        "newest": listed(),
        "at a time": listed(until),
        "in an hour": listed(hour),
        "of an eSIM": listed(esim),
        "of an ICCID": listed(facts.iccid),
        "of an eSIM with 11,000, in an hour": listed(busy, hour),
        "delivered": listed(state("delivered"), until),
        "failed (45 in all)": listed(state("failed")),
        "failed, in an hour": listed(state("failed"), hour),
        "in doubt (none)": listed(state("in_doubt")),
        "of an eSIM, rejected": listed(esim, state("rejected")),
        "of an eSIM with 11,000, delivered": listed(busy, state("delivered"), page),
        "the same, expired": listed(busy, state("expired"), page),
        "the same, failed": listed(busy, state("failed")),
        "the same, failed, in an hour": listed(busy, state("failed"), hour),
        "the same, in doubt (none)": listed(busy, state("in_doubt")),
        "of an eSIM with 11,000 expired": listed(off, state("expired"), page),
        "the same, delivered (none)": listed(off, state("delivered")),
        "of one of these in a state at a time": listed(facts.anything),
        "by id": lambda: f"/v1/messages/{facts.dice.choice(some_ids)}",
    }


def _ask_all(simpost: Simpost, questions: dict[str, Question], times: int) -> dict[str, Any]:
    connection = http.client.HTTPConnection(HOST, simpost.ports[0])
    figures: dict[str, Any] = {}
    print(f"{'':40} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>8} {'found':>6}")
    for name, question in questions.items():
        latencies, found = [], 0
        cpu_before = simpost.cpu_seconds
        for _ in range(times):
            path = question()
            started = time.perf_counter()
            connection.request("GET", path, headers=simpost.gateway.credentials)
            answer = connection.getresponse()
            body = answer.read()
            latencies.append(time.perf_counter() - started)
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status} {body.decode()}")
            found += len(json.loads(body).get("messages", ["one"]))
        p50, p99 = (round(percentile_ms(latencies, share), 1) for share in (0.5, 0.99))
        cpu = round(1000 * (simpost.cpu_seconds - cpu_before) / times, 1)
        figures[name] = {"p50_ms": p50, "p99_ms": p99, "cpu_ms": cpu}
        print(f"{name:40} {p50:8} {p99:8} {cpu:8} {found / times:6.0f}", flush=True)
    connection.close()
    return figures


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


if __name__ == "__main__":
    main()
