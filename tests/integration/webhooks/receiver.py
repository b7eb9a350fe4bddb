"""A webhook endpoint on a real socket, written by hand: it can misbehave in every way."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Received(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """Whether one of the signatures is right, by the specification and nothing of ours."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = b".".join(
            [
                self.headers["webhook-id"].encode(),
                self.headers["webhook-timestamp"].encode(),
                self.body,
            ]
        )
        right = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
        return f"v1,{right}" in self.headers["webhook-signature"].split(" ")


class Receiver:
    """Answers every request with `answer`, raw octets; `None` never answers.

    Attributes:
        got: all requests.
        answer: may be a function of the request.
        open_requests, most_open: unanswered now, and at most.
    """

    def __init__(self) -> None:
        self.got: list[Received] = []
        self.answer: bytes | Callable[[Received], bytes | None] | None = OK
        self.url = ""
        self.open_requests = self.most_open = 0
        self._arrived = asyncio.Condition()
        self._never = asyncio.Event()
        self._connections: set[Any] = set()

    @property
    def documents(self) -> list[Any]:
        return [each.document for each in self.got]

    @property
    def sequences(self) -> list[int]:
        return [each["sequence"] for each in self.documents]

    async def wait_for(self, count: int) -> None:
        """Return once this many requests have arrived."""
        async with asyncio.timeout(60), self._arrived:
            await self._arrived.wait_for(lambda: len(self.got) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = (asyncio.current_task(), writer)
        self._connections.add(connection)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head, reader, writer)
        writer.close()
        self._connections.discard(connection)

    async def close(self) -> None:
        """Close all connections, and wait until they are closed."""
        self._never.set()
        open_ones = list(self._connections)
        for _, writer in open_ones:
            writer.close()
        await asyncio.gather(*(task for task, _ in open_ones), return_exceptions=True)

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        lines = head.decode("ascii").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        received = Received(lines[0].split(" ")[1], headers, body)
        self.open_requests += 1
        self.most_open = max(self.most_open, self.open_requests)
        async with self._arrived:
            self.got.append(received)
            self._arrived.notify_all()
        answer = self.answer(received) if callable(self.answer) else self.answer
        if answer is None:
            await self._never.wait()
        else:
            writer.write(answer)
            await writer.drain()
        self.open_requests -= 1


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()
        await receiver.close()


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    """A response as octets."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
