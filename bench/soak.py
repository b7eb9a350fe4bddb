"""`make soak`: many messages through an SMSC that misbehaves, and exact counts.

The gateway and the simulator are processes of their own. One submit in 200 is throttled, the link
is cut every 2,000 submits, receipts come twice or before the answer, and answers late. Prints one
JSON line; ends with 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import math
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop

from bench.gateway import HOST, Gateway
from bench.load import drive, send_sms
from simpost.domain.states import State
from simpost.store.records.columns import FINAL, STATE

HOSTILE: tuple[dict[str, Any], ...] = (
    {
        "name": "throttled",
        "when": {"every": 200},
        "do": {"fault": "refuse", "status": "ESME_RTHROTTLED"},
    },
    {"name": "cut", "when": {"every": 2000}, "do": {"fault": "drop"}},
    {
        "name": "slow",
        "when": {"share": 0.01},
        "do": {"fault": "slow", "seconds": 0.05, "most_seconds": 0.5},
    },
    {"name": "twice", "when": {"share": 0.05}, "do": {"fault": "double_receipt"}},
    {"name": "early", "when": {"share": 0.05}, "do": {"fault": "receipt_first"}},
)
_BATCH = 10_000
_LOOK_EVERY = 3
"""Batches between two looks at the handsets: the simulator keeps some 80,000 texts."""
_MOST_BEHIND = 20_000
"""Messages that may wait or be on their way when a batch begins."""
SHOWN = 20
"""Texts to one handset; the simulator shows the latest 50, and repeats take places too. They go one
behind the other, because what it must forget is the handset that was quiet longest.
"""
_MOST_MIB = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--patience-s", type=float, default=300, help="to wait for the last end")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simpost-soak-") as folder:
        figures = soak(wanted, Path(folder))
    print(json.dumps(figures))
    sys.exit(0 if figures["holds"] else 1)


def soak(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    started = time.perf_counter()
    with Gateway(folder, wanted.window) as gateway:
        esims = gateway.fill(max(1000, math.ceil(wanted.messages / SHOWN)))
        gateway.set_faults(HOSTILE)
        first = wanted.messages // 10
        send(gateway, esims, range(first), wanted.connections)
        wait_for_ends(folder, first, wanted.patience_s)
        rss_early = gateway.process.rss_mib
        texts: dict[int, str] = {}
        for number, begin in enumerate(range(first, wanted.messages, _BATCH)):
            batch = range(begin, min(begin + _BATCH, wanted.messages))
            wait_for_ends(folder, begin - _MOST_BEHIND, wanted.patience_s)
            send(gateway, esims, batch, wanted.connections)
            if number % _LOOK_EVERY == 0:
                texts |= texts_of(gateway)
        wait_for_ends(folder, wanted.messages, wanted.patience_s)
        rss_late = gateway.process.rss_mib
        cpu_s = gateway.process.cpu_seconds
        shown = Counter((texts | texts_of(gateway)).values())
        stats = gateway.smsc("stats")
        logged = logged_in(folder)
    return {
        "messages": wanted.messages,
        **judge(wanted.messages, shown, logged),
        "rss_mib_at_10_percent": round(rss_early, 1),
        "rss_mib_at_the_end": round(rss_late, 1),
        "holds": _holds(wanted.messages, shown, logged) and rss_late - rss_early <= _MOST_MIB,
        "submits": stats["submits"],
        "faults": stats["faults"],
        "cpu_s_per_1000": round(1000 * cpu_s / wanted.messages, 3),
        "seconds": round(time.perf_counter() - started),
    }


class Logged:
    """What the gateway's log says in the end.

    Attributes:
        ends: messages by state and reason.
        states: the state of each text.
        repeated: texts of which an attempt is marked as a repeat.
    """

    def __init__(self, store: sqlite3.Connection) -> None:
        self.ends: Counter[str] = Counter()
        self.states: dict[str, State] = {}
        for text, code, reason in store.execute(
            "SELECT m.text, p.message_state, p.reason FROM messages m JOIN parts p"
            " ON p.account_id = m.account_id AND p.message_id = m.id AND p.number = 1"
        ):
            state = STATE[code]
            self.states[text] = state
            self.ends[f"{state}/{reason}" if reason else str(state)] += 1
        self.repeated = {
            text
            for (text,) in store.execute(
                "SELECT DISTINCT m.text FROM attempts a"
                " JOIN messages m ON m.account_id = a.account_id AND m.id = a.message_id"
                " WHERE a.repeat"
            )
        }


def send(gateway: Gateway, esims: list[str], batch: range, connections: int) -> None:
    requests = [
        send_sms(gateway.access_code, gateway.secret, esims[number // SHOWN], f"text {number}")
        for number in batch
    ]
    load = uvloop.run(drive(HOST, gateway.port, requests, connections))
    if load.failures or len(load.latencies) != len(batch):
        raise SystemExit(f"refused: {load.failures[:1]}, answered {len(load.latencies)}")


def open_store(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder / 'simpost.db'}?mode=ro", uri=True)


def wait_for_ends(folder: Path, messages: int, patience_s: float) -> None:
    """Until every message has ended, or patience has: the counts tell then what has not."""
    ends = time.monotonic() + patience_s
    store = open_store(folder)
    try:
        while time.monotonic() < ends:
            [ended] = store.execute(
                "SELECT count(*) FROM parts WHERE message_state >= ?", (FINAL,)
            ).fetchone()
            if ended >= messages:
                return
            time.sleep(1)
    finally:
        store.close()


def logged_in(folder: Path) -> Logged:
    store = open_store(folder)
    try:
        return Logged(store)
    finally:
        store.close()


def texts_of(gateway: Gateway) -> dict[int, str]:
    """What handsets show now, by the number the simulator gave it."""
    shown: dict[int, str] = {}
    for handset in gateway.smsc("handsets?limit=10000&messages=50"):
        if handset["received"] != len(handset["messages"]):
            raise SystemExit(f"handset {handset['number']} has forgotten texts")
        shown |= {message["id"]: message["text"] for message in handset["messages"]}
    return shown


def judge(messages: int, shown: Counter[str], logged: Logged) -> dict[str, Any]:
    twice = {text for text, times in shown.items() if times > 1}
    return {
        "logged": len(logged.states),
        "shown": len(shown),
        "shown_twice": len(twice),
        "marked_as_repeated": len(logged.repeated),
        "twice_without_a_mark": len(twice - logged.repeated),
        "delivered_but_not_shown": sum(
            state is State.DELIVERED and text not in shown for text, state in logged.states.items()
        ),
        "not_ended": messages - sum(state.is_final for state in logged.states.values()),
        "ends": dict(logged.ends),
    }


def _holds(messages: int, shown: Counter[str], logged: Logged) -> bool:
    judged = judge(messages, shown, logged)
    faults = ("twice_without_a_mark", "delivered_but_not_shown", "not_ended")
    without_reason = sum(
        count for end, count in logged.ends.items() if end in set(State) - {State.DELIVERED}
    )
    return (
        judged["logged"] == messages
        and judged["shown"] >= logged.ends[str(State.DELIVERED)]
        and not any(judged[fault] for fault in faults)
        and not without_reason
    )


if __name__ == "__main__":
    main()
