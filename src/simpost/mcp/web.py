"""What a request by HTTP must have before the protocol sees it: an allowed origin and a key."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from simpost.domain.api_keys import key_id_of
from simpost.http.connection import prove
from simpost.mcp.gateway import Access, Gateway, GatewayRefusal, GatewayUnreachable
from simpost.mcp.server import Caller

PATH: Final = "/mcp"
_KNOWN_S: Final = 5.0
"""Seconds for which a key that was accepted is not asked about again; each call of a tool asks."""
_MAX_KNOWN: Final = 1_000
_BEARER: Final = {"WWW-Authenticate": 'Bearer realm="simpost"'}
_SESSION: Final = "mcp-session-id"


class HttpGate:
    """Refuses requests with another path or origin, or without a valid API key.

    `Host` is checked by the HTTP server. A session belongs to the key that began it.
    """

    def __init__(
        self,
        inner: Callable[[Scope, Receive, Send], Awaitable[None]],
        gateway: Gateway,
        allowed_origins: Sequence[str],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._gateway = gateway
        self._origins = frozenset(allowed_origins)
        self._monotonic_s = monotonic_s
        self._known: OrderedDict[bytes, tuple[Access, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        refusal = await self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        prove(scope)
        await self._inner(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["path"] != PATH:
            return _plain(404, f"The path is {PATH}.")
        origins = headers.getlist("origin")
        if any(origin not in self._origins for origin in origins):
            return _plain(403, "This origin is not allowed: see --allow-origin.")
        key = _key_of(headers)
        if not key or key_id_of(key) is None:
            return _plain(401, "Give an API key: Authorization: Bearer sp_live_...", _BEARER)
        try:
            access = await self._access(key)
        except GatewayRefusal as error:
            headers_of = _BEARER if error.status == 401 else {}
            return _plain(
                error.status if error.status in (401, 403, 429) else 502, str(error), headers_of
            )
        except GatewayUnreachable as error:
            return _plain(503, str(error), {"Retry-After": "1"})
        token = AccessToken(token="-", client_id=access.key_id or "-", scopes=[])  # noqa: S106
        scope["user"] = AuthenticatedUser(token)
        return None

    async def _access(self, key: str) -> Access:
        """What the key may do; asked at the gateway every few seconds."""
        now_s = self._monotonic_s()
        digest = hashlib.sha256(key.encode()).digest()
        found = self._known.get(digest)
        if found is not None and found[1] > now_s:
            return found[0]
        self._known.pop(digest, None)
        access = await self._gateway.access(key)
        self._known[digest] = (access, now_s + _KNOWN_S)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        return access


def caller_of(context: ServerRequestContext[Any, Any]) -> Caller:
    """The key and the session of a request by HTTP; requests of 2026-07-28 have no session."""
    assert context.request is not None
    headers = context.request.headers
    return Caller(_key_of(headers), headers.get(_SESSION, "")[:64])


def _key_of(headers: Headers) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _plain(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers or {})
