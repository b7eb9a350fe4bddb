"""All APIs as one ASGI app, selected by path."""

from __future__ import annotations

from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simpost.api.carrier_callbacks import build_callback_app
from simpost.api.lifecycle import build_lifecycle_app
from simpost.api.native import build_native_app
from simpost.api.open.request import PREFIX
from simpost.api.open.router import build_open_app
from simpost.api.shapes.app import build_shape_app, selected_shapes
from simpost.api.shared.response_counts import APIS
from simpost.api.shared.services import Services
from simpost.features.lifecycle.sources import PATH as LIFECYCLE
from simpost.ports.carrier_callbacks import PATH as CARRIERS

CONSOLE: Final = "/console"
_HELD: Final = b"simpost-sending", b"held-copy"
"""A header of every response while nothing is sent because the store is a copy."""


def build(services: Services, console: ASGIApp | None = None) -> ASGIApp:
    """An ASGI app that passes each request to its API by the path; `console` has `/console`."""
    open_app = build_open_app(services)
    native_app = build_native_app(services)
    lifecycle_app = build_lifecycle_app(services)
    callback_app = build_callback_app(services)
    prefix = f"{PREFIX}/"
    shapes = {
        start: build_shape_app(services, shape)
        for start, shape in selected_shapes(services.shapes).items()
    }
    starts = tuple(shapes)
    times_s = services.response_counts.times_s
    open_times_s, native_times_s, shape_times_s = (times_s[api] for api in APIS)
    guard = services.copy_guard

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if guard.is_held:
            send = with_header(send, *_HELD)
        started_s = perf_counter()
        if scope["type"] == "http" and scope["path"].startswith(prefix):
            await open_app(scope, receive, send)
            open_times_s.add(perf_counter() - started_s)
        elif scope["type"] == "http" and scope["path"].startswith(LIFECYCLE):
            await lifecycle_app(scope, receive, send)
            native_times_s.add(perf_counter() - started_s)
        elif scope["type"] == "http" and scope["path"].startswith(CARRIERS):
            await callback_app(scope, receive, send)
            native_times_s.add(perf_counter() - started_s)
        elif starts and scope["type"] == "http" and scope["path"].startswith(starts):
            start = next(each for each in starts if scope["path"].startswith(each))
            await shapes[start](scope, receive, send)
            shape_times_s.add(perf_counter() - started_s)
        elif console and scope["type"] == "http" and is_console(scope["path"]):
            await console(scope, receive, send)
        else:
            await native_app(scope, receive, send)
            native_times_s.add(perf_counter() - started_s)

    return app


def is_console(path: str) -> bool:
    """Whether the path is one of the console."""
    return path == CONSOLE or path.startswith(f"{CONSOLE}/")


def with_header(send: Send, name: bytes, value: bytes) -> Send:
    """A `send` that adds a header to the response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (name, value)]}
        await send(message)

    return sending
