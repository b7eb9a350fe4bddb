"""The upstream side of `bench.dispatch`: an API in the shape of eSIM Access that accepts all.

It reads only as much of a request as it must, so that the figures are those of simpost.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.process import BaseProcess
from typing import cast

import uvloop

from bench.processes import HOST

_BODY = b'{"success":true,"errorCode":"0","errorMsg":null,"obj":{}}'
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)
_LENGTH = b"\r\nContent-Length: "


def start_upstream() -> tuple[BaseProcess, int]:
    """The process, and its port. `terminate` ends it."""
    context = multiprocessing.get_context("spawn")
    ports = context.SimpleQueue()
    process = context.Process(target=_serve, args=(ports,), daemon=True)
    process.start()
    return process, ports.get()


def _serve(ports: multiprocessing.SimpleQueue[int]) -> None:
    uvloop.run(_run(ports))


async def _run(ports: multiprocessing.SimpleQueue[int]) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, HOST, 0)
    ports.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            start = self._read.index(_LENGTH) + len(_LENGTH)
            length = int(self._read[start : self._read.index(b"\r\n", start)])
            if len(self._read) < end + 4 + length:
                return
            self._read = self._read[end + 4 + length :]
            self._transport.write(_RESPONSE)
