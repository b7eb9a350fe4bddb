"""All doors of one simpost as one ASGI app."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from simpost.api.open.door import build as build_open
from simpost.api.open.routes import PREFIX
from simpost.api.services import Services
from simpost.api.v1.door import build as build_native


def build(services: Services) -> ASGIApp:
    """Send every request to its door by its path."""
    opened = build_open(services)
    native = build_native(services)
    prefix = f"{PREFIX}/"

    async def doors(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(prefix):
            await opened(scope, receive, send)
        else:
            await native(scope, receive, send)

    return doors
