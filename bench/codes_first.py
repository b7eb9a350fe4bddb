"""How soon a code is sent while much saturates the carrier: `python -m bench.codes_first`.

A broadcast, and promotions in batches, go through a carrier with a rate limit, with thousands of
texts queued; a broadcast alone queues no more than half a second of what the carrier takes. Starts
of verifications come one after another, each to another eSIM. A time is from the request to the
moment at which the simulator received the text, by the clock of the machine. A part of the others
may leave first: at a rate of 50/s the carrier takes one every 20 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.database import Database
from bench.gateway import HOST, Process, Serving, free_ports
from bench.machine import describe

_BATCH = 1_000
_MORE = """
[policy]
quiet_hours = false
daily_limit = { promotion = 0 }
"""


class Centre:
    """The simulator, and what came to its handsets."""

    def __init__(self, folder: Path, window: int) -> None:
        self.port, self._http_port = free_ports(2)
        options = [f"--port={self.port}", f"--http-port={self._http_port}", f"--window={window}"]
        options += [f"--system-id={Serving.system_id}", f"--password={Serving.password}"]
        log = folder / "smsc.log"
        self._process = Process(["smsc", *options], ready=str(self._http_port), log=log)
        self.stop = self._process.stop

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://{HOST}:{self._http_port}/{path}") as answer:
            return json.load(answer)

    def submits(self) -> int:
        return int(self.ask("stats")["submits"])

    def came_s(self) -> dict[str, float]:
        """When the first text came to each handset, in seconds since 1970."""
        return {
            each["number"]: datetime.fromisoformat(each["messages"][0]["receivedAt"]).timestamp()
            for each in self.ask("handsets?limit=10000&messages=50")
        }


def _post(serving: Serving, path: str, body: object) -> Any:
    headers = {**serving.credentials, "Content-Type": "application/json"}
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{serving.url}/v1/{path}", data, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def _saturate(serving: Serving, esims: list[str]) -> str:
    """Begin a broadcast to a fifth of them, and send to the others in batches."""
    _post(
        serving,
        "templates",
        {"name": "offer", "texts": {"en": "An offer"}, "defaultLanguage": "en"},
    )
    few = len(esims) // 5
    body = {
        "name": "Offer",
        "template": "offer",
        "category": "promotion",
        "perSecond": 1000,
        "audience": {"esims": esims[:few]},
    }
    begun = _post(serving, "broadcasts", body)
    each = {"text": "An offer", "category": "promotion"}
    for place in range(few, len(esims), _BATCH):
        messages = [{"esimTranNo": esim} | each for esim in esims[place : place + _BATCH]]
        _post(serving, "messages", {"messages": messages})
    return str(begun["id"])


def _queued(serving: Serving, centre: Centre, broadcast_id: str, others: int) -> int:
    counts = serving.ask(f"/v1/broadcasts/{broadcast_id}")["counts"]
    return others + int(counts["accepted"]) - centre.submits()


def measure(folder: Path, wanted: argparse.Namespace, database: Database | None) -> None:
    """Print one line."""
    with contextlib.ExitStack() as stack:
        centre = Centre(folder, wanted.window)
        stack.callback(centre.stop)
        url = database.url if database else None
        serving = stack.enter_context(
            Serving(
                folder,
                centre.port,
                window=wanted.window,
                database_url=url,
                carrier=f"rate_per_s = {wanted.rate}",
                more=_MORE,
            )
        )
        esims = serving.fill(wanted.queued + wanted.starts)
        broadcast_id = _saturate(serving, esims[wanted.starts :])
        others = wanted.queued - wanted.queued // 5
        begun_s = {}
        for esim in esims[: wanted.starts]:
            begun_s[f"66{esim[-10:]}"] = time.time()
            _post(serving, "verifications", {"esimTranNo": esim, "purpose": "login"})
            time.sleep(0.1)
        while not begun_s.keys() <= (came_s := centre.came_s()).keys():
            time.sleep(0.05)
        queued = _queued(serving, centre, broadcast_id, others)
    times_ms = sorted(1000 * (came_s[number] - at_s) for number, at_s in begun_s.items())
    p50, p99, most = (times_ms[int((len(times_ms) - 1) * share)] for share in (0.5, 0.99, 1))
    store = "PostgreSQL" if database else "embedded"
    print(
        f"{store:>10}, carrier {wanted.rate}/s, {wanted.starts} codes, {queued} texts queued at "
        f"the end: p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {most:.0f} ms, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.codes_first", description=__doc__)
    parser.add_argument("--queued", type=int, default=5_000, help="texts, a fifth by a broadcast")
    parser.add_argument("--rate", type=int, default=50, help="rate limit of the carrier, PDUs/s")
    parser.add_argument("--window", type=int, default=20)
    parser.add_argument("--starts", type=int, default=100)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, not embedded")
    wanted = parser.parse_args()
    print(" ".join(f"{name}: {value}" for name, value in describe(None).items()), "at", HOST)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simpost-")))
        database = Database() if wanted.postgres else None
        if database:
            stack.callback(database.stop)
        measure(folder, wanted, database)


if __name__ == "__main__":
    main()
