"""One write for what a turn of the event loop answers on a connection, at the end of the turn.

Head and body come apart from the server, each a system call otherwise. And a caller that is woken
by the first answer of a turn has less to wait for than one that is woken in the middle of it.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Outbox:
    """The connections of a server that have something to write when the turn ends."""

    def __init__(self) -> None:
        self._waiting: list[Gathering] = []

    def add(self, connection: Gathering) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(connection)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.flush()


class Gathering:
    """A transport that keeps what is written until the end of the turn, or until it is closed."""

    def __init__(self, transport: asyncio.Transport, outbox: Outbox) -> None:
        self.is_closing = transport.is_closing
        self._transport = transport
        self._outbox = outbox
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._outbox.add(self)
        self._pieces.append(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write what was kept; what belongs to a connection that was lost by then is dropped.

        uvloop's transport raises where it was closed, which would keep the answers of all other
        connections of this turn.
        """
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
