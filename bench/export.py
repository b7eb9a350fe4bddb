"""How fast an export is, and how much memory the gateway needs for it."""

from __future__ import annotations

import http.client
import time
from typing import Any

from bench.gateways import Simpost
from bench.processes import HOST

FORMATS = ("csv", "jsonl")
_CHUNK_OCTETS = 65_536


def measure(simpost: Simpost, rows: int, format_: str) -> dict[str, Any]:
    """Export all messages of the account; `grown_mib` is how much peak memory the export added."""
    resident_mib, cpu_s, started_s = simpost.rss_mib, simpost.cpu_seconds, time.perf_counter()
    lines, octets = export(simpost, f"format={format_}")
    seconds = time.perf_counter() - started_s
    exported = lines - (format_ == "csv")
    if exported != rows:
        raise SystemExit(f"{rows} messages in the log, {exported} in the file")
    return {
        "messages": exported,
        "rows_per_s": round(rows / seconds),
        "mib": round(octets / 2**20, 1),
        "cpu_us_per_row": round(1e6 * (simpost.cpu_seconds - cpu_s) / rows, 1),
        "grown_mib": round(simpost.peak_of_nodes_mib - resident_mib, 1),
    }


def export(simpost: Simpost, query: str) -> tuple[int, int]:
    """Lines and octets of the file. The texts of the benchmark have no line ends."""
    connection = http.client.HTTPConnection(HOST, simpost.gateway.port, timeout=60)
    path = f"/v1/messages/export?{query}"
    connection.request("GET", path, headers=simpost.gateway.credentials)
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{path}: {response.status} {response.read()!r}")
    lines = octets = 0
    while chunk := response.read(_CHUNK_OCTETS):
        lines += chunk.count(b"\n")
        octets += len(chunk)
    connection.close()
    return lines, octets
