"""Usual requests to endpoints that are called most, answered without the framework.

The framework takes half of the time of such a request: it compares routes, solves dependencies and
validates fields one by one. An endpoint here answers what it knows to be right, and leaves all else
to the framework with nothing done: a request has the same answer either way
(`tests/integration/api/test_usual_starts.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from starlette.routing import Route
from starlette.types import Receive, Scope

from simpost.api.v1.verifications import usual as verifications

Handler = Callable[[Request, Any], Awaitable[Response]]
Endpoint = Callable[[Request, bytes], Awaitable[Response | None]]

ENDPOINTS: Final[Mapping[tuple[str, str], Endpoint]] = {
    ("POST", verifications.PATH): verifications.start_usual,
}
"""By method and path."""
_JSON: Final = b"application/json"


class UsualRequests:
    """Answers usual requests with an app's own handlers of errors."""

    def __init__(self, app: FastAPI, handlers: Mapping[int | type[Exception], Handler]) -> None:
        routes: list[Route] = app.state.routes
        self._app = app
        self._handlers = handlers
        self._routes = {
            key: next(
                each for each in routes if each.path == key[1] and key[0] in (each.methods or ())
            )
            for key in ENDPOINTS
        }

    async def find_response(self, scope: Scope, receive: Receive, body: bytes) -> Response | None:
        """The response to a request with valid credentials; `None` if the framework responds."""
        key = scope["method"], scope["path"]
        route = self._routes.get(key)
        if route is None or not _is_json(scope):
            return None
        request = Request({**scope, "app": self._app, "route": route}, receive)
        try:
            return await ENDPOINTS[key](request, body)
        except Exception as error:  # noqa: BLE001  each has a handler
            return await self._handler(error)(request, error)

    def _handler(self, error: Exception) -> Handler:
        return next(self._handlers[each] for each in type(error).__mro__ if each in self._handlers)


def _is_json(scope: Scope) -> bool:
    """Whether the body is declared as JSON in the usual way, once."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return kinds == [_JSON]
