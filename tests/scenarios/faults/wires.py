"""A wire between nodes and what they talk to, which a test may cut in two ways."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.processes import HOST

_LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset."""


class Wire:
    """A TCP port here that leads to a UNIX socket.

    Swallowing, it takes what either side says and passes nothing on; who was connected then gets
    no answer ever, as behind a firewall that has forgotten them. Resetting, it refuses to live.
    """

    def __init__(self, to: Path) -> None:
        self._to = to
        self._swallows = False
        self._resets = False
        self._loses_answers = False
        self._ends: set[asyncio.StreamWriter] = set()
        self._far_ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in self._ends | self._far_ends:
            end.transport.abort()

    def swallow(self) -> None:
        """From now on; connections that live now never hear anything again."""
        self._swallows = True
        for task in self._tasks:
            task.cancel()

    def lose_answers(self) -> None:
        """From now on the far side is told everything, and what it says is lost."""
        self._loses_answers = True

    def reset(self) -> None:
        """All connections, and every new one until `restore`."""
        self._resets = True
        for end in self._ends | self._far_ends:
            _reset(end)

    def restore(self) -> None:
        """Serve new connections. Until then the far side has missed keepalives."""
        self._swallows = self._resets = self._loses_answers = False
        for end in self._far_ends:
            end.transport.abort()
        self._far_ends.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        if self._resets:
            _reset(writer)
        if self._swallows or self._resets:
            return
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(str(self._to))
        except OSError:
            writer.close()
            return
        self._far_ends.add(far_writer)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink, answers=sink is writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        """Until one side ends; cancelled, it leaves both open and says nothing."""
        with contextlib.suppress(OSError):
            while octets := await source.read(65_536):
                if answers and self._loses_answers:
                    continue
                sink.write(octets)
                await sink.drain()
        sink.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    found = writer.get_extra_info("socket")
    if found is not None and found.fileno() >= 0:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()
