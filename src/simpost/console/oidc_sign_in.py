"""Signing in by the provider: the way there, and the way back.

The session cookie is `SameSite=Strict`: browsers do not send it where another site began the
navigation, not even after a redirect. So the way back needs a cookie of its own that is `Lax`, and
ends on a page that goes on by itself.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from simpost.api.shared.wrong_credentials import UNKNOWN
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest, cookie
from simpost.console.route import ConsolePage
from simpost.console.sign_in import ask_code, end_session_before, own_path, show_form
from simpost.errors import NotFound, UnknownConsoleUser
from simpost.features.console_users.oidc.flow import VALID_MS
from simpost.features.console_users.oidc.sign_in import (
    OidcSignIn,
    ProviderRefusal,
    ProviderResponse,
    ProviderUnreachable,
)

PATH: Final = "/console/sign-in/oidc"
CALLBACK: Final = f"{PATH}/callback"
"""Registered at the provider as the redirect URI, after scheme and host."""
_PLAIN, _SECURE = "simpost_console_oidc", "__Host-simpost_console_oidc"
_OVER: Final = "This sign-in has ended already. Begin again."
_MAX_SHOWN: Final = 100
"""Characters of a name that are shown."""


async def begin(call: PageRequest) -> Response:
    """Send the browser to the provider. Only a page of ours, or a person, begins a sign-in."""
    oidc, wanted = _oidc(call), own_path(call.request.query_params.get("next", ""))
    if call.request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        target = f"/console/sign-in?next={quote(wanted, safe='')}"
        return RedirectResponse(target, status_code=303, headers=HEADERS)
    url = call.request.url
    try:
        begun = await oidc.begin(f"{url.scheme}://{url.netloc}{CALLBACK}", wanted)
    except ProviderUnreachable:
        return _unreachable(call, oidc)
    response = RedirectResponse(begun.url, status_code=303, headers=HEADERS)
    response.headers["Set-Cookie"] = _flow_cookie(call.request, begun.sealed)
    return response


async def come_back(call: PageRequest) -> Response:
    """Check what the provider sent, and begin a session with a new token."""
    oidc, query = _oidc(call), call.request.query_params
    given = ProviderResponse(*(query.get(each, "") for each in ("state", "code", "error", "iss")))
    try:
        found = await oidc.finish(call.request.cookies.get(_name(call.request), ""), given)
    except ProviderUnreachable:
        return _unreachable(call, oidc)
    except ProviderRefusal as refusal:
        return await _refused(call, str(refusal))
    wanted, users = found.flow.wanted, call.services.console_users
    try:
        step = await users.sign_in_identified(found.name, found.flow.id, call.address)
    except UnknownConsoleUser:
        return await _refused(
            call,
            f"There is no user {found.name[:_MAX_SHOWN]} in this console. Ask an administrator of "
            "simpost to add you under this name.",
        )
    if step is None:
        return await _refused(call, _OVER)
    if step.ticket:
        response = ask_code(call, step.ticket, wanted)
    else:
        await end_session_before(call)
        response = call.pages.render("signed_in", call=None, wanted=wanted)
        response.headers.append("Set-Cookie", cookie(call.request, step.token))
    response.headers.append("Set-Cookie", _flow_cookie(call.request, ""))
    return response


def _oidc(call: PageRequest) -> OidcSignIn:
    """The provider. Raises NotFound if none is configured."""
    found = call.services.console_users.oidc
    if found is None:
        raise NotFound
    return found


async def _refused(call: PageRequest, sentence: str) -> Response:
    await call.services.wrong_credentials.note("console", call.request.scope, UNKNOWN)
    return show_form(call, problem=sentence, status=401)


def _unreachable(call: PageRequest, oidc: OidcSignIn) -> Response:
    problem = f"{oidc.host} cannot be reached, or its responses cannot be used. Try again in a "
    response = show_form(call, problem=f"{problem}moment.", status=503)
    response.headers["Retry-After"] = "5"
    return response


def _name(request: Request) -> str:
    return _SECURE if request.url.scheme == "https" else _PLAIN


def _flow_cookie(request: Request, sealed: str) -> str:
    """The Set-Cookie of a sign-in that is under way. An empty value deletes it."""
    age_s = VALID_MS // 1000 if sealed else 0
    parts = [f"{_name(request)}={sealed}", "Path=/", "HttpOnly", "SameSite=Lax", f"Max-Age={age_s}"]
    if request.url.scheme == "https":
        parts.append("Secure")
    return "; ".join(parts)


PAGES: Final = (
    ConsolePage("GET", PATH, begin, None),
    ConsolePage("GET", CALLBACK, come_back, None),
)
