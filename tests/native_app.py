"""The routes of the native API, built once per process and not for each test.

The framework builds the routes of an app on its first request: 40 to 80 ms each time. Apps that are
built after `share_routes()` have their own state, services and handlers, and share the routes.
"""

from __future__ import annotations

import copy
import functools
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import State

from simpost.api import native

_build = native.framework


def share_routes() -> None:
    native.framework = _framework


def build_routes(version: str) -> None:
    """Build them now, for the processes that are forked from this one."""
    for route in _shared(version).routes:
        if contexts := getattr(route, "effective_route_contexts", None):
            list(contexts())


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document; callers must not change it."""
    return _build("1").openapi()


@functools.cache
def _shared(version: str) -> FastAPI:
    return _build(version)


def _framework(version: str) -> FastAPI:
    shared = _shared(version)
    app = copy.copy(shared)
    app.state = State(dict(shared.state._state))
    return app
