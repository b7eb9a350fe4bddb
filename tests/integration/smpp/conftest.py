import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvloop

from simpost.smpp import (
    Bind,
    BindTransceiver,
    Session,
    SessionSettings,
    SmppServer,
    Status,
    connect,
    serve,
)
from tests.integration.smpp.peers import SETTINGS, RawListener, RawPeer, Recorder

BoundPair = tuple[Session, RawPeer, Recorder]
BindRaw = Callable[..., Awaitable[BoundPair]]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Both loops: tools run on asyncio's own, the service on uvloop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def listener() -> AsyncIterator[RawListener]:
    """A message centre of raw octets."""
    listening = RawListener()
    await listening.start()
    yield listening
    await listening.close()


@pytest.fixture
async def bind_esme(listener: RawListener) -> AsyncIterator[BindRaw]:
    """An ESME session of ours, bound to a raw message centre."""
    sessions: list[Session] = []

    async def bind(
        settings: SessionSettings = SETTINGS, request: Bind | None = None, **answer: Any
    ) -> BoundPair:
        handler = Recorder()
        wanted = request or BindTransceiver(system_id="esme", password="pw")
        connecting = asyncio.ensure_future(
            connect("127.0.0.1", listener.port, wanted, handler, settings)
        )
        peer = await listener.accept()
        peer.answer(await peer.receive(), system_id="mc", **answer)
        session = await connecting
        sessions.append(session)
        return session, peer, handler

    yield bind
    for session in sessions:
        session.abort()
        await session.wait_closed()


@pytest.fixture
async def server_of() -> AsyncIterator[Callable[..., Awaitable[tuple[SmppServer, Recorder]]]]:
    """A message centre of ours that knows one system_id and one password."""
    servers: list[SmppServer] = []

    def authenticate(bind: Bind, peer: str) -> int:
        assert peer.startswith("127.0.0.1:")
        if bind.system_id != "esme":
            return Status.ESME_RINVSYSID
        return Status.ESME_ROK if bind.password == "pw" else Status.ESME_RINVPASWD

    async def start(
        settings: SessionSettings = SETTINGS, *, answers: bool = False, **options: Any
    ) -> tuple[SmppServer, Recorder]:
        handler = Recorder(answers=answers)
        check = options.pop("authenticate", authenticate)
        server = await serve("127.0.0.1", 0, check, handler, settings, **options)
        servers.append(server)
        return server, handler

    yield start
    for server in servers:
        for session in list(server.sessions):
            session.abort()
        await server.close()


@pytest.fixture
async def dial() -> AsyncIterator[Callable[[int], Awaitable[RawPeer]]]:
    """An ESME of raw octets."""
    peers: list[RawPeer] = []

    async def connect_raw(port: int) -> RawPeer:
        peer = RawPeer(*await asyncio.open_connection("127.0.0.1", port))
        peers.append(peer)
        return peer

    yield connect_raw
    for peer in peers:
        await peer.close()
