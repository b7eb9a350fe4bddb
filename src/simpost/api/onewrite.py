"""One write for each answer: the server hands over head and body apart, each a system call."""

from __future__ import annotations

import asyncio
from typing import Any

from simpost.api.heads import BoundedHeads


class _Gathering:
    """A transport that writes what one turn of the event loop brings at its end, together."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            self._transport.write(b"".join(pieces))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class OneWriteProtocol(BoundedHeads):
    """uvicorn's HTTP protocol on a transport that gathers."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(_Gathering(transport))  # type: ignore[arg-type]  # all of one but its class
