"""How the doors are served: uvicorn, with bounds on what it takes and the usual exchange cheap."""

from __future__ import annotations

from functools import partial

import uvicorn
from starlette.types import ASGIApp

from simpost.api.exchange import ExchangeProtocol
from simpost.api.onewrite import Outbox


def http_config(app: ASGIApp, grace_s: int) -> uvicorn.Config:
    """`grace_s`: how long requests in progress may take to end when the server stops."""
    return uvicorn.Config(
        app,
        http=partial(ExchangeProtocol, Outbox()),  # type: ignore[arg-type]  # called like a class
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=grace_s,
    )
