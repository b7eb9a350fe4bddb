"""An upstream API on a real socket: records requests and gives the responses of a script."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import TypeAdapter

from simpost.carriers.http import HttpCarrier
from simpost.config import CarrierSettings
from simpost.domain.outcomes import Outcome
from tests.contract.carrier_peers import Recorder

SECRET = "hush-hush-key"
TEXT = "Grüße €5"


@dataclass
class Reply:
    """A response, or what happens instead: `cut` the connection or `hang`."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    act: str = ""

    @property
    def octets(self) -> bytes:
        given = self.body
        body = given if isinstance(given, bytes) else json.dumps(given).encode()
        headers = {"Content-Length": str(len(body)), **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} X\r\n{lines}\r\n".encode() + body


@dataclass
class Request:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)


Answer = Reply | Callable[[Request], Reply]


class UpstreamApi:
    """Gives each request the next reply of its path, the last one again and again."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.port = 0
        self._replies: dict[str, deque[Answer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def script(self, *replies: Answer, path: str = "") -> None:
        """The replies to requests whose path begins so; a function makes one from its request."""
        self._replies[path] = deque(replies)

    def forget(self) -> None:
        self.requests.clear()
        self._replies.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._answer(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def close(self) -> None:
        """End all connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
                headers = {}
                for line in lines:
                    name, _, value = line.partition(": ")
                    assert name.lower() not in headers, line
                    headers[name.lower()] = value
                body = await reader.readexactly(int(headers["content-length"]))
                method, target, _ = first.split(" ")
                parts = urlsplit(target)
                query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
                request = Request(method, parts.path, query, headers, body)
                self.requests.append(request)
                reply = self._next(parts.path)
                if not isinstance(reply, Reply):
                    reply = reply(request)
                if reply.act == "hang":
                    await reader.read()
                if reply.act:
                    break
                writer.write(reply.octets)

    def _next(self, path: str) -> Answer:
        key = max((each for each in self._replies if path.startswith(each)), key=len, default=None)
        if key is None:
            return Reply(404)
        replies = self._replies[key]
        return replies.popleft() if len(replies) > 1 else replies[0]


@contextlib.asynccontextmanager
async def running_api() -> AsyncIterator[UpstreamApi]:
    api = UpstreamApi()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    api.port = server.sockets[0].getsockname()[1]
    async with server:
        yield api
        await api.close()


def settings_of(given: Mapping[str, Any], url: str) -> Any:
    """The settings as a file has them, with `URL` replaced."""
    document = json.dumps({"name": "up", "allow_private": True, "response_timeout_s": 0.3, **given})
    return TypeAdapter(CarrierSettings).validate_json(document.replace("URL", url))


@contextlib.asynccontextmanager
async def running_carrier(
    given: Mapping[str, Any], url: str
) -> AsyncIterator[tuple[HttpCarrier, Recorder]]:
    carrier, recorder = HttpCarrier(settings_of(given, url)), Recorder()
    await carrier.start(recorder)
    try:
        yield carrier, recorder
    finally:
        await carrier.close()


def shown(outcome: Outcome) -> tuple[Any, ...]:
    """What rows of the tables compare."""
    given = outcome.carrier_message_id
    return (
        outcome.kind.value,
        outcome.reason and outcome.reason.value,
        outcome.carrier_code or given,
    )
