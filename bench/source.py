"""A pull of many eSIMs: `python -m bench.source [--esims 100000] [--rate 8]`.

A supplier in a process of its own lists them in pages of 500. Prints the seconds of the first pull,
which saves all, and of the second one, which finds nothing new, with the CPU seconds and the
memory of the service.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.gateway import Gateway
from tests.contract.supplier import CODE, SECRET, Supplier, esim_row, plan_row


def supply(esims: int, pipe: Any) -> None:
    async def serve() -> None:
        supplier = Supplier([plan_row("P1")], [esim_row(number) for number in range(esims)])
        async with supplier.served() as url:
            pipe.send(url)
            await asyncio.Event().wait()

    asyncio.run(serve())


def source(url: str, rate: float) -> str:
    return f"""
[[sources]]
type = "esim_access"
name = "supplier"
account = "bench"
url = "{url}"
access_code = "{CODE}"
secret_key = "{SECRET}"
allow_private = true
page_rows = 500
rate_per_s = {rate}
"""


def pull(gateway: Gateway) -> dict[str, Any]:
    gateway.operate("POST", "sources/supplier/pull", {})
    while True:
        found = gateway.ask_admin("sources/supplier")["lastPull"]
        if found["state"] != "running":
            return dict(found)
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--esims", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=8)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=supply, args=(given.esims, theirs))
    child.start()
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder), more=source(ours.recv(), given.rate))
        try:
            gateway.fill(0)
            for name in ("first", "second"):
                cpu_s, begun_s = gateway.process.cpu_seconds, time.monotonic()
                counts = pull(gateway)["report"]["esims"]
                print(
                    f"{name:6} {time.monotonic() - begun_s:5.1f} s, "
                    f"{gateway.process.cpu_seconds - cpu_s:5.1f} CPU s, "
                    f"{gateway.process.rss_mib:.0f} MiB, {counts}"
                )
        finally:
            gateway.stop()
            child.kill()


if __name__ == "__main__":
    main()
