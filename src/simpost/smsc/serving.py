"""The HTTP port, served in the caller's event loop."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.applications import Starlette

from simpost.errors import ConfigError

_GRACE_S: Final = 2


async def serve_http(application: Starlette, listener: socket.socket) -> uvicorn.Server:
    """Without `Server.serve`: that would take the signals of the process for itself."""
    config = uvicorn.Config(
        application,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    return server


@contextlib.contextmanager
def refusing(host: str, port: int) -> Iterator[None]:
    """A port that cannot be had, as one sentence."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"cannot listen on {host} port {port}: {why}. Is another simulator running? "
            "Choose another port."
        ) from None
