"""A pooler in transaction mode at its worst: each transaction gets the next session.

It knows of the protocol only what it needs: messages, and where a transaction ends (PostgreSQL 18,
55.2 and 55.7).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
from pathlib import Path
from typing import Self

SESSIONS = 3
_LOGIN_DONE = b"Z"
_PASSED_ON = b"S"  # ParameterStatus


class Session:
    """One connection to the server, logged in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.free = asyncio.Lock()
        self.parameters = b""

    @classmethod
    async def login(cls, socket: str, user: str, database: str) -> Session:
        session = cls(*await asyncio.open_unix_connection(socket))
        said = f"user\0{user}\0database\0{database}\0\0".encode()
        session.writer.write(struct.pack("!ii", len(said) + 8, 3 << 16) + said)
        while True:
            kind, body = await read_message(session.reader)
            if kind == _PASSED_ON:
                session.parameters += message(kind, body)
            elif kind == b"E":
                raise ConnectionError(body.decode(errors="replace"))
            elif kind == _LOGIN_DONE:
                return session


class TransactionPooler:
    """Listens at `folder`; `transactions` counts those it gave a session to."""

    def __init__(self, folder: Path, server: Path, database: str) -> None:
        self.folder = folder
        self.transactions = 0
        self._server = str(server / ".s.PGSQL.5432")
        self._database = database

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/{self._database}?host={self.folder}"

    async def __aenter__(self) -> Self:
        self._sessions = [
            await Session.login(self._server, "postgres", self._database) for _ in range(SESSIONS)
        ]
        self._next = itertools.cycle(self._sessions)
        path = str(self.folder / ".s.PGSQL.5432")
        self._listener = await asyncio.start_unix_server(self._serve, path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        for session in self._sessions:
            session.writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await read_startup(reader, writer)
            writer.write(message(b"R", struct.pack("!i", 0)) + self._sessions[0].parameters)
            writer.write(message(b"K", struct.pack("!ii", 1, 1)) + message(b"Z", b"I"))
            said = asyncio.create_task(read_message(reader))
            while (await said)[0] != b"X":
                self.transactions += 1
                session = next(self._next)
                async with session.free:
                    said = await one_transaction(session, said, reader, writer)
        writer.close()


Said = asyncio.Task[tuple[bytes, bytes]]
"""What the client says next."""


async def one_transaction(
    session: Session, said: Said, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Said:
    """Pass on all of it, both ways; what is said after it is of the next."""
    asked = asyncio.Queue[None]()
    over = asyncio.create_task(pass_answers(session, asked, writer))
    while True:
        await asyncio.wait({said, over}, return_when=asyncio.FIRST_COMPLETED)
        if over.done():
            over.result()
            return said
        kind, body = said.result()
        if kind in {b"Q", b"S"}:
            asked.put_nowait(None)
        session.writer.write(message(kind, body))
        said = asyncio.create_task(read_message(reader))


async def pass_answers(
    session: Session, asked: asyncio.Queue[None], writer: asyncio.StreamWriter
) -> None:
    """Until the server is ready for a new transaction, and was asked nothing since."""
    while True:
        kind, body = await read_message(session.reader)
        writer.write(message(kind, body))
        if kind == b"Z":
            asked.get_nowait()
            if body == b"I" and asked.empty():
                return


async def read_startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        length, code = struct.unpack("!ii", await reader.readexactly(8))
        await reader.readexactly(length - 8)
        if code == 3 << 16:
            return
        writer.write(b"N")


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!ci", await reader.readexactly(5))
    return kind, await reader.readexactly(length - 4)


def message(kind: bytes, body: bytes) -> bytes:
    return struct.pack("!ci", kind, len(body) + 4) + body
