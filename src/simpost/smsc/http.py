"""The HTTP side: what handsets show, as JSON, live events and a page."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from simpost.smsc.control import Control, json_answer, number_of
from simpost.smsc.event_stream import EventStream
from simpost.smsc.handsets import MAX_TEXTS
from simpost.smsc.views import handset_view

if TYPE_CHECKING:
    from simpost.smsc.simulator import Simulator

_MAX_LIMIT: Final = 10_000
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_CODES: Final = {
    400: "badRequest",
    403: "forbidden",
    404: "notFound",
    405: "methodNotAllowed",
    409: "conflict",
    413: "tooLarge",
}


def build(simulator: Simulator, feed: EventStream) -> Starlette:
    """The application. It trusts whoever reaches it, so it belongs on loopback."""
    handsets, offline = simulator.handsets, simulator.offline
    packed = simulator.options.gsm7_packed
    page = files("simpost.smsc").joinpath("page.html").read_text("utf-8")
    page_headers = {
        "content-security-policy": content_security_policy(page),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }

    async def show_page(_: Request) -> Response:
        return HTMLResponse(page, headers=page_headers)

    async def list_handsets(request: Request) -> Response:
        limit = _number(request, "limit", default=100, most=_MAX_LIMIT)
        texts = _number(request, "messages", default=1, most=MAX_TEXTS)
        newest = handsets.newest(limit)
        return json_answer(
            [handset_view(each, offline, packed=packed, texts=texts) for each in newest]
        )

    async def show_handset(request: Request) -> Response:
        handset = handsets.find(number_of(request))
        if handset is None:
            raise HTTPException(404, "No text has reached this number.")
        return json_answer(handset_view(handset, offline, packed=packed, texts=MAX_TEXTS))

    async def forget_handsets(_: Request) -> Response:
        simulator.forget_handsets()
        return Response(status_code=204)

    async def show_stats(_: Request) -> Response:
        return json_answer(simulator.stats())

    async def stream_events(_: Request) -> Response:
        if feed.is_full:
            raise HTTPException(503, "Too many are watching already.")
        return StreamingResponse(
            feed.watch(),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return Starlette(
        routes=[
            Route("/", show_page),
            Route("/handsets", list_handsets),
            Route("/handsets", forget_handsets, methods=["DELETE"]),
            Route("/handsets/{number}", show_handset),
            Route("/stats", show_stats),
            Route("/events", stream_events),
            *Control(simulator).routes(),
        ],
        exception_handlers={HTTPException: _on_refused, Exception: _on_fault},
    )


def content_security_policy(page: str) -> str:
    """Nothing but the page's own script and style may run, and it talks to its own server only."""
    inline = {"script": [], "style": []}  # type: dict[str, list[str]]
    for kind, text in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        inline[kind].append(f"'sha256-{digest}'")
    return (
        f"default-src 'none'; script-src {' '.join(inline['script'])}; "
        f"style-src {' '.join(inline['style'])}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _number(request: Request, name: str, *, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HTTPException(400, f"{name} must be a number.")
    return min(int(text), most)


async def _on_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "unavailable")
    body = {"error": {"code": code, "message": error.detail}}
    return json_answer(body, error.status_code, error.headers)


async def _on_fault(_: Request, _error: Exception) -> Response:
    return json_answer({"error": {"code": "fault", "message": "The simulator has a fault."}}, 500)
