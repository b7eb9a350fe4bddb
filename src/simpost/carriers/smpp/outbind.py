"""Outbind: the message centre connects to simpost and requests a bind (SMPP 3.4 2.2.1)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from functools import partial

from simpost.carriers.smpp.bind import BindConnection
from simpost.carriers.smpp.reconnect import session_settings
from simpost.config import SmppCarrierSettings as Settings
from simpost.observe import get_logger
from simpost.ports.carrier import ConnectionState
from simpost.smpp import Bind, Outbind, Pdu, Session, listen_for_outbind, status_name

_MOST_CALLERS = 4
"""Connections at a time: one that is bound, and few that still have to say who they are."""
_WANTED = (ConnectionState.STARTING, ConnectionState.LOST)
"""States in which a call is welcome."""

log = get_logger(__name__)


async def serve_outbind(bind_pdu: Callable[[], Bind], bind: BindConnection) -> None:
    """Until cancelled, bind on connections whose outbind has the right name and password."""
    settings = bind.settings
    bind.on_outbind = partial(_on_outbind, bind_pdu, bind)
    place = f"{settings.outbind_host} port {settings.outbind_port}"
    while True:
        try:
            listener = await listen_for_outbind(
                settings.outbind_host,
                settings.outbind_port,
                bind,
                session_settings(settings),
                max_sessions=_MOST_CALLERS,
            )
        except OSError as error:
            bind.lost(f"Cannot listen on {place}: {error.strerror or error}")
            await asyncio.sleep(settings.reconnect_max_s)
            continue
        bind.waits(f"Waits for the message centre to call on {place}.")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await listener.close()


def _on_outbind(
    bind_pdu: Callable[[], Bind], bind: BindConnection, session: Session, outbind: Outbind
) -> None:
    if not _is_expected(bind.settings, outbind):
        bind.noted.warning("outbind_refused", peer=session.peer)
        session.close()
    elif bind.state not in _WANTED:
        bind.noted.warning("outbind_refused", peer=session.peer, link=bind.state)
        session.close()
    else:
        bind.binding()
        session.request(bind_pdu()).add_done_callback(partial(_on_answer, bind, session))


def _is_expected(settings: Settings, outbind: Outbind) -> bool:
    named = settings.outbind_system_id in ("", outbind.system_id)
    password = settings.outbind_password.get_secret_value()
    return named and hmac.compare_digest(password.encode(), outbind.password.encode())


def _on_answer(bind: BindConnection, session: Session, answer: asyncio.Future[Pdu]) -> None:
    if error := answer.exception():
        bind.lost(str(error))
        session.close()
    elif status := answer.result().command_status:
        bind.lost(f"bind refused: {status_name(status)}")
        session.close()
