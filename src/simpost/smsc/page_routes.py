"""The handsets page and its files, under a strict policy."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

PAGE_FILES: Final = {
    "handsets.css": "text/css",
    "text.js": "text/javascript",
    "card.js": "text/javascript",
    "wall.js": "text/javascript",
    "panel.js": "text/javascript",
    "page.js": "text/javascript",
}
PAGE_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}
"""Of the page and its files: only its own scripts and style, and only requests to its server."""


def page_routes() -> list[Route]:
    """The page at `/`, and what it loads."""
    folder = files("simpost.smsc").joinpath("page")
    page = folder.joinpath("page.html").read_text("utf-8")
    parts = {name: folder.joinpath(name).read_bytes() for name in PAGE_FILES}

    async def get_page(_: Request) -> Response:
        return HTMLResponse(page, headers=PAGE_HEADERS)

    async def get_part(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in parts:
            raise HTTPException(404, "The page has no such file.")
        return Response(parts[name], media_type=PAGE_FILES[name], headers=PAGE_HEADERS)

    return [Route("/", get_page), Route("/page/{name}", get_part)]
