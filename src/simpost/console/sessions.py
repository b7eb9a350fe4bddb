"""The browsers in which the user is signed in."""

from __future__ import annotations

from typing import Final

from starlette.responses import RedirectResponse, Response

from simpost.api.shared.schemas import format_time
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage


async def show(call: PageRequest) -> Response:
    """The user's own sessions."""
    assert call.session
    found = await call.services.console_users.list_sessions(call.user)
    rows = [
        {
            "name": each.name,
            "began": format_time(each.created_ms),
            "seen": format_time(each.seen_ms),
            "address": each.address,
            "is_this": each.digest == call.session.digest,
        }
        for each in found
    ]
    return call.pages.render("sessions", call=call, rows=rows)


async def end(call: PageRequest) -> Response:
    """End one of them."""
    users = call.services.console_users
    for each in await users.list_sessions(call.user):
        if each.name == call.form.get("session"):
            await users.end_session(call.user, each.digest, call.address)
    return RedirectResponse("/console/sessions", status_code=303, headers=HEADERS)


PAGES: Final = (
    ConsolePage("GET", "/console/sessions", show, title="Sessions"),
    ConsolePage("POST", "/console/sessions/end", end),
)
