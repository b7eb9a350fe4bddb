"""Load on the documented endpoint: keep-alive connections, one request at a time on each."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import cast


@dataclass(slots=True)
class Load:
    """What happened: latencies in seconds, failures as (status line, body) up to ten."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    def __init__(self, requests: list[bytes], load: Load, done: asyncio.Event) -> None:
        self._requests = requests
        self._load = load
        self._done = done
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        at = self._buffer.find(b"content-length: ") + 16
        length = int(self._buffer[at : self._buffer.find(b"\r\n", at)])
        if len(self._buffer) < head_end + 4 + length:
            return
        self._load.latencies.append(time.perf_counter() - self._sent_at)
        if b'"success":true' not in self._buffer and len(self._load.failures) < 10:
            self._load.failures.append(self._buffer.decode())
        self._buffer = b""
        self._next()

    def connection_lost(self, _: Exception | None) -> None:
        self._done.set()

    def _next(self) -> None:
        if not self._requests:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._requests.pop())


def send_sms(access_code: str, secret: str, esim: str, message: str) -> bytes:
    """One documented request, as octets on the wire."""
    body = json.dumps({"esimTranNo": esim, "message": message}).encode()
    return (
        "POST /api/v1/open/esim/sendSms HTTP/1.1\r\nHost: bench\r\n"
        f"RT-AccessCode: {access_code}\r\nRT-SecretKey: {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def drive(host: str, port: int, requests: list[bytes], connections: int) -> Load:
    """Send all requests, each connection waiting for its answer before the next."""
    load = Load()
    loop = asyncio.get_running_loop()
    ends = [asyncio.Event() for _ in range(connections)]
    started = time.perf_counter()
    for done in ends:
        await loop.create_connection(lambda end=done: _Connection(requests, load, end), host, port)  # type: ignore[misc]
    for done in ends:
        await done.wait()
    load.seconds = time.perf_counter() - started
    return load
