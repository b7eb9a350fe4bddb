"""Being called by a message centre, to bind on its connection (SMPP 3.4 2.2.1)."""

from __future__ import annotations

import asyncio
import ssl as tls

from simpost.smpp.handler import SessionHandler
from simpost.smpp.pdu import Bind
from simpost.smpp.server import ACCEPT_GRACE_S
from simpost.smpp.session import Session
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import CloseReason, Role

_DEFAULTS = SessionSettings()


class OutbindListener:
    """Takes the calls of message centres; `listen_for_outbind` makes one that listens."""

    def __init__(
        self, handler: SessionHandler, settings: SessionSettings, max_sessions: int
    ) -> None:
        self._handler = handler
        self._settings = settings
        self._max_sessions = max_sessions
        self._callers: set[Session] = set()
        self._is_closing = False
        self._listener: asyncio.Server | None = None

    async def listen(self, host: str, port: int, ssl: tls.SSLContext | None = None) -> None:
        """Raises OSError if the address cannot be used."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._session, host, port, ssl=ssl)

    @property
    def port(self) -> int:
        """The port listened on, also if 0 was requested."""
        assert self._listener is not None
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Take no more calls, and end those that came to no bind. Who is bound stays so."""
        self._is_closing = True
        await asyncio.sleep(ACCEPT_GRACE_S)
        if self._listener is not None:
            self._listener.close()
        for session in list(self._callers):
            if not session.state.is_bound:
                session.abort()

    def session_opened(self, session: Session) -> None:
        """Keep a new connection, or cut it if there are too many."""
        self._callers.add(session)
        session.closed.add_done_callback(lambda _: self._callers.discard(session))
        if self._is_closing:  # it was on its way when we stopped listening
            session.abort()
        elif len(self._callers) > self._max_sessions:
            session.abort(CloseReason.TOO_MANY_SESSIONS)

    def bind_requested(self, session: Session, bind: Bind) -> None:
        """Only message centres are asked: as ESME the session has refused it before."""

    def _session(self) -> Session:
        return Session(Role.ESME, self._handler, self._settings, host=self)


async def listen_for_outbind(
    host: str,
    port: int,
    handler: SessionHandler,
    settings: SessionSettings = _DEFAULTS,
    *,
    ssl: tls.SSLContext | None = None,
    max_sessions: int = 10,
) -> OutbindListener:
    """Wait for message centres that connect to us; port 0 takes a free one.

    Each outbind comes to `handler.on_request`; the handler checks it and binds with
    `session.request(BindReceiver(...))`, or closes. Connections beyond `max_sessions` are cut.
    """
    listener = OutbindListener(handler, settings, max_sessions)
    await listener.listen(host, port, ssl)
    return listener
