"""How fast a broadcast is prepared and paused: `python -m bench.broadcasts [--postgres]`.

Imports eSIMs, starts the gateway again, and begins a broadcast to all of them. Prepared: from the
request until all recipients are noted; memory is the most that was resident in the gateway since
its start, without the database. Paused: from the request to pause until the last text came to the
simulator, while it sends as fast as it can, or as `--rate` lets it. Codes are started while
recipients are noted, too: how long such a request takes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.codes_first import Centre
from bench.database import Database
from bench.gateway import HOST, Serving
from bench.machine import describe

_SETTLED_S = 2.0
_MORE = """
[policy]
quiet_hours = false
daily_limit = { promotion = 0 }
"""


def _post(serving: Serving, path: str, body: object) -> Any:
    headers = {**serving.credentials, "Content-Type": "application/json"}
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{serving.url}/v1/{path}", data, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def _begin(serving: Serving, **fields: object) -> str:
    body = {"name": "Bench", "template": "bench", "category": "promotion", **fields}
    return str(_post(serving, "broadcasts", body)["id"])


def _shown(serving: Serving, broadcast_id: str) -> Any:
    return serving.ask(f"/v1/broadcasts/{broadcast_id}")


def _prepare(serving: Serving, esims: int, codes: list[str]) -> str:
    """Note all recipients, start codes on the way, and cancel it; one line."""
    start = datetime.now(UTC) + timedelta(hours=1)
    begun_s = time.perf_counter()
    broadcast_id = _begin(serving, startAt=start.isoformat())
    times_ms: list[float] = []
    while _shown(serving, broadcast_id)["status"] == "preparing":
        if codes:
            before_s = time.perf_counter()
            _post(serving, "verifications", {"esimTranNo": codes.pop(), "purpose": "login"})
            times_ms.append(1000 * (time.perf_counter() - before_s))
        time.sleep(0.1)
    took_s = time.perf_counter() - begun_s
    assert _shown(serving, broadcast_id)["counts"]["total"] == esims
    code = f", codes on the way {max(times_ms):.0f} ms at most" if times_ms else ""
    peak = f"{serving.process.peak_mib:.0f} MiB"
    begun_s = time.perf_counter()
    _post(serving, f"broadcasts/{broadcast_id}/cancel", {})
    while _shown(serving, broadcast_id)["counts"]["remaining"]:
        time.sleep(0.1)
    cancelled_s = time.perf_counter() - begun_s
    return (
        f"{esims:,} prepared in {took_s:.1f} s, {esims / took_s:,.0f}/s, {peak} resident{code}, "
        f"cancelled in {cancelled_s:.1f} s"
    )


def _pause(serving: Serving, centre: Centre) -> str:
    """Send for a while, pause, and wait for the last text; one line."""
    before = centre.submits()
    broadcast_id = _begin(serving, perSecond=10_000)
    while _shown(serving, broadcast_id)["status"] in ("preparing", "scheduled"):
        time.sleep(0.1)
    begun_s, begun = time.perf_counter(), centre.submits()
    time.sleep(5)
    rate = (centre.submits() - begun) / (time.perf_counter() - begun_s)
    asked_s = last_s = time.perf_counter()
    _post(serving, f"broadcasts/{broadcast_id}/pause", {})
    answered_ms = 1000 * (time.perf_counter() - asked_s)
    seen = centre.submits()
    while time.perf_counter() - last_s < _SETTLED_S:
        if (now := centre.submits()) != seen:
            seen, last_s = now, time.perf_counter()
        time.sleep(0.01)
    counts = _shown(serving, broadcast_id)["counts"]
    assert counts["accepted"] == seen - before, (counts, seen - before)
    _post(serving, f"broadcasts/{broadcast_id}/cancel", {})
    took_ms = 1000 * (last_s - asked_s)
    return f"{rate:,.0f}/s, paused in {took_ms:.0f} ms, answered after {answered_ms:.0f} ms"


def measure(folder: Path, wanted: argparse.Namespace, database: Database | None) -> None:
    """Print a line for each measurement."""
    store = "PostgreSQL" if database else "embedded"

    def show(text: str) -> None:
        print(f"{store:>10}: {text}, load {os.getloadavg()[0]:.1f}", flush=True)

    with contextlib.ExitStack() as stack:
        centre = Centre(folder, window=1000)
        stack.callback(centre.stop)
        url = database.url if database else None
        carrier = f"rate_per_s = {wanted.rate}" if wanted.rate else ""
        serving = Serving(
            folder, centre.port, window=1000, database_url=url, carrier=carrier, more=_MORE
        )
        stack.callback(serving.stop)
        esims = serving.fill(wanted.esims)
        _post(
            serving,
            "templates",
            {"name": "bench", "texts": {"en": "Works tonight"}, "defaultLanguage": "en"},
        )
        serving.stop()
        serving.start()
        for _ in range(wanted.rounds):
            show(_prepare(serving, wanted.esims, esims[:100]))
        show(_pause(serving, centre))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.broadcasts", description=__doc__)
    parser.add_argument("--esims", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2, help="how often it is prepared")
    parser.add_argument("--rate", type=int, default=0, help="rate limit of the carrier, PDUs/s")
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
