"""The user's own authenticator: switched on, its recovery codes, switched off."""

from __future__ import annotations

from typing import Final

import segno
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from simpost.api.shared.schemas import format_time
from simpost.api.shared.wrong_credentials import network_of
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest, cookie
from simpost.console.route import ConsolePage
from simpost.console.sign_in import MAX_CODE
from simpost.domain.totp import otpauth_uri, secret_text
from simpost.errors import InvalidRequest
from simpost.ports.store.second_factors import SecondFactorCheck

PATH: Final = "/console/second-factor"
_WRONG: Final = "This code is wrong, or it was used before. Wait for the next one."
_BLOCKED: Final = "Too many codes were wrong. Try again in 15 minutes."
_NOT_THIS: Final = "This code is wrong. The app must have the key that is shown here."


async def show(call: PageRequest) -> Response:
    """Whether one is on, and what can be done with it."""
    return await _state(call)


async def begin(call: PageRequest) -> Response:
    """Show a new key. It counts once it is confirmed."""
    try:
        secret = await call.services.console_users.second_factors.begin(call.user)
    except InvalidRequest:
        return RedirectResponse(PATH, status_code=303, headers=HEADERS)
    return _show_key(call, secret)


async def confirm(call: PageRequest) -> Response:
    """Switch it on with its first code: other sessions end, and this one gets a new token."""
    factors, users = call.services.console_users.second_factors, call.services.console_users
    secret, code = await factors.find_unconfirmed(call.user), call.form.get("code", "")[:MAX_CODE]
    if secret is None:
        return RedirectResponse(PATH, status_code=303, headers=HEADERS)
    if not factors.is_first_code(secret, code):
        return _show_key(call, secret, _NOT_THIS)
    await call.audit("totp.on", call.user.name)
    codes = await factors.confirm(call.user, code)
    if codes is None:
        return RedirectResponse(PATH, status_code=303, headers=HEADERS)
    call.token = await users.begin_session_again(call.user, call.address) or ""
    response = _show_codes(call, codes)
    response.headers["Set-Cookie"] = cookie(call.request, call.token)
    return response


async def renew_codes(call: PageRequest) -> Response:
    """Replace the recovery codes, for a code."""
    if problem := await _refusal(call):
        return await _state(call, problem)
    await call.audit("totp.recovery_codes", call.user.name)
    codes = await call.services.console_users.second_factors.renew_recovery_codes(call.user)
    return _show_codes(call, codes)


async def switch_off(call: PageRequest) -> Response:
    """Delete the authenticator, for a code."""
    if problem := await _refusal(call):
        return await _state(call, problem)
    await call.audit("totp.off", call.user.name)
    await call.services.console_users.second_factors.switch_off(call.user)
    return RedirectResponse(PATH, status_code=303, headers=HEADERS)


async def _refusal(call: PageRequest) -> str:
    """Why the code in the form is refused; it is used up otherwise."""
    users, user = call.services.console_users, call.user
    with users.one_at_a_time(user.name, network_of(call.address)):
        check = await users.second_factors.use(user, call.form.get("code", "")[:MAX_CODE])
        if check.is_right:
            return ""
        await call.services.wrong_credentials.note(
            "console", call.request.scope, f"console user {user.name}"
        )
    return _BLOCKED if check is SecondFactorCheck.BLOCKED else _WRONG


async def _state(call: PageRequest, problem: str = "") -> Response:
    factors = call.services.console_users.second_factors
    found = await factors.find(call.user)
    return call.pages.render(
        "second_factor",
        status=422 if problem else 200,
        call=call,
        since=format_time(found.confirmed_ms) if found else None,
        codes_left=found.recovery_codes if found else 0,
        is_required=factors.is_required_of(call.user),
        problem=problem,
    )


def _show_key(call: PageRequest, secret: bytes, problem: str = "") -> Response:
    uri = otpauth_uri(call.user.name, secret)
    key = secret_text(secret)
    return call.pages.render(
        "second_factor_key",
        status=422 if problem else 200,
        call=call,
        key=" ".join(key[at : at + 4] for at in range(0, len(key), 4)),
        uri=uri,
        picture=_picture(uri),
        problem=problem,
    )


def _show_codes(call: PageRequest, codes: list[str]) -> Response:
    return call.pages.render("recovery_codes", call=call, codes=codes)


def _picture(uri: str) -> Markup:
    """A QR code as an SVG element of the page, black on white in both colour schemes."""
    drawn = segno.make(uri, error="m", micro=False)
    return Markup(drawn.svg_inline(scale=4, border=4, dark="#000", light="#fff"))  # noqa: S704  of black squares


PAGES: Final = (
    ConsolePage("GET", PATH, show, is_enrolment=True),
    ConsolePage("POST", f"{PATH}/begin", begin, is_enrolment=True),
    ConsolePage("POST", f"{PATH}/confirm", confirm, is_enrolment=True),
    ConsolePage("POST", f"{PATH}/recovery-codes", renew_codes, is_enrolment=True),
    ConsolePage("POST", f"{PATH}/off", switch_off, is_enrolment=True),
)
