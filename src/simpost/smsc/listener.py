"""The SMPP port: plain or TLS."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from pathlib import Path

from simpost.errors import ConfigError
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


def tls_context(certificate: Path, key: Path, clients_ca: Path | None) -> ssl.SSLContext:
    """TLS context of the server; with a CA, clients need a certificate signed by it.

    Raises ConfigError with the file and the reason.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise ConfigError(f"TLS certificate {certificate} with key {key}: {_why(error)}") from None
    if clients_ca is not None:
        try:
            context.load_verify_locations(clients_ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"TLS CA {clients_ca}: {_why(error)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "cannot be read"
    return getattr(error, "strerror", None) or "cannot be read"
