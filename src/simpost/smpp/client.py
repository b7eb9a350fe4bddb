"""The ESME's side: connect and bind. Reconnecting is up to the caller."""

from __future__ import annotations

import asyncio
import ssl as tls
from collections.abc import Callable, Sequence
from functools import partial

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
from simpost.smpp.session_protocol import SessionProtocol
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
    """Connect, bind, and return the bound session (SMPP 3.4 2.2, 4.1).

    With `ssl`, the certificate must name `server_hostname`, or `host` if that is not given.
    `addresses` are tried in order instead of resolving `host`.

    Raises `ConnectFailed`, `BindTimeout`, `BindLost` or `BindRejected`; and `FieldError`, before
    connecting, if the bind cannot be encoded.
    """
    encode(bind)
    create = partial(SessionProtocol, Role.ESME, handler, settings)
    tls_name = (server_hostname or host) if ssl else None
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            session = await _connect_first(addresses or (host,), port, create, ssl, tls_name)
    except (OSError, UnicodeError) as error:
        raise _connect_failed(f"{host}:{port}", error, settings.connect_timeout_s) from error
    try:
        response = await session.request(bind)
    except ResponseTimeout:
        session.abort(CloseReason.BIND_TIMEOUT)
        raise BindTimeout from None
    except SessionClosed as error:
        if error.reason is CloseReason.BIND_TIMEOUT:
            raise BindTimeout from None
        raise BindLost(f"{BindLost.__doc__} ({error.reason})") from None
    except BaseException:  # cancelled: leave no connection open
        session.abort(CloseReason.CLOSED_BY_US)
        raise
    if session.bind is None:
        session.close(CloseReason.BIND_REFUSED)
        await session.wait_closed()
        raise BindRejected(response.command_status or Status.ESME_RBINDFAIL)
    return session


async def _connect_first(
    addresses: Sequence[str],
    port: int,
    create: Callable[[], SessionProtocol],
    ssl: tls.SSLContext | None,
    server_hostname: str | None,
) -> SessionProtocol:
    """Connect to the first address that accepts; raise the last error if none does."""
    loop = asyncio.get_running_loop()
    failed: OSError | None = None
    for address in addresses:
        try:
            _, session = await loop.create_connection(
                create, address, port, ssl=ssl, server_hostname=server_hostname
            )
        except OSError as error:
            failed = error
        else:
            return session
    raise failed or OSError(None, "no address")


def _connect_failed(peer: str, error: OSError | UnicodeError, timeout_s: float) -> ConnectFailed:
    if isinstance(error, TimeoutError):
        return ConnectFailed(f"{peer}: no connection within {timeout_s:g} s")
    if isinstance(error, tls.SSLCertVerificationError):
        return ConnectFailed(f"{peer}: the certificate is refused: {error.verify_message}")
    if isinstance(error, UnicodeError):
        return ConnectFailed(f"{peer}: this is not a valid host name")
    return ConnectFailed(f"{peer}: {error.strerror or error}")
