"""Restricts a node without the role `api` to administration, the console and health."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from simpost.api.shared.problems import Problem, ProblemCode, render

_PUBLIC = ("/", "/docs", "/healthz", "/readyz", "/metrics", "/openapi.json")
_DOCS = "/docs/"
_ADMIN = "/v1/admin/"
_CONSOLE = "/console"
_OPEN = (_ADMIN, _CONSOLE, _DOCS)


def admin_only(app: ASGIApp) -> ASGIApp:
    """Serve administration, console and health paths only; answer all others with 404."""

    async def filtered(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path in _PUBLIC or path.startswith(_OPEN):
            await app(scope, receive, send)
            return
        problem = Problem(
            404,
            ProblemCode.NOT_FOUND,
            "This node has no role `api`. Send the request to another node.",
        )
        await render(problem)(scope, receive, send)

    return filtered
