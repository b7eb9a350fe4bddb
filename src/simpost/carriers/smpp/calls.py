"""Being called: the message centre connects to us and asks us to bind (SMPP 3.4 2.2.1)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from functools import partial

from simpost.carriers.smpp.dialling import session_settings
from simpost.carriers.smpp.line import Line
from simpost.config import SmppCarrier as Settings
from simpost.observe import get_logger
from simpost.ports.carrier import Link
from simpost.smpp import Bind, Outbind, Pdu, Session, listen_for_outbind, status_name

_MOST_CALLERS = 4
"""Connections at a time: one that is bound, and few that still have to say who they are."""
_WANTED = (Link.STARTING, Link.LOST)
"""States in which a call is welcome."""

log = get_logger(__name__)


async def answer_calls(bind: Callable[[], Bind], line: Line) -> None:
    """Until cancelled: bind on the connection of whoever calls with the right name and password."""
    settings = line.settings
    line.on_outbind = partial(_on_outbind, bind, line)
    place = f"{settings.outbind_host} port {settings.outbind_port}"
    while True:
        try:
            listener = await listen_for_outbind(
                settings.outbind_host,
                settings.outbind_port,
                line,
                session_settings(settings),
                max_sessions=_MOST_CALLERS,
            )
        except OSError as error:
            line.lost(f"Cannot listen on {place}: {error.strerror or error}")
            await asyncio.sleep(settings.reconnect_max_s)
            continue
        line.waits(f"Waits for the message centre to call on {place}.")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await listener.close()


def _on_outbind(bind: Callable[[], Bind], line: Line, session: Session, outbind: Outbind) -> None:
    if not _is_expected(line.settings, outbind):
        line.noted.warning("outbind_refused", peer=session.peer)
        session.close()
    elif line.link not in _WANTED:
        line.noted.warning("outbind_refused", peer=session.peer, link=line.link)
        session.close()
    else:
        line.binding()
        session.request(bind()).add_done_callback(partial(_on_answer, line, session))


def _is_expected(settings: Settings, outbind: Outbind) -> bool:
    named = settings.outbind_system_id in ("", outbind.system_id)
    password = settings.outbind_password.get_secret_value()
    return named and hmac.compare_digest(password.encode(), outbind.password.encode())


def _on_answer(line: Line, session: Session, answer: asyncio.Future[Pdu]) -> None:
    if error := answer.exception():
        line.lost(str(error))
        session.close()
    elif status := answer.result().command_status:
        line.lost(f"bind refused: {status_name(status)}")
        session.close()
