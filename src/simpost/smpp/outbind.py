"""The ESME's side of outbind: listen for an SMSC that connects, and bind (SMPP 3.4 2.2.1)."""

from __future__ import annotations

import asyncio
import ssl as tls

from simpost.smpp.handler import SessionHandler
from simpost.smpp.pdu import Bind
from simpost.smpp.server import ACCEPT_GRACE_S
from simpost.smpp.session import Session
from simpost.smpp.session_protocol import SessionProtocol
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import CloseReason, Role

_DEFAULTS = SessionSettings()


class OutbindListener:
    """Accepts connections of SMSCs; `listen_for_outbind` returns one that listens."""

    def __init__(
        self, handler: SessionHandler, settings: SessionSettings, max_sessions: int
    ) -> None:
        self._handler = handler
        self._settings = settings
        self._max_sessions = max_sessions
        self._sessions: set[Session] = set()
        self._is_closing = False
        self._listener: asyncio.Server | None = None

    async def listen(self, host: str, port: int, ssl: tls.SSLContext | None = None) -> None:
        """Start listening; port 0 takes a free port.

        Raises OSError if the address is unavailable.
        """
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._new_session, host, port, ssl=ssl)

    @property
    def port(self) -> int:
        """The port it listens on, also if port 0 was requested."""
        assert self._listener is not None
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening and abort unbound connections; bound sessions continue."""
        self._is_closing = True
        await asyncio.sleep(ACCEPT_GRACE_S)
        if self._listener is not None:
            self._listener.close()
        for session in list(self._sessions):
            if not session.state.is_bound:
                session.abort()

    def session_opened(self, session: Session) -> None:
        """Register a new connection, or abort it if there are too many."""
        self._sessions.add(session)
        session.closed.add_done_callback(lambda _: self._sessions.discard(session))
        if self._is_closing:  # accepted just before we stopped listening
            session.abort()
        elif len(self._sessions) > self._max_sessions:
            session.abort(CloseReason.TOO_MANY_SESSIONS)

    def bind_requested(self, session: Session, bind: Bind) -> None:
        """Never called: a session refuses binds itself in the role of an ESME."""

    def _new_session(self) -> SessionProtocol:
        return SessionProtocol(Role.ESME, self._handler, self._settings, host=self)


async def listen_for_outbind(
    host: str,
    port: int,
    handler: SessionHandler,
    settings: SessionSettings = _DEFAULTS,
    *,
    ssl: tls.SSLContext | None = None,
    max_sessions: int = 10,
) -> OutbindListener:
    """Listen for SMSCs that connect to us; port 0 takes a free one.

    `handler.on_request` gets each outbind. It checks the outbind and binds with
    `session.request(BindReceiver(...))`, or closes the session. Connections beyond
    `max_sessions` are aborted. Raises OSError if the address is unavailable.
    """
    listener = OutbindListener(handler, settings, max_sessions)
    await listener.listen(host, port, ssl)
    return listener
