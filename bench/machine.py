"""The machine that figures are from."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any


def describe(folder: Path | None = None) -> dict[str, Any]:
    """`sync_ms` is the median time of a small write and fdatasync where stores will be."""
    return {
        "machine": _processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 1),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "sync_ms": _sync_ms(folder),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _sync_ms(folder: Path | None) -> float:
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(50):
            started = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return round(1000 * statistics.median(taken), 2)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
