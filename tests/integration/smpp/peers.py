"""The two ends of a test link: a recording handler, and a peer of raw octets."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

from simpost.smpp import (
    CloseReason,
    Framer,
    Pdu,
    PduError,
    Session,
    SessionHandler,
    SessionSettings,
    Status,
    encode,
)

SETTINGS = SessionSettings()
QUICK_S = 0.5


class Recorder(SessionHandler):
    """Records the calls of a session; `next` waits for the next one of a kind."""

    def __init__(self, *, answers: bool = False) -> None:
        self.seen: dict[str, list[Any]] = {}
        self.session: Session | None = None
        self._answers = answers
        self._waiting: dict[str, deque[asyncio.Future[Any]]] = {}

    async def next(self, kind: str) -> Any:
        """The next unread entry of this kind."""
        queue = self.seen.setdefault(kind, [])
        if not queue:
            future = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(kind, deque()).append(future)
            await future
        return queue.pop(0)

    def _see(self, session: Session, kind: str, what: Any) -> None:
        self.session = session
        self.seen.setdefault(kind, []).append(what)
        waiting = self._waiting.get(kind)
        if waiting:
            waiting.popleft().set_result(None)

    def on_request(self, session: Session, request: Pdu) -> None:
        if self._answers and request.response is not None:
            session.respond(request, request.response())
        self._see(session, "request", request)

    def on_bound(self, session: Session) -> None:
        self._see(session, "bound", session)

    def on_window_free(self, session: Session) -> None:
        self._see(session, "room", session.free_window)

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        self._see(session, "late", (request, response))

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        self._see(session, "unexpected", response)

    def on_tolerated(self, session: Session, what: str) -> None:
        self._see(session, "tolerated", what)

    def on_malformed(self, session: Session, error: PduError) -> None:
        self._see(session, "malformed", error)

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        self._see(session, "closed", reason)


class RawPeer:
    """One connection, driven PDU by PDU or octet by octet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._framer = Framer()
        self._read: deque[Pdu] = deque()

    def send(self, *pdus: Pdu) -> None:
        self.writer.write(b"".join(map(encode, pdus)))

    def send_octets(self, octets: bytes) -> None:
        self.writer.write(octets)

    def answer(self, request: Pdu, status: int = Status.ESME_ROK, **fields: Any) -> None:
        assert request.response is not None
        sequence = request.sequence_number
        self.send(request.response(command_status=status, sequence_number=sequence, **fields))

    async def receive(self) -> Pdu:
        while not self._read:
            octets = await self.reader.read(65536)
            if not octets:
                raise EOFError
            for found in self._framer.feed(octets):
                assert isinstance(found, Pdu), found
                self._read.append(found)
        return self._read.popleft()

    async def is_closed(self) -> bool:
        """Wait until the other end closes; its remaining octets are dropped."""
        try:
            while True:
                await self.receive()
        except (EOFError, ConnectionError):
            return True

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


class RawListener:
    """Listens; `accept` gives each connection as a `RawPeer`."""

    port = 0

    def __init__(self) -> None:
        self._accepted: asyncio.Queue[RawPeer] = asyncio.Queue()
        self._peers: list[RawPeer] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = RawPeer(reader, writer)
        self._peers.append(peer)
        self._accepted.put_nowait(peer)

    async def accept(self) -> RawPeer:
        return await self._accepted.get()

    async def close(self) -> None:
        self._server.close()
        for peer in self._peers:
            await peer.close()
        await self._server.wait_closed()
