"""How long a start of a verification takes: `python -m bench.verifications [--postgres]`.

Starts at a steady rate, each to another eSIM, over HTTP. A time is from the moment at which the
start was due to the end of the response, so a slow one makes those behind it late, too. CPU seconds
are those of the process, and of PostgreSQL, for 1,000 starts; the caller and the simulator are not
counted. Budgets are on, with limits that are not reached.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from bench.database import Database
from bench.gateway import HOST, Process, Serving, free_ports
from bench.machine import describe

_MORE = """
[verifications]
sends_per_hour = { prefix = 1000000000 }
sends_per_day = { account = 1000000000, country = 1000000000, plan = 1000000000 }
"""
_WARM_UP_S = 2


class Caller:
    """Starts verifications when they are due, and keeps how long each took."""

    def __init__(self, serving: Serving, esims: list[str]) -> None:
        self.times_s: list[float] = []
        self._serving = serving
        self._esims = iter(esims)

    async def run(self, rate: int, seconds: int) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        headers = self._serving.credentials
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            begun_s = time.perf_counter()
            async with asyncio.TaskGroup() as tasks:
                for number in range(rate * seconds):
                    due_s = begun_s + number / rate
                    await asyncio.sleep(max(0, due_s - time.perf_counter()))
                    tasks.create_task(self._start(session, due_s))

    async def _start(self, session: aiohttp.ClientSession, due_s: float) -> None:
        body = {"esimTranNo": next(self._esims), "purpose": "login"}
        async with session.post(f"{self._serving.url}/v1/verifications", json=body) as response:
            await response.read()
            assert response.status == 201, response.status
        self.times_s.append(time.perf_counter() - due_s)


@contextlib.contextmanager
def _centre(folder: Path) -> Iterator[int]:
    port, http_port = free_ports(2)
    options = [f"--port={port}", f"--http-port={http_port}", "--window=100"]
    options += [f"--system-id={Serving.system_id}", f"--password={Serving.password}"]
    centre = Process(["smsc", *options], ready=str(http_port), log=folder / "smsc.log")
    try:
        yield port
    finally:
        centre.stop()


def measure(folder: Path, rate: int, seconds: int, database: Database | None) -> None:
    """Print one line."""
    url = database.url if database else None
    with (
        _centre(folder) as port,
        Serving(folder, port, window=100, database_url=url, more=_MORE) as serving,
    ):
        esims = serving.fill(rate * (seconds + _WARM_UP_S))
        warm = rate * _WARM_UP_S
        asyncio.run(Caller(serving, esims[:warm]).run(rate, _WARM_UP_S))
        caller = Caller(serving, esims[warm:])
        before_s = serving.process.cpu_seconds + (database.cpu_seconds if database else 0)
        asyncio.run(caller.run(rate, seconds))
        used_s = serving.process.cpu_seconds + (database.cpu_seconds if database else 0) - before_s
    times_ms = sorted(1000 * each for each in caller.times_s)
    p50, p99, most = (times_ms[int((len(times_ms) - 1) * share)] for share in (0.5, 0.99, 1))
    store = "PostgreSQL" if database else "embedded"
    print(
        f"{store:>10}, {rate}/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {most:.1f} ms, "
        f"{1000 * used_s / len(times_ms):.3f} CPU s per 1,000, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.verifications", description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="starts per second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, not embedded")
    wanted = parser.parse_args()
    print(" ".join(f"{name}: {value}" for name, value in describe(None).items()), "at", HOST)
    for _ in range(wanted.rounds):
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simpost-")))
            database = Database() if wanted.postgres else None
            if database:
                stack.callback(database.stop)
            measure(folder, wanted.rate, wanted.seconds, database)


if __name__ == "__main__":
    main()
