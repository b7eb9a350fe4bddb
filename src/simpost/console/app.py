"""The console as an ASGI app: one table of its pages, and one gate before all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simpost.api.shared.costs import Overdrawn
from simpost.api.shared.error_log import log_crash
from simpost.api.shared.problems import RETRY_STATUSES, Problem
from simpost.api.shared.request_body import BodiesFull, BodyBudget, BodyTooLarge, BodyTooSlow
from simpost.api.shared.services import Services
from simpost.console import (
    accounts_page,
    audit_page,
    carriers_page,
    compose_page,
    conversation_page,
    conversation_replies,
    conversations_page,
    esim_page,
    home,
    message_page,
    messages_page,
    needs_a_person,
    nodes_page,
    numbers_page,
    oidc_sign_in,
    preferences_page,
    second_factor,
    sessions,
    sign_in,
    stops_page,
    stuck_jobs,
    verifications_page,
    webhooks_page,
)
from simpost.console.assets import console_assets
from simpost.console.automations import automation_form, automation_page
from simpost.console.broadcasts import begin_page, broadcast_page, file_pages, list_page
from simpost.console.bulk import begin as bulk_begin
from simpost.console.bulk import dismissals, job_pages
from simpost.console.file_form import read_file_form
from simpost.console.live_streams import LiveStreams, TooManyLiveStreams
from simpost.console.message_templates import editor_page, template_page
from simpost.console.page import HEADERS, Pages
from simpost.console.request import PageRequest, cookie_name, is_own_page, read_form
from simpost.console.route import ConsolePage
from simpost.domain.console_users import is_form_token
from simpost.errors import NotFound, StoreError
from simpost.features.console_users.passwords import SignInBusy
from simpost.http.connection import prove

PAGES: Final[tuple[ConsolePage, ...]] = (
    *sign_in.PAGES,
    *oidc_sign_in.PAGES,
    *home.PAGES,
    *numbers_page.PAGES,
    *messages_page.PAGES,
    *message_page.PAGES,
    *esim_page.PAGES,
    *compose_page.PAGES,
    *conversations_page.PAGES,
    *conversation_page.PAGES,
    *conversation_replies.PAGES,
    *preferences_page.PAGES,
    *verifications_page.PAGES,
    *needs_a_person.PAGES,
    *stuck_jobs.PAGES,
    *bulk_begin.PAGES,
    *job_pages.PAGES,
    *dismissals.PAGES,
    *list_page.PAGES,
    *begin_page.PAGES,
    *file_pages.PAGES,
    *broadcast_page.PAGES,
    *template_page.PAGES,
    *editor_page.PAGES,
    *automation_page.PAGES,
    *automation_form.PAGES,
    *carriers_page.PAGES,
    *stops_page.PAGES,
    *webhooks_page.PAGES,
    *accounts_page.PAGES,
    *nodes_page.PAGES,
    *audit_page.PAGES,
    *sessions.PAGES,
    *second_factor.PAGES,
)
"""Every page with its role. Those with a title are in the navigation, in this order."""
_FILE_OCTETS: Final = 4 * 8_388_608
"""Octets in memory of all forms with a file that are being received."""
_STATUSES: Final = (
    (NotFound, 404),
    (BodyTooSlow, 408),
    (BodyTooLarge, 413),
    (Overdrawn, 429),
    (TooManyLiveStreams, 429),
    (BodiesFull, 503),
    (SignInBusy, 503),
    (StoreError, 503),
)
_PROBLEMS: Final = {
    401: "You are signed out. Sign in and try again.",
    403: "Your role does not allow this. Ask an administrator of simpost.",
    404: "There is no such page, or it is not one of yours.",
    400: "The form was not sent by a page of this console. Reload the page and try again.",
    405: "This page does not take this kind of request.",
    408: "The form did not arrive in time.",
    413: "The form is too large.",
    429: "There is too much of this at the moment. Try again in a moment.",
    500: "This page failed. The log of the service has the reason.",
    503: "The service cannot answer now. Try again in a moment.",
}


@cache
def _pages(version: str) -> Pages:
    """The templates; what they are compiled to is the same for every console of a process."""
    navigation = [each for each in PAGES if each.title]
    return Pages(asset=console_assets().url, version=version, navigation=navigation)


def build_console(services: Services) -> ASGIApp:
    """The console, for `/console` and all paths below."""
    assets = console_assets()
    pages = _pages(services.version)
    files, streams = BodyBudget(_FILE_OCTETS), LiveStreams()

    async def send_asset(request: Request) -> Response:
        found = assets.response(
            request.path_params["digest"],
            request.path_params["name"],
            request.headers.get("accept-encoding", ""),
        )
        return found or _problem(pages, 404)

    async def on_http(_request: Request, error: Exception) -> Response:
        return _problem(pages, getattr(error, "status_code", 404))

    routes = [Route("/console/assets/{digest}/{name}", send_asset, methods=["GET"])]
    routes += [
        Route(each.path, _guarded(services, pages, files, streams, each), methods=[each.method])
        for each in PAGES
    ]
    handlers = dict.fromkeys((404, 405), on_http)
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def _guarded(
    services: Services,
    pages: Pages,
    files: BodyBudget,
    streams: LiveStreams,
    page: ConsolePage,
) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        call = PageRequest(services, pages, request, streams)
        try:
            return await _admit(call, page, files) or await page.handler(call)
        except Exception as error:  # noqa: BLE001  the root of a request: it must be answered
            return _problem_of(error, pages, call)

    return respond


async def _admit(call: PageRequest, page: ConsolePage, files: BodyBudget) -> Response | None:
    """A refusal, or `None`: then the call has its user and its form."""
    request = call.request
    token = request.cookies.get(cookie_name(request), "")
    # A page that refreshes itself keeps nobody signed in.
    is_poll = page.method == "GET" and (page.is_live or "hx-request" in request.headers)
    users = call.services.console_users
    found = await users.find_session(token, is_use=not is_poll) if token else None
    if found:
        call.token, call.session, call.signed_in = token, *found
        prove(request.scope)
    if page.method == "POST" and not is_own_page(request):
        return _problem(call.pages, 400, call)
    if page.role is not None:
        if found is None:
            return _sign_in_first(call, page)
        if not page.admits(found.user):
            return _problem(call.pages, 403, call)
        if users.second_factors.must_enrol(found.user) and not page.is_enrolment:
            return _enrol_first(call, page)
    if page.method == "POST":
        if page.has_file:
            form, call.file = await read_file_form(request, page.form_octets, files)
        else:
            form = await read_form(call.services, request, page.form_octets)
        if form is None or (page.role and not is_form_token(form.get("token", ""), call.token)):
            return _problem(call.pages, 400, call)
        call.form = form
    return None


def _problem_of(error: Exception, pages: Pages, call: PageRequest) -> Response:
    if isinstance(error, Problem):
        return _refused(call, error)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    if status == 500:
        log_crash("console", call.request.url.path, error)
    return _problem(pages, status, call, close=status in (408, 413))


def _enrol_first(call: PageRequest, page: ConsolePage) -> Response:
    if page.method == "POST":
        return _problem(call.pages, 403, call)
    return _go_to("/console/second-factor", call)


def _sign_in_first(call: PageRequest, page: ConsolePage) -> Response:
    if page.method == "POST":
        return _problem(call.pages, 401, call)
    url = call.request.url
    wanted = url.path + (f"?{url.query}" if url.query else "")
    if page.is_live or "part" in call.request.query_params:
        return _problem(call.pages, 401, call)  # is not shown: what is typed beside it stays
    return _go_to(f"/console/sign-in?next={quote(wanted, safe='')}", call)


def _go_to(target: str, call: PageRequest) -> Response:
    if "hx-request" in call.request.headers:
        # A redirect would put the other page into a part of this one.
        return Response(status_code=200, headers={**HEADERS, "HX-Redirect": target})
    return RedirectResponse(target, status_code=303, headers=HEADERS)


def _problem(
    pages: Pages, status: int, call: PageRequest | None = None, *, close: bool = False
) -> Response:
    sentence = _PROBLEMS.get(status, HTTPStatus(status).phrase)
    response = pages.render("problem", status=status, call=call, title=sentence)
    if close:
        response.headers["Connection"] = "close"
    if status in RETRY_STATUSES:
        response.headers["Retry-After"] = "1"
    return response


def _refused(call: PageRequest, problem: Problem) -> Response:
    """What a use case of the API refuses, in its words."""
    response = call.pages.render("problem", status=problem.status, call=call, title=problem.detail)
    response.headers.update(problem.headers)
    return response
