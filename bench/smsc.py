"""Measures the throughput of the SMSC simulator, which runs in a process of its own.

python -m bench.smsc            one bind, windows 10 and 100, then again without receipts
python -m bench.smsc --serve    run only the simulator and print its ports
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from simpost.smpp import (
    BindTransceiver,
    DeliverSmResp,
    Pdu,
    Session,
    SessionHandler,
    SessionSettings,
    SubmitSm,
    connect,
)
from simpost.smsc import Simulator, SimulatorOptions

_PASSWORD = "bench"
_SUBMITS = 60_000
_NUMBERS = 2_000
_ROUNDS = 3


class Sender(SessionHandler):
    """Keeps the window full until every submit has its response and every receipt has arrived."""

    def __init__(self, *, receipts: bool) -> None:
        self.to_send = self.pending_responses = _SUBMITS
        self.pending_receipts = _SUBMITS if receipts else 0
        self.registered_delivery = int(receipts)
        self.done = asyncio.get_running_loop().create_future()

    def on_request(self, session: Session, request: Pdu) -> None:
        session.respond(request, DeliverSmResp())
        self.pending_receipts -= 1
        self._end_if_complete()

    def on_bound(self, session: Session) -> None:
        self.on_window_free(session)

    def on_window_free(self, session: Session) -> None:
        for _ in range(min(session.free_window, self.to_send)):
            self.to_send -= 1
            number = f"668{self.to_send % _NUMBERS:08}"
            submit = SubmitSm(
                source_addr_ton=5,
                source_addr="simpost",
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=number,
                registered_delivery=self.registered_delivery,
                short_message=b"Your data plan is active. Enjoy your trip to Thailand!",
            )
            session.request(submit).add_done_callback(self._on_response)

    def _on_response(self, future: asyncio.Future[Pdu]) -> None:
        assert future.result().command_status == 0
        self.pending_responses -= 1
        self._end_if_complete()

    def _end_if_complete(self) -> None:
        if self.pending_responses == self.pending_receipts == 0:
            self.done.set_result(None)


async def serve_forever() -> None:
    """Run the simulator and print its ports."""
    simulator = Simulator(SimulatorOptions(password=_PASSWORD, window=100))
    await simulator.start()
    print(simulator.port, simulator.http_port, flush=True)
    await asyncio.Event().wait()


async def submits_per_s(port: int, window: int, *, receipts: bool) -> float:
    """Submits per second through one bind."""
    sender = Sender(receipts=receipts)
    began = time.perf_counter()
    bind = BindTransceiver(system_id="simpost", password=_PASSWORD)
    session = await connect("127.0.0.1", port, bind, sender, SessionSettings(window=window))
    await sender.done
    took = time.perf_counter() - began
    await session.unbind()
    return _SUBMITS / took


@contextmanager
def simulator_process() -> Iterator[tuple[int, int, int]]:
    """A simulator process: its id, SMPP port and HTTP port."""
    command = [sys.executable, "-m", "bench.smsc", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port, http_port = map(int, process.stdout.readline().split())
        try:
            yield process.pid, port, http_port
        finally:
            process.terminate()


def cpu_s(pid: int) -> float:
    """User and system CPU seconds of a process since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * 4096 / 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--serve", action="store_true")
    if arguments.parse_args().serve:
        uvloop.run(serve_forever())
        return
    with simulator_process() as (pid, port, http_port):
        for receipts, window in ((True, 10), (True, 100), (False, 10), (False, 100)):
            before = cpu_s(pid)
            runs = [
                uvloop.run(submits_per_s(port, window, receipts=receipts)) for _ in range(_ROUNDS)
            ]
            cpu = (cpu_s(pid) - before) / (_SUBMITS * _ROUNDS) * 1000
            print(
                f"window {window:<4} {'with' if receipts else 'no':4} receipts "
                f"{max(runs):>8,.0f} submit_sm/s  simulator {cpu:.4f} CPU s per 1,000, "
                f"{resident_mb(pid):.0f} MB"
            )
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/stats") as response:
            print(json.dumps(json.load(response)))


if __name__ == "__main__":
    main()
