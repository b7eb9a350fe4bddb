"""From the queue to the answer: what waits in the store, sent through one carrier and settled.

Run: python -m bench.dispatch. No HTTP on the way in; the SMSC is the bundled simulator in a process
of its own, and every claim and every answer is committed; receipts too, where they are asked for.
CPU is reported for both processes; that of the simulator includes its work after the last response.
With --carrier esim_access an HTTP API takes the place of the SMSC; the window is then the number of
unanswered requests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop
from cryptography.fernet import Fernet
from pydantic import SecretStr
from uuid_utils import uuid7

from bench.gateway import HOST, Process, free_ports
from bench.upstream import start_upstream
from simpost.carriers.http import HttpCarrier
from simpost.carriers.smpp import SmppCarrier
from simpost.config import SmppCarrierSettings as Settings
from simpost.config.esim_access_carrier import EsimAccessCarrierSettings
from simpost.domain.accounts import Account
from simpost.domain.messages import Priority
from simpost.domain.options import Options
from simpost.messaging.lane import Lane
from simpost.messaging.result_writer import ResultWriter
from simpost.messaging.retry import RetryPolicy
from simpost.observe import configure_logging
from simpost.ports.carrier import Carrier
from simpost.ports.store import NewMessage
from simpost.runtime.clock import wall_clock_ms
from simpost.runtime.process import tune_interpreter
from simpost.store import SqliteStore

_PASSWORD = "bench123"
_CARRIER = "simulator"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.dispatch", description=__doc__)
    parser.add_argument("--messages", type=int, default=30_000)
    parser.add_argument("--window", type=int, default=10)
    parser.add_argument("--carrier", choices=("smpp", "esim_access"), default="smpp")
    parser.add_argument("--receipts", action=argparse.BooleanOptionalAction, default=True)
    wanted = parser.parse_args()
    configure_logging("warning", "console")
    if wanted.carrier == "esim_access":
        print(json.dumps(_measure_http(wanted)))
        return
    port, http_port, _ = free_ports()
    with tempfile.TemporaryDirectory(prefix="simpost-bench-") as name:
        folder = Path(name)
        centre = Process(
            [
                "smsc",
                f"--port={port}",
                f"--http-port={http_port}",
                "--system-id=bench",
                f"--password={_PASSWORD}",
                f"--window={wanted.window}",
            ],
            ready=str(http_port),
            log=folder / "smsc.log",
        )
        try:
            before = centre.cpu_seconds
            figures = uvloop.run(_measure(folder, _smpp(port, wanted), wanted))
            used = centre.cpu_seconds - before
            figures["simulator_cpu_s_per_1000"] = round(1000 * used / wanted.messages, 3)
        finally:
            centre.stop()
    print(json.dumps({"window": wanted.window, "receipts": wanted.receipts, **figures}))


def _measure_http(wanted: argparse.Namespace) -> dict[str, float | str]:
    wanted.receipts = False  # this API has none
    upstream, port = start_upstream()
    try:
        with tempfile.TemporaryDirectory(prefix="simpost-bench-") as name:
            figures = uvloop.run(_measure(Path(name), _esim_access(port, wanted), wanted))
    finally:
        upstream.terminate()
    return {"carrier": wanted.carrier, "window": wanted.window, **figures}


def _smpp(port: int, wanted: argparse.Namespace) -> Callable[[], Carrier]:
    settings = Settings(
        type="smpp",
        name=_CARRIER,
        host=HOST,
        port=port,
        system_id="bench",
        password=SecretStr(_PASSWORD),
        window=wanted.window,
    )
    return lambda: SmppCarrier(settings)


def _esim_access(port: int, wanted: argparse.Namespace) -> Callable[[], Carrier]:
    settings = EsimAccessCarrierSettings(
        type="esim_access",
        name=_CARRIER,
        base_url=f"http://{HOST}:{port}",
        access_code=SecretStr("bench"),
        secret_key=SecretStr(_PASSWORD),
        allow_private=True,
        rate_per_s=0,
        max_unanswered=wanted.window,
    )
    return lambda: HttpCarrier(settings)


async def _measure(
    folder: Path, build: Callable[[], Carrier], wanted: argparse.Namespace
) -> dict[str, float]:
    messages = wanted.messages
    tune_interpreter()  # as `simpost serve` does
    store = await SqliteStore.open(folder / "s.db", seal_key=Fernet.generate_key().decode())
    await store.accounts.add_account(Account(id=0, access_code="bench", secret="bench"))
    for first in range(0, messages, 1000):
        some = range(first, min(first + 1000, messages))
        await asyncio.gather(*(store.queue.accept(_message(receipt=wanted.receipts)) for _ in some))
    carrier = build()
    result_writer = ResultWriter(store.queue)
    lane = Lane(
        carrier,
        store.queue,
        result_writer,
        owner="embedded",
        depth=carrier.depth,
        retry_policy=RetryPolicy(),
        clock_ms=wall_clock_ms,
    )
    running = [asyncio.create_task(lane.run()), asyncio.create_task(result_writer.run())]
    cpu, started = time.process_time(), time.perf_counter()
    await carrier.start(lane)
    lane.wake()
    while lane.leased or await store.routing.count_queued(_CARRIER):  # noqa: ASYNC110  watched from outside
        await asyncio.sleep(0.01)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    for task in running:
        task.cancel()
    await carrier.close()
    await store.close()
    return {
        "messages": messages,
        "answered_per_s": round(messages / seconds),
        "cpu_s_per_1000": round(1000 * cpu / messages, 3),
    }


def _message(*, receipt: bool) -> NewMessage:
    now_ms = wall_clock_ms()
    text = "Welcome! Your plan is active: 1 GB until Sunday. Reply is not possible."
    return NewMessage(
        id=uuid7().bytes,
        account_id=1,
        esim_tran_no="26010100000001",
        iccid="8966000000000000012",
        destination="66800000001",
        sender="",
        carrier=_CARRIER,
        category="service",
        priority=Priority.CONVERSATION,
        text=text,
        encoding="gsm7",
        parts=(text,),
        created_ms=now_ms,
        expires_ms=now_ms + 3_600_000,
        options=Options(receipt=receipt),
    )


if __name__ == "__main__":
    main()
