"""HTTP load: keep-alive connections, one request at a time on each, whatever the gateway."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

SUCCESS = b'"success":true'
"""What an answer of the documented endpoint holds when the message was accepted."""


@dataclass(slots=True)
class Load:
    """What happened.

    Attributes:
        seconds: from the first request to the last answer.
        latencies: of every answer, in seconds.
        accepted: which of the requests were, by their place in the list.
        failures: answers that did not accept, ten at most.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        return percentile_ms(self.latencies, share)


def percentile_ms(latencies: list[float], share: float) -> float:
    ordered = sorted(latencies)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """Takes requests from the end of the common list until none is left.

    Attributes:
        pause_s: from the start of one request to that of the next, at least.
    """

    def __init__(
        self,
        requests: list[bytes],
        success: bytes,
        load: Load,
        pause_s: float,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._requests = requests
        self._success = success
        self._load = load
        self._pause_s = pause_s
        self._loop = loop
        self._buffer = b""
        self._index = 0
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[: head_end + 2].lower()
        at = head.find(b"content-length: ") + 16
        if len(self._buffer) < head_end + 4 + int(head[at : head.find(b"\r\n", at)]):
            return
        now = time.perf_counter()
        self._load.latencies.append(now - self._sent_at)
        if self._success in self._buffer:
            self._load.accepted.append(self._index)
        elif len(self._load.failures) < 10:
            self._load.failures.append(self._buffer.decode(errors="replace"))
        self._buffer = b""
        wait_s = self._sent_at + self._pause_s - now
        if wait_s > 0:
            self._loop.call_later(wait_s, self.send)
        else:
            self.send()

    def connection_lost(self, _: Exception | None) -> None:
        self.done.set_result(None)

    def send(self) -> None:
        if not self._requests or self._transport.is_closing():
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        request = self._requests.pop()
        self._index = len(self._requests)
        self._transport.write(request)


def send_sms(access_code: str, secret: str, esim: str, message: str) -> bytes:
    """One documented request, as octets on the wire."""
    body = json.dumps({"esimTranNo": esim, "message": message}).encode()
    return (
        "POST /api/v1/open/esim/sendSms HTTP/1.1\r\nHost: localhost\r\n"
        f"RT-AccessCode: {access_code}\r\nRT-SecretKey: {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def send_batch(access_code: str, secret: str, messages: Sequence[tuple[str, str]]) -> bytes:
    """One batch of the native API, of pairs of an eSIM and a text, as octets on the wire."""
    items = [{"esimTranNo": esim, "text": text} for esim, text in messages]
    body = json.dumps({"messages": items}).encode()
    return (
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n"
        f"RT-AccessCode: {access_code}\r\nRT-SecretKey: {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def drive(
    host: str,
    port: int | Sequence[int],
    requests: list[bytes],
    connections: int,
    *,
    success: bytes = SUCCESS,
    rate_per_s: float = 0,
) -> Load:
    """Send all requests, each connection waiting for its answer before the next.

    The list is emptied. Several ports share the connections. A connection that the gateway closes
    is not opened again: a gateway that dies ends the load. `rate_per_s` 0 is as fast as it goes.
    """
    load = Load()
    loop = asyncio.get_running_loop()
    ports = [port] if isinstance(port, int) else list(port)
    pause_s = connections / rate_per_s if rate_per_s else 0.0
    opened = [_Connection(requests, success, load, pause_s, loop) for _ in range(connections)]
    for index, connection in enumerate(opened):
        await loop.create_connection(lambda it=connection: it, host, ports[index % len(ports)])  # type: ignore[misc]
    started = time.perf_counter()
    for index, connection in enumerate(opened):
        loop.call_later(pause_s * index / connections, connection.send)
    await asyncio.gather(*(connection.done for connection in opened))
    load.seconds = time.perf_counter() - started
    return load
