"""The whole path through an HTTP API: `python -m bench.upstreams`.

A generator sends to `simpost serve`, whose only carrier is `esim_access` without a rate limit, at
the simulated upstream of `simpost smsc` in its own process. A run ends when the simulator has
responded to every text. CPU is that of the service; the simulator's is beside it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.request
from pathlib import Path

import uvloop

from bench.gateway import HOST, Process, Serving, free_ports
from bench.load import drive, send_sms
from bench.machine import describe
from bench.texts import text

_ESIMS = 1_000
_WARM_UP = 500


class _ServingUpstream(Serving):
    """A service whose only carrier is an HTTP API."""

    def _toml(
        self, smsc_port: int, window: int, log_level: str, url: str, key: str, carrier: str
    ) -> str:
        whole = super()._toml(smsc_port, window, log_level, url, key, carrier)
        return f"""{whole[: whole.index("[[carriers]]")]}
[[carriers]]
name = "simulator"
type = "esim_access"
base_url = "http://{HOST}:{smsc_port}/api/v1/open"
access_code = "bench"
secret_key = "{self.password}"
allow_private = true
rate_per_s = 0
max_unanswered = {window}
[[routes]]
carrier = "simulator"
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.upstreams", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--unanswered", type=int, default=20)
    wanted = parser.parse_args()
    print(describe())
    for _ in range(wanted.rounds):
        with tempfile.TemporaryDirectory(prefix="simpost-bench-") as name:
            print(json.dumps(_measure(Path(name), wanted)), flush=True)


def _measure(folder: Path, wanted: argparse.Namespace) -> dict[str, float]:
    smsc_port, http_port = free_ports(2)
    upstream = Process(
        ["smsc", f"--port={smsc_port}", f"--http-port={http_port}"],
        ready=str(http_port),
        log=folder / "smsc.log",
    )
    try:
        with _ServingUpstream(folder, http_port, window=wanted.unanswered) as serving:
            esims = serving.fill(_ESIMS)
            _run(serving, http_port, esims, range(_WARM_UP), wanted.connections)
            numbers = range(_WARM_UP, _WARM_UP + wanted.messages)
            cpu, simulator = serving.process.cpu_seconds, upstream.cpu_seconds
            seconds = _run(serving, http_port, esims, numbers, wanted.connections)
            cpu = serving.process.cpu_seconds - cpu
            simulator = upstream.cpu_seconds - simulator
    finally:
        upstream.stop()
    return {
        "messages_per_s": round(wanted.messages / seconds),
        "cpu_s_per_1000": round(1000 * cpu / wanted.messages, 3),
        "simulator_cpu_s_per_1000": round(1000 * simulator / wanted.messages, 3),
    }


def _run(
    serving: Serving, http_port: int, esims: list[str], numbers: range, connections: int
) -> float:
    """Seconds from the first request until the simulator has responded to every text."""
    before = _responses(http_port)
    requests = [
        send_sms(serving.access_code, serving.secret, esims[number % len(esims)], text(number, 1))
        for number in numbers
    ]
    started = time.perf_counter()
    load = uvloop.run(drive(HOST, serving.port, requests, connections))
    if load.failures:
        raise SystemExit(f"not accepted: {load.failures[0]}")
    while _responses(http_port) < before + len(numbers):
        time.sleep(0.02)
    return time.perf_counter() - started


def _responses(http_port: int) -> int:
    with urllib.request.urlopen(f"http://{HOST}:{http_port}/stats") as answer:
        counts = json.load(answer)["upstreams"].get("esim_access", {})
    if set(counts) - {"200"}:
        raise SystemExit(f"the upstream refused texts: {counts}")
    return int(counts.get("200", 0))


if __name__ == "__main__":
    main()
