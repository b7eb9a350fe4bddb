"""Signing in and out."""

from __future__ import annotations

from typing import Final

from starlette.responses import RedirectResponse, Response

from simpost.api.shared.wrong_credentials import UNKNOWN, network_of
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest, cookie
from simpost.console.route import ConsolePage
from simpost.domain.console_users import MAX_PASSWORD

HOME: Final = "/console"
_WRONG: Final = "The name or the password is wrong."


async def show(call: PageRequest) -> Response:
    """The form; a user who is signed in goes on."""
    wanted = _own_path(call.request.query_params.get("next", ""))
    if call.signed_in:
        return RedirectResponse(wanted, status_code=303, headers=HEADERS)
    return call.pages.render("sign_in", call=call, wanted=wanted, given="", problem="")


async def submit(call: PageRequest) -> Response:
    """Begin a session with a new token, whatever cookie the browser had before."""
    name, password = call.form.get("name", ""), call.form.get("password", "")
    wanted = _own_path(call.form.get("next", ""))
    users = call.services.console_users
    token = None
    with users.one_at_a_time(name, network_of(call.address)):
        if len(password) <= MAX_PASSWORD:
            token = await users.sign_in(name, password, call.address)
        if token is None:
            await _note_failure(call, name)
    if token is None:
        return call.pages.render(
            "sign_in", status=401, call=call, wanted=wanted, given=name[:63], problem=_WRONG
        )
    if call.session:
        await users.end_session(call.user, call.session.digest, call.address)
    response = RedirectResponse(wanted, status_code=303, headers=HEADERS)
    response.headers["Set-Cookie"] = cookie(call.request, token)
    return response


async def leave(call: PageRequest) -> Response:
    """End this session in the store too."""
    assert call.session
    await call.services.console_users.end_session(call.user, call.session.digest, call.address)
    response = RedirectResponse("/console/sign-in", status_code=303, headers=HEADERS)
    response.headers["Set-Cookie"] = cookie(call.request, "")
    return response


async def _note_failure(call: PageRequest, name: str) -> None:
    """Count the failure by address and user, and wait for its delay."""
    user = await call.services.console_users.find_user(name)
    await call.services.wrong_credentials.note(
        "console", call.request.scope, f"console user {user.name}" if user else UNKNOWN
    )


def _own_path(path: str) -> str:
    """The path if it is one of the console, else its first page: no way to other sites."""
    is_own = path == HOME or path.startswith((f"{HOME}/", f"{HOME}?"))
    is_plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if is_own and is_plain and len(path) <= 2_000 else HOME


PAGES: Final = (
    ConsolePage("GET", "/console/sign-in", show, None),
    ConsolePage("POST", "/console/sign-in", submit, None),
    ConsolePage("POST", "/console/sign-out", leave),
)
