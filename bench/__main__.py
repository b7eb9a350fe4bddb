"""`make bench`: the whole way of a message, measured from outside.

Prints one JSON line and a small table. CPU seconds are user and system time of the gateway's
process, database included; the simulator and the load generator are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from bench.gateway import HOST, Gateway
from bench.load import Load, drive, send_sms

_TEXT = "Welcome! Your plan is active: 1 GB until Sunday. Reply is not possible."


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--esims", type=int, default=1000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simpost-bench-") as folder:
        print(f"{wanted.messages} messages, {wanted.connections} connections ...", flush=True)
        figures = measure(wanted, Path(folder))
    print(json.dumps(figures))
    for name, value in figures.items():
        print(f"{name:>28}  {value}")


def measure(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    with Gateway(folder, wanted.window) as gateway:
        esims = gateway.fill(wanted.esims)
        warm = _run(gateway, esims, max(1000, wanted.messages // 20), wanted.connections)
        rss_before = gateway.process.rss_mib
        cpu_before = gateway.process.cpu_seconds
        started = time.perf_counter()
        load = _run(gateway, esims, wanted.messages, wanted.connections)
        delivered = time.perf_counter() - started
        cpu = gateway.process.cpu_seconds - cpu_before
        rss = gateway.process.rss_mib
    if load.failures or warm.failures:
        raise SystemExit(f"refused: {(warm.failures + load.failures)[0]}")
    return {
        "messages": wanted.messages,
        "accepted_per_s": round(wanted.messages / load.seconds),
        "delivered_per_s": round(wanted.messages / delivered),
        "p50_ms": round(load.percentile_ms(0.50), 2),
        "p99_ms": round(load.percentile_ms(0.99), 2),
        "cpu_s_per_1000": round(1000 * cpu / wanted.messages, 3),
        "rss_mib_before": round(rss_before, 1),
        "rss_mib_after": round(rss, 1),
        "window": wanted.window,
        "connections": wanted.connections,
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "machine": _processor(),
    }


def _run(gateway: Gateway, esims: list[str], messages: int, connections: int) -> Load:
    """Send, and wait until every receipt was acknowledged: committed, that is."""
    before = gateway.smsc("stats")["receipts"]["acknowledged"]
    requests = [
        send_sms(gateway.access_code, gateway.secret, esims[index % len(esims)], _TEXT)
        for index in range(messages)
    ]
    load = uvloop.run(drive(HOST, gateway.port, requests, connections))
    ends = time.monotonic() + 120
    while gateway.smsc("stats")["receipts"]["acknowledged"] - before < messages - len(
        load.failures
    ):
        if time.monotonic() > ends:
            raise SystemExit(f"not all delivered: {gateway.smsc('stats')}")
        time.sleep(0.02)
    return load


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
