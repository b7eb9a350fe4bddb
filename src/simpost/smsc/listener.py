"""The SMPP port: plain or TLS."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial

from simpost.smpp import SessionSettings, SmppServer
from simpost.smpp.server import ACCEPT_GRACE_S
from simpost.smsc.centre import MessageCentre
from simpost.smsc.faulty_session import FaultySession


class SmscListener:
    """Accepts connections and makes each a `FaultySession` of the server."""

    def __init__(
        self, server: SmppServer, centre: MessageCentre, settings: SessionSettings
    ) -> None:
        self._factory = partial(FaultySession, centre, settings, server, centre.on_input_handled)
        self._server = server
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._listener is not None, "not started"
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def sessions(self) -> list[FaultySession]:
        """Every open connection, bound or not yet."""
        return [each for each in self._server.sessions if isinstance(each, FaultySession)]

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Start to listen. Raises OSError when the address is not available."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._factory, host, port, ssl=tls)

    async def close(self) -> None:
        """Stop listening, reset half-open connections, unbind the others, wait for all to end."""
        if self._listener is not None:
            await asyncio.sleep(ACCEPT_GRACE_S)
            self._listener.close()
        for session in self.sessions:
            session.wire.unfreeze()
        await self._server.close()
        if self._listener is not None:
            await self._listener.wait_closed()
