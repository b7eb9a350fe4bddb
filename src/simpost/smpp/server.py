"""The message centre's side: listen, check binds, or call an ESME with outbind."""

from __future__ import annotations

import asyncio
import ssl as tls
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

from simpost.smpp.codec import encode
from simpost.smpp.errors import ConnectFailed
from simpost.smpp.handler import SessionHandler
from simpost.smpp.pdu import Bind, BindTransceiverResp, Outbind
from simpost.smpp.session import Session
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import CloseReason, Role
from simpost.smpp.status import Status

# (bind, peer address) to a command_status: 0 binds, ESME_RINVSYSID, ESME_RINVPASWD... refuse.
Authenticate: TypeAlias = Callable[[Bind, str], int | Awaitable[int]]

ACCEPT_GRACE_S: Final = 0.001
"""Waited before a listener closes: the event loop leaves open a connection that it accepts in the
same turn. After a timer all that was accepted has its session, and nothing was accepted since."""

_DEFAULTS = SessionSettings()


class SmppServer:
    """A message centre; `serve` makes one that listens.

    Attributes:
        sessions: every open connection, bound or not yet.
    """

    def __init__(
        self,
        authenticate: Authenticate,
        handler: SessionHandler,
        settings: SessionSettings = _DEFAULTS,
        *,
        system_id: str = "simpost",
        max_sessions: int = 100,
    ) -> None:
        encode(BindTransceiverResp(system_id=system_id))  # refuse a name no bind could be given
        self.sessions: set[Session] = set()
        self._authenticate = authenticate
        self._handler = handler
        self._settings = settings
        self._system_id = system_id
        self._max_sessions = max_sessions
        self._checks: set[asyncio.Future[int]] = set()
        self._is_closing = False
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port listened on, also when 0 was asked for."""
        assert self._listener is not None, "not listening"
        return int(self._listener.sockets[0].getsockname()[1])

    async def listen(self, host: str, port: int, ssl: tls.SSLContext | None = None) -> None:
        """Raises OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._session, host, port, ssl=ssl)

    async def outbind(
        self, host: str, port: int, outbind: Outbind, *, ssl: tls.SSLContext | None = None
    ) -> Session:
        """Call an ESME and ask it to bind (SMPP 3.4 4.1.7); `on_bound` tells when it did."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                _, session = await loop.create_connection(self._session, host, port, ssl=ssl)
        except OSError as error:  # TimeoutError is one
            raise ConnectFailed(f"{host}:{port}: {error or 'no connection in time'}") from error
        session.notify(outbind)
        return session

    async def close(self) -> None:
        """Stop listening, unbind every session, and wait until all are gone."""
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
        """Keep a new connection, or cut it if there are too many."""
        self.sessions.add(session)
        session.closed.add_done_callback(lambda _: self.sessions.discard(session))
        if self._is_closing:  # it was on its way when we stopped listening
            session.abort()
        elif len(self.sessions) > self._max_sessions:
            session.abort(CloseReason.TOO_MANY_SESSIONS)

    def bind_requested(self, session: Session, bind: Bind) -> None:
        """Check the credentials of a bind, then accept or reject it."""
        status = self._authenticate(bind, session.peer)
        if isinstance(status, int):
            self._answer(session, bind, status)
            return
        check = asyncio.ensure_future(status)
        self._checks.add(check)
        check.add_done_callback(partial(self._on_authenticated, session, bind))

    def _on_authenticated(self, session: Session, bind: Bind, check: asyncio.Future[int]) -> None:
        """Whatever happened, the peer is not left without an answer."""
        self._checks.discard(check)
        failed = check.cancelled() or check.exception() is not None
        self._answer(session, bind, Status.ESME_RSYSERR if failed else check.result())
        if not check.cancelled():
            check.result()  # what was raised is told by the event loop

    def _answer(self, session: Session, bind: Bind, status: int) -> None:
        if status == Status.ESME_ROK:
            session.accept_bind(bind, self._system_id)
        else:
            session.reject_bind(bind, status)

    def _session(self) -> Session:
        return Session(Role.SMSC, self._handler, self._settings, host=self)


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
    """A message centre that listens; port 0 takes a free one."""
    server = SmppServer(
        authenticate, handler, settings, system_id=system_id, max_sessions=max_sessions
    )
    await server.listen(host, port, ssl)
    return server
