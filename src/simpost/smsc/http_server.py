"""Serves the HTTP port in the caller's event loop."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Final

from starlette.applications import Starlette

from simpost.errors import ConfigError
from simpost.http import HostRules, HttpServer

_GRACE_S: Final = 2


async def serve_http(application: Starlette, listener: socket.socket, host: str) -> HttpServer:
    """Start to serve. On loopback only loopback host names are accepted (DNS rebinding)."""
    server = HttpServer(application, hosts=HostRules.of(host), grace_s=_GRACE_S)
    await server.start([listener])
    return server


@contextlib.contextmanager
def explain_listen_errors(host: str, port: int) -> Iterator[None]:
    """Raise ConfigError with the address and the reason when listening fails."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"cannot listen on {host} port {port}: {why}. Is another simulator running? "
            "Choose another port."
        ) from None
    except UnicodeError:
        raise ConfigError(f"cannot listen on {host!r}: it is not an address or host name") from None
