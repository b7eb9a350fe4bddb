"""What faults cost: the pace of one bind undisturbed, throttled, and cut again and again.

Run: python -m bench.faults. Each time the given number of messages is queued for a
paused carrier. Then it is resumed, and the time is measured until 99 in 100 have a response or are
in doubt, and until all are: the last throttled ones wait for their delay, a second at first.
All runs are of one gateway and one simulator, so that they share what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.gateway import Gateway
from bench.soak import HOSTILE, SHOWN, judge, logged_in, open_store, send, texts_of, wait_for_ends
from simpost.domain.states import State
from simpost.store.records.columns import CODE

_THROTTLED, _CUT = HOSTILE[:2]
_STORIES: tuple[tuple[str, tuple[dict[str, Any], ...]], ...] = (
    ("undisturbed", ()),
    ("one in 200 throttled", (_THROTTLED,)),
    ("cut every 2,000", (_CUT,)),
    ("undisturbed again", ()),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--window", type=int, default=10)
    parser.add_argument("--patience-s", type=float, default=120, help="to wait for the last end")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simpost-faults-") as folder:
        figures = _compare(wanted, Path(folder))
    print(json.dumps(figures))
    for name, value in figures.items():
        print(f"{name:>34}  {value}")


def _compare(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    rates: dict[str, int] = {}
    all_s: dict[str, float] = {}
    total = 0
    with Gateway(folder, wanted.window) as gateway:
        messages = wanted.messages * len(_STORIES)
        esims = gateway.fill(max(1000, math.ceil(messages / SHOWN)))
        for name, rules in _STORIES:
            gateway.pause()
            batch = range(total, total + wanted.messages)
            send(gateway, esims, batch, wanted.connections)
            total += wanted.messages
            gateway.set_faults(rules)
            started = time.perf_counter()
            gateway.resume()
            most = wanted.messages * 99 // 100
            _wait_for_answers(folder, total - wanted.messages + most, wanted.patience_s)
            rates[name] = round(most / (time.perf_counter() - started))
            _wait_for_answers(folder, total, wanted.patience_s)
            all_s[name] = round(time.perf_counter() - started, 2)
        gateway.set_faults(())
        wait_for_ends(folder, total, wanted.patience_s)
        judged = judge(total, Counter(texts_of(gateway).values()), logged_in(folder))
    undisturbed = (rates["undisturbed"] + rates["undisturbed again"]) / 2
    return {
        **{f"{name}, a s": rate for name, rate in rates.items()},
        **{f"{name}, all in s": seconds for name, seconds in all_s.items()},
        "ratio throttled": round(rates["one in 200 throttled"] / undisturbed, 2),
        "ratio cut": round(rates["cut every 2,000"] / undisturbed, 2),
        "window": wanted.window,
        **judged,
    }


def _wait_for_answers(folder: Path, messages: int, patience_s: float) -> None:
    ends = time.monotonic() + patience_s
    store = open_store(folder)
    try:
        while time.monotonic() < ends:
            [answered] = store.execute(
                "SELECT count(*) FROM parts WHERE message_state >= ?", (CODE[State.IN_DOUBT],)
            ).fetchone()
            if answered >= messages:
                return
            time.sleep(0.05)
    finally:
        store.close()
    raise SystemExit(f"{answered} of {messages} answered in {patience_s} s")


if __name__ == "__main__":
    main()
