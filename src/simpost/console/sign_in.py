"""Signing in and out."""

from __future__ import annotations

from typing import Final

from starlette.responses import RedirectResponse, Response

from simpost.api.shared.wrong_credentials import UNKNOWN, network_of
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest, cookie
from simpost.console.route import ConsolePage
from simpost.domain.console_users import MAX_PASSWORD
from simpost.features.console_users.tickets import parse_ticket
from simpost.ports.store.second_factors import SecondFactorCheck

HOME: Final = "/console"
MAX_CODE: Final = 64
"""Characters of a code that are read."""
_WRONG: Final = "The name or the password is wrong."
_WRONG_CODE: Final = "This code is wrong, or it was used before. Wait for the next one."
_BLOCKED: Final = "Too many codes were wrong. Try again in 15 minutes."
_OVER: Final = "The sign-in took too long. Begin again."
_NO_PASSWORDS: Final = "Nobody signs in with a password here."


async def show(call: PageRequest) -> Response:
    """The form; a user who is signed in goes on."""
    wanted = own_path(call.request.query_params.get("next", ""))
    if call.signed_in:
        return RedirectResponse(wanted, status_code=303, headers=HEADERS)
    return show_form(call, wanted)


def show_form(
    call: PageRequest, wanted: str = HOME, *, given: str = "", problem: str = "", status: int = 200
) -> Response:
    """The page with every way to sign in, and why the last one failed."""
    users = call.services.console_users
    return call.pages.render(
        "sign_in",
        status=status,
        call=call,
        wanted=wanted,
        given=given,
        problem=problem,
        provider=users.oidc.host if users.oidc else "",
        takes_passwords=users.takes_passwords,
    )


async def submit(call: PageRequest) -> Response:
    """Begin a session with a new token, whatever cookie the browser had before."""
    name, password = call.form.get("name", ""), call.form.get("password", "")
    wanted = own_path(call.form.get("next", ""))
    users = call.services.console_users
    if not users.takes_passwords:
        return show_form(call, wanted, problem=_NO_PASSWORDS, status=401)
    step = None
    with users.one_at_a_time(name, network_of(call.address)):
        if len(password) <= MAX_PASSWORD:
            step = await users.sign_in(name, password, call.address)
        if step is None:
            await _note_failure(call, name)
    if step is None:
        return show_form(call, wanted, given=name[:63], problem=_WRONG, status=401)
    if step.ticket:
        return ask_code(call, step.ticket, wanted)
    return await _enter(call, step.token, wanted)


async def submit_code(call: PageRequest) -> Response:
    """The second step: the ticket of the first, and a code."""
    ticket, code = call.form.get("ticket", ""), call.form.get("code", "")
    wanted = own_path(call.form.get("next", ""))
    given, users = parse_ticket(ticket), call.services.console_users
    name = given.name if given else ""
    with users.one_at_a_time(name, network_of(call.address)):
        done = await users.give_code(ticket, code[:MAX_CODE], call.address)
        if done.token is None:
            await _note_failure(call, name)
    if done.token is not None:
        return await _enter(call, done.token, wanted)
    if done.user is None:
        return show_form(call, wanted, problem=_OVER, status=401)
    is_blocked = done.check is SecondFactorCheck.BLOCKED
    return ask_code(call, ticket, wanted, _BLOCKED if is_blocked else _WRONG_CODE)


async def start_again(_call: PageRequest) -> Response:
    """The address of the second step has no page of its own."""
    return RedirectResponse("/console/sign-in", status_code=303, headers=HEADERS)


def ask_code(call: PageRequest, ticket: str, wanted: str, problem: str = "") -> Response:
    """The page of the second step."""
    return call.pages.render(
        "sign_in_code",
        status=401 if problem else 200,
        ticket=ticket,
        wanted=wanted,
        problem=problem,
        call=None,
    )


async def _enter(call: PageRequest, token: str, wanted: str) -> Response:
    """Give the browser its new session, and end the one it had."""
    await end_session_before(call)
    response = RedirectResponse(wanted, status_code=303, headers=HEADERS)
    response.headers["Set-Cookie"] = cookie(call.request, token)
    return response


async def end_session_before(call: PageRequest) -> None:
    """End the session that the browser had when it signed in again."""
    if call.session:
        await call.services.console_users.end_session(call.user, call.session.digest, call.address)


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


def own_path(path: str) -> str:
    """The path if it is one of the console, else its first page: no way to other sites."""
    is_own = path == HOME or path.startswith((f"{HOME}/", f"{HOME}?"))
    is_plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if is_own and is_plain and len(path) <= 2_000 else HOME


PAGES: Final = (
    ConsolePage("GET", "/console/sign-in", show, None),
    ConsolePage("POST", "/console/sign-in", submit, None),
    ConsolePage("GET", "/console/sign-in/code", start_again, None),
    ConsolePage("POST", "/console/sign-in/code", submit_code, None),
    ConsolePage("POST", "/console/sign-out", leave, is_enrolment=True),
)
