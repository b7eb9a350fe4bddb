"""Whether the generator or the sink could be what is measured: the pace of each by itself.

The generator drives an HTTP server that answers at once; the sink takes octets of submit_sm that
were written beforehand. Both must do several times what a gateway does.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from struct import Struct
from typing import cast

import uvloop

from bench import answerer
from bench.answerer import Answerer
from bench.load import drive, send_sms
from bench.processes import HOST
from bench.sink import Sink
from bench.texts import SENDER, part_name, text
from simpost.smpp import BindTransceiver, SubmitSm, encode

_HEADER = Struct(">IIII")
_SUBMIT_SM_RESP, _DELIVER_SM, _DELIVER_SM_RESP = 0x8000_0004, 5, 0x8000_0005


def generator_per_s(folder: Path, messages: int, connections: int) -> float:
    """Requests a second against a server that does nothing."""
    server = Answerer(folder)
    try:
        requests = [send_sms("bench", "bench", str(n), text(n, 1)) for n in range(messages)]
        load = uvloop.run(drive(HOST, server.port, requests, connections, success=answerer.SUCCESS))
    finally:
        server.stop()
    return len(load.accepted) / load.seconds


def sink_per_s(folder: Path, messages: int, window: int, *, receipts: bool) -> float:
    """submit_sm a second from a client that only counts, until all is answered and acknowledged."""
    sink = Sink(folder, receipts=receipts, window=window)
    try:
        return messages / uvloop.run(_pump(sink.port, messages, window, receipts=receipts))
    finally:
        sink.stop()


async def _pump(port: int, messages: int, window: int, *, receipts: bool) -> float:
    """Seconds that it took."""
    loop = asyncio.get_running_loop()
    pump = _Pump([_submit(number) for number in range(messages)], window, receipts=receipts)
    started = time.perf_counter()
    await loop.create_connection(lambda: pump, HOST, port)
    await pump.done
    return time.perf_counter() - started


def _submit(number: int) -> bytes:
    pdu = SubmitSm(
        sequence_number=number + 1,
        source_addr=SENDER,
        destination_addr="66812345678",
        registered_delivery=1,
        short_message=text(part_name(number, 0), 1).encode("ascii"),
    )
    return encode(pdu)


class _Pump(asyncio.Protocol):
    """Writes what it was given through a window, and acknowledges receipts."""

    def __init__(self, pdus: list[bytes], window: int, *, receipts: bool) -> None:
        self._pdus = pdus
        self._window = window
        self._answers_to_come = len(pdus)
        self._receipts_to_come = len(pdus) if receipts else 0
        self._rest = b""
        self._sent = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(encode(BindTransceiver(sequence_number=1, system_id="bench")))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        at, end, out = 0, len(data), list[bytes]()
        while end - at >= 16:
            length, command, _, sequence = _HEADER.unpack_from(data, at)
            if end - at < length:
                break
            at += length
            if command == _SUBMIT_SM_RESP:
                self._answers_to_come -= 1
            elif command == _DELIVER_SM:
                self._receipts_to_come -= 1
                out.append(_HEADER.pack(17, _DELIVER_SM_RESP, 0, sequence) + b"\0")
        self._rest = data[at:]
        room = self._window - (self._sent - (len(self._pdus) - self._answers_to_come))
        out += self._pdus[self._sent : self._sent + room]
        self._sent = min(self._sent + room, len(self._pdus))
        if out:
            self._transport.write(b"".join(out))
        if self._answers_to_come == self._receipts_to_come == 0:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self.done.set_result(None)
