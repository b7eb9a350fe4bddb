"""A line: one bind to the message centre, kept alive."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from simpost.config import SmppCarrier as Settings
from simpost.observe import get_logger
from simpost.ports.carrier import BindKind, BindStatus, Link
from simpost.smpp import (
    Bind,
    BindError,
    BindRejected,
    CloseReason,
    Pdu,
    PduError,
    Session,
    SessionHandler,
    SessionSettings,
    connect,
)

log = get_logger(__name__)


class Line(SessionHandler):
    """Binds, binds again when the link is lost, and hands on what the session says.

    The wait between tries doubles up to its cap and is jittered; a refused bind waits the cap at
    once, since trying harder does not mend a password.
    """

    def __init__(
        self,
        settings: Settings,
        bind: Callable[[], Bind],
        *,
        on_change: Callable[[], None],
        on_request: Callable[[Session, Pdu], None],
        on_late: Callable[[Pdu, Pdu], None],
    ) -> None:
        self.link = Link.STARTING
        self.problem = ""
        self._settings = settings
        self._bind = bind
        self._on_change = on_change
        self._take_request = on_request
        self._take_late = on_late
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._random = random.Random()  # noqa: S311  jitter is no secret

    @property
    def session(self) -> Session | None:
        """The bound session, while there is one."""
        return self._session if self.link is Link.BOUND else None

    @property
    def room(self) -> int:
        return self._session.room if self._session else 0

    def status(self, number: int) -> BindStatus:
        session = self._session
        return BindStatus(
            number=number,
            kind=BindKind.TRANSCEIVER,
            link=self.link,
            peer=session.peer if session else "",
            problem=self.problem,
            window=self._settings.window,
            waiting=session.waiting if session else 0,
            allowed_per_s=self._settings.rate_per_s,
            rate_per_s=0,
            last_pdu_ms=None,
        )

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"smpp {self._settings.name}")

    async def stop(self) -> None:
        """Unbind and give up; what has no answer by then is handed back."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._session:
            self._enter(Link.UNBINDING)
            await self._session.unbind()

    async def _keep(self) -> None:
        settings = self._settings
        wait_s = settings.reconnect_min_s
        while True:
            try:
                session = await self._open()
            except BindError as error:
                self._lost(str(error))
                if isinstance(error, BindRejected):
                    wait_s = settings.reconnect_max_s
            else:
                wait_s = settings.reconnect_min_s
                reason = await session.wait_closed()
                self._lost(f"closed: {reason}")
            await asyncio.sleep(wait_s * self._random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, settings.reconnect_max_s)

    async def _open(self) -> Session:
        settings = self._settings
        self._enter(Link.BINDING)
        session = await connect(
            settings.host,
            settings.port,
            self._bind(),
            self,
            SessionSettings(
                window=settings.window,
                connect_timeout_s=settings.bind_timeout_s,
                session_init_timeout_s=settings.bind_timeout_s,
                response_timeout_s=settings.response_timeout_s,
                enquire_link_s=settings.enquire_link_s,
            ),
        )
        log.info("bound", carrier=settings.name, peer=session.peer)
        return session

    def _lost(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("link_lost", carrier=self._settings.name, problem=problem)
        self.problem = problem
        self._session = None
        self._enter(Link.LOST)

    def _enter(self, link: Link) -> None:
        self.link = link
        self._on_change()

    # What the session says.

    def on_bound(self, session: Session) -> None:
        self._session = session
        self.problem = ""
        self._enter(Link.BOUND)

    def on_room(self, session: Session) -> None:
        self._on_change()

    def on_request(self, session: Session, request: Pdu) -> None:
        self._take_request(session, request)

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        log.warning("answer_came_late", carrier=self._settings.name, status=response.command_status)
        self._take_late(request, response)

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        log.warning("answer_to_nothing", carrier=self._settings.name)

    def on_malformed(self, session: Session, error: PduError) -> None:
        log.warning("malformed_pdu", carrier=self._settings.name, problem=str(error))

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        self._session = None
        if self.link is Link.BOUND:
            self._enter(Link.LOST)
