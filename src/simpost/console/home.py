"""The first page."""

from __future__ import annotations

from starlette.responses import Response

from simpost.console.request import PageRequest


async def show(call: PageRequest) -> Response:
    """The first page."""
    return call.pages.render("home", call=call)
