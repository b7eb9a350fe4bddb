"""The HTTP application: handsets and counters as JSON, events and a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from simpost.smsc.control import ControlRoutes, json_response, number_of
from simpost.smsc.event_stream import EventStream
from simpost.smsc.handsets import MAX_TEXTS
from simpost.smsc.openapi import describe
from simpost.smsc.page_routes import page_routes
from simpost.smsc.text_routes import TextRoutes
from simpost.smsc.views import handset_view

if TYPE_CHECKING:
    from simpost.smsc.simulator import Simulator

_MAX_LIMIT: Final = 10_000
_CODES: Final = {
    400: "badRequest",
    403: "forbidden",
    404: "notFound",
    405: "methodNotAllowed",
    409: "conflict",
    413: "tooLarge",
}


def build_app(
    simulator: Simulator, events: EventStream, upstreams: Sequence[BaseRoute] = ()
) -> Starlette:
    """The application. It has no authentication, so it should listen on loopback only."""
    handsets, offline = simulator.handsets, simulator.offline
    packed = simulator.options.gsm7_packed

    async def list_handsets(request: Request) -> Response:
        limit = _number(request, "limit", default=100, max_value=_MAX_LIMIT)
        texts = _number(request, "messages", default=1, max_value=MAX_TEXTS)
        newest = handsets.newest(limit)
        return json_response(
            [handset_view(each, offline, packed=packed, texts=texts) for each in newest]
        )

    async def get_handset(request: Request) -> Response:
        handset = handsets.find(number_of(request))
        if handset is None:
            raise HTTPException(404, "No text was sent to this number.")
        return json_response(handset_view(handset, offline, packed=packed, texts=MAX_TEXTS))

    async def clear_handsets(_: Request) -> Response:
        simulator.clear_handsets()
        return Response(status_code=204)

    async def get_stats(_: Request) -> Response:
        return json_response(simulator.stats())

    async def get_openapi(_: Request) -> Response:
        return json_response(describe())

    async def stream_events(_: Request) -> Response:
        if events.is_full:
            raise HTTPException(503, "Too many readers of events are connected.")
        return StreamingResponse(
            events.subscribe(),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return Starlette(
        routes=[
            *page_routes(),
            Route("/handsets", list_handsets),
            Route("/handsets", clear_handsets, methods=["DELETE"]),
            Route("/handsets/{number}", get_handset),
            Route("/stats", get_stats),
            Route("/events", stream_events),
            Route("/openapi.json", get_openapi),
            *ControlRoutes(simulator).routes(),
            *TextRoutes(simulator).routes(),
            *upstreams,
        ],
        exception_handlers={HTTPException: _on_refused, Exception: _on_fault},
    )


def _number(request: Request, name: str, *, default: int, max_value: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HTTPException(400, f"{name} must be a number.")
    return min(int(text), max_value)


async def _on_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "unavailable")
    body = {"error": {"code": code, "message": error.detail}}
    return json_response(body, error.status_code, error.headers)


async def _on_fault(_: Request, _error: Exception) -> Response:
    return json_response(
        {"error": {"code": "fault", "message": "Internal error of the simulator."}}, 500
    )
