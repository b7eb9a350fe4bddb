"""All APIs as one ASGI app, selected by path."""

from __future__ import annotations

from time import perf_counter

from starlette.types import ASGIApp, Receive, Scope, Send

from simpost.api.lifecycle import build_lifecycle_app
from simpost.api.native import build_native_app
from simpost.api.open.router import build_open_app
from simpost.api.open.routes import PREFIX
from simpost.api.shared.response_counts import APIS
from simpost.api.shared.services import Services
from simpost.features.lifecycle.sources import PATH as LIFECYCLE


def build(services: Services) -> ASGIApp:
    """An ASGI app that passes each request to its API by the path."""
    open_app = build_open_app(services)
    native_app = build_native_app(services)
    lifecycle_app = build_lifecycle_app(services)
    prefix = f"{PREFIX}/"
    open_times_s, native_times_s = (services.response_counts.times_s[api] for api in APIS)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        started_s = perf_counter()
        if scope["type"] == "http" and scope["path"].startswith(prefix):
            await open_app(scope, receive, send)
            open_times_s.add(perf_counter() - started_s)
        elif scope["type"] == "http" and scope["path"].startswith(LIFECYCLE):
            await lifecycle_app(scope, receive, send)
            native_times_s.add(perf_counter() - started_s)
        else:
            await native_app(scope, receive, send)
            native_times_s.add(perf_counter() - started_s)

    return app
