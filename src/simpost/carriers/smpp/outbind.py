"""Outbind: the SMSC connects to simpost and asks it to bind (SMPP 3.4 2.2.1)."""

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

_MAX_SESSIONS = 4
"""Connections at a time: one that is bound, and some that have not sent an outbind yet."""
_UNBOUND = (ConnectionState.STARTING, ConnectionState.LOST)
"""States in which an outbind is accepted."""

log = get_logger(__name__)


async def serve_outbind(bind_pdu: Callable[[], Bind], bind: BindConnection) -> None:
    """Listen until cancelled. Bind on a connection whose outbind has the configured password."""
    settings = bind.settings
    bind.on_outbind = partial(_on_outbind, bind_pdu, bind)
    address = f"{settings.outbind_host} port {settings.outbind_port}"
    while True:
        try:
            listener = await listen_for_outbind(
                settings.outbind_host,
                settings.outbind_port,
                bind,
                session_settings(settings),
                max_sessions=_MAX_SESSIONS,
            )
        except OSError as error:
            bind.lost(f"Cannot listen on {address}: {error.strerror or error}")
            await asyncio.sleep(settings.reconnect_max_s)
            continue
        bind.wait_for_outbind(f"Waiting for an outbind of the SMSC on {address}.")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await listener.close()


def _on_outbind(
    bind_pdu: Callable[[], Bind], bind: BindConnection, session: Session, outbind: Outbind
) -> None:
    if not _is_expected(bind.settings, outbind):
        bind.limited_log.warning("outbind_refused", peer=session.peer)
        session.close()
    elif bind.state not in _UNBOUND:
        bind.limited_log.warning("outbind_refused", peer=session.peer, state=bind.state)
        session.close()
    else:
        bind.begin()
        session.request(bind_pdu()).add_done_callback(partial(_on_response, bind, session))


def _is_expected(settings: Settings, outbind: Outbind) -> bool:
    named = settings.outbind_system_id in ("", outbind.system_id)
    password = settings.outbind_password.get_secret_value()
    return named and hmac.compare_digest(password.encode(), outbind.password.encode())


def _on_response(bind: BindConnection, session: Session, response: asyncio.Future[Pdu]) -> None:
    if error := response.exception():
        bind.lost(str(error))
        session.close()
    elif status := response.result().command_status:
        bind.lost(f"bind refused: {status_name(status)}")
        session.close()
