"""An ESME and an HTTP client for tests of the simulator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any, TypeVar

import aiohttp

from simpost import text
from simpost.smpp import (
    Bind,
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    Session,
    SessionHandler,
    SessionSettings,
    Status,
    SubmitSm,
    connect,
)
from simpost.smsc import Simulator
from tests.integration.smsc.documented import check_documented

Response = TypeVar("Response", bound=Pdu)
AnEsme = TypeVar("AnEsme", bound="Esme")
PASSWORD = "secret"
NUMBER = "66812345678"


class Esme(SessionHandler):
    """An ESME that acknowledges deliver_sm, or responds with the next of `statuses`.

    It fails on anything the simulator should not send.
    """

    session: Session

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self._delivered: asyncio.Queue[DeliverSm] = asyncio.Queue()

    def on_request(self, session: Session, request: Pdu) -> None:
        assert isinstance(request, DeliverSm)
        status = self.statuses.pop(0) if self.statuses else Status.ESME_ROK
        session.respond(request, DeliverSmResp(status))
        self._delivered.put_nowait(request)

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        raise AssertionError(f"response after its timeout: {response}")

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        raise AssertionError(f"response without a request: {response}")

    def on_malformed(self, session: Session, error: Exception) -> None:
        raise AssertionError(f"the simulator sent a malformed PDU: {error}")

    async def delivered(self) -> DeliverSm:
        """Wait for the next deliver_sm."""
        return await self._delivered.get()

    @property
    def has_nothing(self) -> bool:
        """Whether every deliver_sm received was returned by `delivered`."""
        return self._delivered.empty()

    async def request(self, request: Pdu, response_type: type[Response]) -> Response:
        """Send a request; returns its response, which must be of the given type."""
        response = await self.session.request(request)
        assert isinstance(response, response_type), response
        return response

    async def send(self, message: str, to: str = NUMBER, **fields: Any) -> list[str]:
        """Submit a text in as many parts as needed; returns their ids."""
        ids: list[str] = []
        for part in parts_of(message, to, **fields):
            response = await self.session.request(part)
            assert response.command_status == Status.ESME_ROK, response
            ids.append(response.message_id)  # type: ignore[attr-defined]
        return ids


def submit(to: str = NUMBER, **fields: Any) -> SubmitSm:
    """A submit_sm with an alphanumeric sender."""
    given: dict[str, Any] = {
        "source_addr_ton": 5,
        "source_addr": "simpost",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": to,
    }
    return SubmitSm(**(given | fields))


def parts_of(message: str, to: str = NUMBER, **fields: Any) -> list[SubmitSm]:
    """The submit_sm of each part of a text, segmented and encoded as by simpost."""
    segments = text.segment(message)
    encoding, parts = segments.encoding, segments.parts
    submits: list[SubmitSm] = []
    for number, part in enumerate(parts, 1):
        header = text.part_header(encoding, reference=77, total=len(parts), number=number, bits=8)
        submits.append(
            submit(
                to,
                esm_class=0x40 if header else 0,
                data_coding=8 if encoding == text.UCS2 else 0,
                short_message=header + text.encode(part, encoding),
                **fields,
            )
        )
    return submits


class LenientEsme(Esme):
    """An ESME that records unexpected PDUs in `unexpected` instead of failing."""

    def __init__(self) -> None:
        super().__init__()
        self.unexpected: list[object] = []

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        self.unexpected.append(response)

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        self.unexpected.append(response)

    def on_malformed(self, session: Session, error: Exception) -> None:
        self.unexpected.append(error)


@asynccontextmanager
async def binding(
    simulator: Simulator,
    esme: AnEsme,
    kind: Callable[..., Bind] = BindTransceiver,
    *,
    version: int = 0x34,
    ssl: SSLContext | None = None,
    **settings: Any,
) -> AsyncIterator[AnEsme]:
    """Bind an ESME, with short timeouts unless `settings` has others."""
    bind = kind(system_id="simpost", password=PASSWORD, interface_version=version)
    timers: dict[str, Any] = {"response_timeout_s": 1.0, "unbind_timeout_s": 0.1} | settings
    given = SessionSettings(interface_version=version, **timers)
    esme.session = await connect("127.0.0.1", simulator.port, bind, esme, given, ssl=ssl)
    try:
        yield esme
    finally:
        await esme.session.unbind()


@asynccontextmanager
async def bound(
    simulator: Simulator, kind: Callable[..., Bind] = BindTransceiver, *, window: int = 10
) -> AsyncIterator[Esme]:
    """Bind an `Esme` with the default timeouts."""
    esme = Esme()
    bind = kind(system_id="simpost", password=PASSWORD)
    settings = SessionSettings(window=window)
    esme.session = await connect("127.0.0.1", simulator.port, bind, esme, settings)
    try:
        yield esme
    finally:
        await esme.session.unbind()


class HttpClient:
    """A client of the HTTP side of a simulator."""

    def __init__(self, client: aiohttp.ClientSession, simulator: Simulator) -> None:
        self._client = client
        self._url = f"http://127.0.0.1:{simulator.http_port}"

    async def request(self, path: str, method: str = "GET", **options: Any) -> tuple[int, Any]:
        """Status and JSON of a response."""
        async with self._client.request(method, self._url + path, **options) as response:
            body = await response.read()
            answer = json.loads(body) if body else None
            check_documented(method, path, response.status, answer)
            return response.status, answer

    async def get(self, path: str) -> Any:
        """The JSON of a successful response."""
        status, body = await self.request(path)
        assert status == 200, (status, body)
        return body

    async def octets(self, path: str) -> tuple[aiohttp.ClientResponse, bytes]:
        """A response and its body, whatever it is."""
        async with self._client.get(self._url + path) as answer:
            return answer, await answer.read()

    async def page(self, path: str = "/") -> aiohttp.ClientResponse:
        async with self._client.get(self._url + path) as answer:
            await answer.read()
            return answer

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
        """Events as (name, data) from now on, after the first `stats`."""
        async with self._client.get(self._url + "/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            events = _events(answer.content)
            assert (await anext(events))[0] == "stats"
            yield events


async def next_texts(events: AsyncIterator[tuple[str, Any]]) -> Any:
    """The data of the next `texts` event."""
    while (event := await anext(events))[0] != "texts":
        pass
    return event[1]


async def _events(lines: aiohttp.StreamReader) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for line in lines:
        kind, _, value = line.decode().rstrip("\n").partition(": ")
        if kind == "event":
            name = value
        elif kind == "data":
            yield name, json.loads(value)
