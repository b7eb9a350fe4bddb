"""What the SMPP room costs: codec in one process, submit_sm over loopback to another.

python -m bench.smpp            codec and both windows
python -m bench.smpp --serve    only the SMSC; prints its port
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import uvloop

from simpost.smpp import (
    BindTransceiver,
    DeliverSm,
    MessageState,
    Pdu,
    Session,
    SessionHandler,
    SessionSettings,
    SubmitSm,
    SubmitSmResp,
    connect,
    decode,
    encode,
    format_receipt,
    parse_receipt,
    receipt_tlvs,
    serve,
)

_NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_ROUNDS = 5
_SUBMITS = 100_000


def submit(text: bytes = b"Your data plan is active. Enjoy your trip to Thailand!") -> SubmitSm:
    return SubmitSm(
        source_addr_ton=5,
        source_addr="simpost",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="66812345678",
        registered_delivery=1,
        short_message=text,
    )


def receipt() -> DeliverSm:
    state = MessageState.DELIVERED
    return DeliverSm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="66812345678",
        destination_addr="simpost",
        esm_class=4,
        short_message=format_receipt("0A1B2C3D4E", state, submitted=_NOW, done=_NOW, text=b"Your"),
        tlvs=receipt_tlvs("0A1B2C3D4E", state),
    )


def rate(work: Callable[[], object], count: int = 50_000) -> float:
    """Calls a second: the best round, because noise only ever slows."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(count):
            work()
        best = min(best, time.perf_counter() - began)
    return count / best


def codec() -> None:
    pdus: dict[str, Pdu] = {
        "submit_sm": submit(),
        "submit_sm_resp": SubmitSmResp(message_id="0A1B2C3D4E"),
        "deliver_sm with receipt": receipt(),
    }
    for name, pdu in pdus.items():
        octets = encode(pdu)
        encodes, decodes = rate(lambda pdu=pdu: encode(pdu)), rate(lambda o=octets: decode(o))  # type: ignore[misc]
        print(f"{name:26} {encodes:>10,.0f} encodes/s {decodes:>10,.0f} decodes/s")
    print(
        f"{'receipt text and TLVs':26} {rate(lambda: parse_receipt(receipt_pdu)):>10,.0f} reads/s"
    )


receipt_pdu = receipt()


class Sink(SessionHandler):
    """Takes everything."""

    def on_request(self, session: Session, request: Pdu) -> None:
        session.respond(request, SubmitSmResp(message_id="0A1B2C3D4E"))


class Pump(SessionHandler):
    """Keeps the window full until `left` submits are answered."""

    def __init__(self, left: int) -> None:
        self.to_send = self.to_come = left
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_request(self, session: Session, request: Pdu) -> None:
        raise AssertionError(f"not expected: {request}")

    def on_bound(self, session: Session) -> None:
        self.on_window_free(session)

    def on_window_free(self, session: Session) -> None:
        for _ in range(min(session.free_window, self.to_send)):
            self.to_send -= 1
            session.request(submit()).add_done_callback(self._answered)

    def _answered(self, future: asyncio.Future[Pdu]) -> None:
        assert future.result().command_status == 0
        self.to_come -= 1
        if self.to_come == 0:
            self.done.set_result(None)


async def serve_forever() -> None:
    server = await serve("127.0.0.1", 0, lambda _bind, _peer: 0, Sink())
    print(server.port, flush=True)
    await asyncio.Event().wait()


async def submits(port: int, window: int) -> tuple[float, float]:
    """(submit_sm a second, CPU seconds of this side for 1,000)."""
    pump = Pump(_SUBMITS)
    began, cpu = time.perf_counter(), _cpu_s()
    bind = BindTransceiver(system_id="bench")
    session = await connect("127.0.0.1", port, bind, pump, SessionSettings(window=window))
    await pump.done
    took, cpu = time.perf_counter() - began, _cpu_s() - cpu
    await session.unbind()
    return _SUBMITS / took, cpu / _SUBMITS * 1000


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def loopback() -> None:
    command = [sys.executable, "-m", "bench.smpp", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        port = int(sink.stdout.readline())
        try:
            for window in (10, 100):
                best, cpu = max(uvloop.run(submits(port, window)) for _ in range(3))
                print(f"window {window:<4} {best:>10,.0f} submit_sm/s  {cpu:.4f} CPU s per 1,000")
        finally:
            sink.terminate()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--serve", action="store_true")
    if arguments.parse_args().serve:
        uvloop.run(serve_forever())
        return
    codec()
    loopback()


if __name__ == "__main__":
    main()
