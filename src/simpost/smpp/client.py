"""The ESME's side: connect and bind, or wait for an outbind. Connecting again is the caller's."""

from __future__ import annotations

import asyncio
import ssl as tls
from collections.abc import Sequence

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
    server_hostname: str | None = None,
    addresses: Sequence[str] = (),
) -> Session:
    """A bound session; by TLS the certificate must name `server_hostname`, or else `host`.

    `addresses` are those of the host, tried in their order; when empty, the event loop resolves
    the name.

    Raises `ConnectFailed`, `BindTimeout`, `BindLost`, `BindRejected`, or `FieldError` before
    anything leaves when the bind itself cannot be written.
    """
    encode(bind)
    where = addresses or (host,)
    named = (server_hostname or host) if ssl else None
    session = await _open(host, port, where, handler, settings, ssl, named)
    try:
        response = await session.request(bind)
    except ResponseTimeout:
        session.abort(CloseReason.BIND_TIMEOUT)
        raise BindTimeout from None
    except SessionClosed as error:
        if error.reason is CloseReason.BIND_TIMEOUT:
            raise BindTimeout from None
        raise BindLost(f"{BindLost.__doc__} ({error.reason})") from None
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
    where: Sequence[str],
    handler: SessionHandler,
    settings: SessionSettings,
    ssl: tls.SSLContext | None,
    server_hostname: str | None,
) -> Session:
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            return await _connect_first(where, port, handler, settings, ssl, server_hostname)
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


async def _connect_first(
    where: Sequence[str],
    port: int,
    handler: SessionHandler,
    settings: SessionSettings,
    ssl: tls.SSLContext | None,
    server_hostname: str | None,
) -> Session:
    """A connection to the first of these addresses that takes one."""
    loop = asyncio.get_running_loop()
    refused: OSError | None = None
    for address in where:
        try:
            _, session = await loop.create_connection(
                lambda: Session(Role.ESME, handler, settings),
                address,
                port,
                ssl=ssl,
                server_hostname=server_hostname,
            )
        except OSError as error:
            refused = error
        else:
            return session
    raise refused or OSError(None, "no address")
