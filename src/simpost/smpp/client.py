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
    MalformedResponse,
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
    server_hostname: str | None = None,
) -> Session:
    """A bound session; by TLS the certificate must name `server_hostname`, or else `host`.

    Raises `ConnectFailed`, `BindTimeout`, `BindLost`, `BindRejected`, or `FieldError` before
    anything leaves when the bind itself cannot be written.
    """
    encode(bind)
    session = await _open(host, port, handler, settings, ssl, server_hostname)
    try:
        response = await session.request(bind)
    except ResponseTimeout:
        session.abort(CloseReason.BIND_TIMEOUT)
        raise BindTimeout from None
    except SessionClosed as error:
        if error.reason is CloseReason.BIND_TIMEOUT:
            raise BindTimeout from None
        raise BindLost(f"{BindLost.__doc__} ({error.reason})") from None
    except MalformedResponse as error:
        session.abort(CloseReason.PROTOCOL_ERROR)
        raise BindLost(f"the answer to the bind cannot be read ({error})") from None
    except BaseException:  # cancelled: leave nothing open
        session.abort(CloseReason.CLOSED_BY_US)
        raise
    if session.bind is None:
        session.close(CloseReason.BIND_REFUSED)
        await session.wait_closed()
        raise BindRejected(response.command_status or Status.ESME_RBINDFAIL)
    return session


async def _open(
    host: str,
    port: int,
    handler: SessionHandler,
    settings: SessionSettings,
    ssl: tls.SSLContext | None,
    server_hostname: str | None,
) -> Session:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            _, session = await loop.create_connection(
                lambda: Session(Role.ESME, handler, settings),
                host,
                port,
                ssl=ssl,
                server_hostname=server_hostname,
            )
    except TimeoutError:
        within = f"{host}:{port}: no connection within {settings.connect_timeout_s:g} s"
        raise ConnectFailed(within) from None
    except tls.SSLCertVerificationError as error:
        untrusted = f"{host}:{port}: the certificate is refused: {error.verify_message}"
        raise ConnectFailed(untrusted) from error
    except UnicodeError:
        raise ConnectFailed(f"{host}:{port}: no host can be called that") from None
    except OSError as error:
        raise ConnectFailed(f"{host}:{port}: {error.strerror or error}") from error
    return session
