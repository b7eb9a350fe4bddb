"""The SMSC's side: listen, authenticate binds, or connect to an ESME with outbind."""

from __future__ import annotations

import asyncio
import socket
import ssl as tls
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

from simpost.smpp.codec import encode
from simpost.smpp.errors import ConnectFailed
from simpost.smpp.handler import SessionHandler
from simpost.smpp.pdu import Bind, BindTransceiverResp, Outbind
from simpost.smpp.session import Session
from simpost.smpp.session_protocol import SessionProtocol
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import CloseReason, Role
from simpost.smpp.status import Status

Authenticate: TypeAlias = Callable[[Bind, str], int | Awaitable[int]]
"""Takes a bind and the peer's address; returns a command_status: 0 accepts, others refuse."""

ACCEPT_GRACE_S: Final = 0.001
"""Delay before a listener closes. The event loop leaks a connection that it accepts in the same
iteration as the close; after a timer, every accepted connection has its session."""

_DEFAULTS = SessionSettings()


class SmppServer:
    """An SMSC; `serve` returns one that listens.

    Attributes:
        sessions: all open connections, bound or not.
    """

    def __init__(
        self,
        authenticate: Authenticate,
        handler: SessionHandler,
        settings: SessionSettings = _DEFAULTS,
        *,
        system_id: str = "simpost",
        max_sessions: int = 100,
        max_unbound: int | None = None,
    ) -> None:
        """Connections beyond `max_sessions` are aborted.

        Beyond `max_unbound` the oldest connection without a bind is; `None`: no such limit.
        """
        encode(BindTransceiverResp(system_id=system_id))  # fail now if it cannot be encoded
        self.sessions: set[Session] = set()
        self._authenticate = authenticate
        self._handler = handler
        self._settings = settings
        self._system_id = system_id
        self._max_sessions = max_sessions
        self._max_unbound = max_unbound
        self._unbound: dict[Session, None] = {}
        self._checks: set[asyncio.Future[int]] = set()
        self._is_closing = False
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also if port 0 was requested."""
        assert self._listener is not None, "not listening"
        return int(self._listener.sockets[0].getsockname()[1])

    async def listen(self, host: str, port: int, ssl: tls.SSLContext | None = None) -> None:
        """Start listening; port 0 takes a free port.

        Raises OSError if the address is unavailable.
        """
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._new_session, host, port, ssl=ssl)

    async def listen_on(
        self, listener: socket.socket, ssl: tls.SSLContext | None, *, handshake_timeout_s: float
    ) -> None:
        """Start listening on a socket that is bound to its port."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            self._new_session,
            sock=listener,
            ssl=ssl,
            ssl_handshake_timeout=handshake_timeout_s if ssl else None,
        )

    async def outbind(
        self, host: str, port: int, outbind: Outbind, *, ssl: tls.SSLContext | None = None
    ) -> Session:
        """Connect to an ESME and ask it to bind (SMPP 3.4 2.2.1, 4.1.7).

        Returns before the bind; the handler's `on_bound` follows it. Raises `ConnectFailed`.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                _, session = await loop.create_connection(self._new_session, host, port, ssl=ssl)
        except OSError as error:  # includes TimeoutError
            raise ConnectFailed(f"{host}:{port}: {error or 'no connection in time'}") from error
        session.notify(outbind)
        return session

    async def close(self) -> None:
        """Stop listening, unbind every session, and wait until all are closed."""
        self._is_closing = True
        if self._listener is not None:
            await asyncio.sleep(ACCEPT_GRACE_S)
            self._listener.close()
        for check in list(self._checks):
            check.cancel()
        await asyncio.gather(*(session.unbind() for session in self.sessions))
        if self._listener is not None:
            await self._listener.wait_closed()

    def session_opened(self, session: Session) -> None:
        """Register a new connection, or abort it if there are too many."""
        self.sessions.add(session)
        session.closed.add_done_callback(lambda _: self._forget(session))
        if self._is_closing:  # accepted just before we stopped listening
            session.abort()
        elif len(self.sessions) > self._max_sessions:
            session.abort(CloseReason.TOO_MANY_SESSIONS)
        elif self._max_unbound is not None:
            self._limit_unbound(session, self._max_unbound)

    def _limit_unbound(self, session: Session, most: int) -> None:
        """Strangers cannot take all places: the oldest one without a bind gives way."""
        self._unbound[session] = None
        if len(self._unbound) <= most:
            return
        self._unbound = {each: None for each in self._unbound if not each.state.is_bound}
        while len(self._unbound) > most:
            oldest = next(iter(self._unbound))
            del self._unbound[oldest]
            oldest.abort(CloseReason.TOO_MANY_SESSIONS)

    def _forget(self, session: Session) -> None:
        self.sessions.discard(session)
        self._unbound.pop(session, None)

    def bind_requested(self, session: Session, bind: Bind) -> None:
        """Authenticate a bind, then accept or reject it."""
        status = self._authenticate(bind, session.peer)
        if isinstance(status, int):
            self._answer_bind(session, bind, status)
            return
        check = asyncio.ensure_future(status)
        self._checks.add(check)
        check.add_done_callback(partial(self._on_authenticated, session, bind))

    def _on_authenticated(self, session: Session, bind: Bind, check: asyncio.Future[int]) -> None:
        """Answer the bind also if the check failed or was cancelled."""
        self._checks.discard(check)
        failed = check.cancelled() or check.exception() is not None
        self._answer_bind(session, bind, Status.ESME_RSYSERR if failed else check.result())
        if not check.cancelled():
            check.result()  # raises: the event loop reports the exception

    def _answer_bind(self, session: Session, bind: Bind, status: int) -> None:
        if status == Status.ESME_ROK:
            session.accept_bind(bind, self._system_id)
        else:
            session.reject_bind(bind, status)

    def _new_session(self) -> SessionProtocol:
        return SessionProtocol(Role.SMSC, self._handler, self._settings, host=self)


async def serve(
    host: str,
    port: int,
    authenticate: Authenticate,
    handler: SessionHandler,
    settings: SessionSettings = _DEFAULTS,
    *,
    system_id: str = "simpost",
    max_sessions: int = 100,
    ssl: tls.SSLContext | None = None,
) -> SmppServer:
    """Start an SMSC that listens; port 0 takes a free one.

    Connections beyond `max_sessions` are aborted. Raises OSError if the address is unavailable,
    and `FieldError` if `system_id` cannot be encoded.
    """
    server = SmppServer(
        authenticate, handler, settings, system_id=system_id, max_sessions=max_sessions
    )
    await server.listen(host, port, ssl)
    return server
