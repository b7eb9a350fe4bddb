"""The ESME's side: connect and bind, or wait for an outbind. Connecting again is the caller's."""

from __future__ import annotations

import asyncio
import ssl as tls

from simpost.smpp.codec import encode
from simpost.smpp.errors import (
    BindLost,
    BindRejected,
    BindTimeout,
    ConnectFailed,
    ResponseTimeout,
    SessionClosed,
)
from simpost.smpp.handler import SessionHandler
from simpost.smpp.pdu import Bind
from simpost.smpp.session import Session
from simpost.smpp.settings import SessionSettings
from simpost.smpp.state import CloseReason, Role
from simpost.smpp.status import Status

_DEFAULTS = SessionSettings()


async def connect(
    host: str,
    port: int,
    bind: Bind,
    handler: SessionHandler,
    settings: SessionSettings = _DEFAULTS,
    *,
    ssl: tls.SSLContext | None = None,
) -> Session:
    """A bound session.

    Raises `ConnectFailed`, `BindTimeout`, `BindLost`, `BindRejected`, or `FieldError` before
    anything leaves when the bind itself cannot be written.
    """
    encode(bind)
    session = await _open(host, port, handler, settings, ssl)
    try:
        response = await session.request(bind)
    except ResponseTimeout:
        session.abort(CloseReason.BIND_TIMEOUT)
        raise BindTimeout from None
    except SessionClosed as error:
        if error.reason is CloseReason.BIND_TIMEOUT:
            raise BindTimeout from None
        raise BindLost(f"{BindLost.__doc__} ({error.reason})") from None
    except BaseException:  # cancelled, or an answer that cannot be read: leave nothing open
        session.abort(CloseReason.CLOSED_BY_US)
        raise
    if session.bind is None:
        session.close(CloseReason.BIND_REFUSED)
        await session.wait_closed()
        raise BindRejected(response.command_status or Status.ESME_RBINDFAIL)
    return session


async def listen_for_outbind(
    host: str,
    port: int,
    handler: SessionHandler,
    settings: SessionSettings = _DEFAULTS,
    *,
    ssl: tls.SSLContext | None = None,
) -> asyncio.Server:
    """Wait for message centres that connect to us (SMPP 3.4 2.2.1).

    Each outbind comes to `handler.on_request`; the handler checks it and binds with
    `session.request(BindReceiver(...))`, or closes.
    """
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: Session(Role.ESME, handler, settings), host, port, ssl=ssl
    )


async def _open(
    host: str,
    port: int,
    handler: SessionHandler,
    settings: SessionSettings,
    ssl: tls.SSLContext | None,
) -> Session:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            _, session = await loop.create_connection(
                lambda: Session(Role.ESME, handler, settings), host, port, ssl=ssl
            )
    except TimeoutError:
        within = f"{host}:{port}: no connection within {settings.connect_timeout_s:g} s"
        raise ConnectFailed(within) from None
    except OSError as error:
        raise ConnectFailed(f"{host}:{port}: {error.strerror or error}") from error
    return session
