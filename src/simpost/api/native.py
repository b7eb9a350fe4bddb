"""The native API: /v1, health and the OpenAPI document, as a FastAPI app."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simpost.api import document, html_pages, interactive_docs, opt_out_page
from simpost.api.admin import (
    accounts,
    audit,
    budgets,
    carriers,
    code_policies,
    console_sessions,
    console_users,
    copies,
    dismissals,
    erasures,
    esims,
    imports,
    nodes,
    plans,
    receipts,
    reload,
    smpp_clients,
    smpp_logins,
    sources,
    stops,
    text_keys,
)
from simpost.api.admin import inbound as admin_inbound
from simpost.api.admin import keys as admin_keys
from simpost.api.admin import look_up as admin_look_up
from simpost.api.admin import message_counts as admin_message_counts
from simpost.api.admin import messages as admin_messages
from simpost.api.admin import needs_a_person as admin_needs
from simpost.api.admin import preferences as admin_preferences
from simpost.api.document import Document
from simpost.api.openapi import describe, operation_id
from simpost.api.shared import problems
from simpost.api.shared.auth import proven_caller
from simpost.api.shared.costs import LARGE_OCTETS, Overdrawn
from simpost.api.shared.credentials import NOBODY
from simpost.api.shared.head_requests import as_get
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.request_body import BodyTooLarge, BodyTooSlow, read_body
from simpost.api.shared.scopes import needs_scope, required_scope
from simpost.api.shared.services import Services
from simpost.api.usual import UsualRequests
from simpost.api.v1 import (
    event_stream,
    events,
    health,
    look_up,
    message_counts,
    metrics,
    needs_a_person,
    stuck_jobs,
)
from simpost.api.v1.automations import routes as automations
from simpost.api.v1.broadcasts import files as broadcast_files
from simpost.api.v1.broadcasts import routes as broadcasts
from simpost.api.v1.bulk_jobs import routes as bulk_jobs
from simpost.api.v1.conversations import replies
from simpost.api.v1.conversations import routes as conversations
from simpost.api.v1.esims import routes as esim_facts
from simpost.api.v1.esims import tags as esim_tags
from simpost.api.v1.inbound import routes as inbound
from simpost.api.v1.keys import routes as keys
from simpost.api.v1.lifecycle import routes as lifecycle
from simpost.api.v1.mcp import routes as mcp
from simpost.api.v1.messages import cancellation, exchanges, export, message_log, refusals, send
from simpost.api.v1.preferences import batches, flags
from simpost.api.v1.preferences import routes as preferences
from simpost.api.v1.templates import routes as templates
from simpost.api.v1.verifications import lists as verification_lists
from simpost.api.v1.verifications import routes as verifications
from simpost.api.v1.webhooks import routes as webhooks
from simpost.errors import NotFound, StoreError
from simpost.features.broadcasts.sheets import MAX_OCTETS
from simpost.http.connection import prove

IMPORT_OCTETS = 4 * 1_048_576
"""Octets of an import of plans or eSIMs, where `max_body_octets` is smaller."""
BATCH_OCTETS = 1_048_576
"""Octets of a batch of messages, or of a broadcast, where `max_body_octets` is smaller."""

_HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    Problem: problems.on_problem,
    NotFound: problems.on_not_found,
    Overdrawn: problems.on_overdrawn,
    RequestValidationError: problems.on_invalid,
    HTTPException: problems.on_http,
    StoreError: problems.on_store,
    Exception: problems.on_crash,
}


def framework(version: str) -> FastAPI:
    """The native API with its OpenAPI document, without services."""
    app = FastAPI(
        title="simpost",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers=_HANDLERS,
        generate_unique_id_function=operation_id,
    )
    # A request is compared with them in this order: those that are called most come first.
    modules = (
        *(send, verification_lists, verifications, opt_out_page, health, metrics),
        *(export, message_log, exchanges, cancellation, refusals, inbound, events, event_stream),
        *(preferences, batches, flags, templates, conversations, replies, webhooks, keys),
        *(esim_tags, esim_facts, lifecycle, automations, broadcast_files, broadcasts),
        *(bulk_jobs, mcp),
        *(accounts, admin_keys, smpp_logins, console_users, budgets, code_policies, carriers),
        *(smpp_clients, esims, plans, imports),
        *(admin_messages, admin_inbound, admin_preferences, erasures),
        *(stops, nodes, receipts, dismissals, reload, text_keys, copies, sources),
        *(message_counts, look_up, admin_message_counts, admin_look_up, audit, console_sessions),
        *(needs_a_person, stuck_jobs, admin_needs),
        *(document, html_pages, interactive_docs),
    )
    routers = [module.router for module in modules]
    for router in routers:
        app.include_router(router)
    routes = [*app.routes, *(route for router in routers for route in router.routes)]
    app.state.routes = [route for route in routes if isinstance(route, Route)]
    _check_scopes(app.state.routes)

    app.state.document = Document(lambda: describe(app))
    app.openapi = app.state.document.read  # type: ignore[method-assign]
    return app


def _check_scopes(routes: Iterable[Route]) -> None:
    """Raise KeyError if an endpoint has no scope: no key could be refused there."""
    for route in routes:
        for method in route.methods or () if needs_scope(route.path) else ():
            required_scope(method, route.path)


def build_native_app(services: Services) -> ASGIApp:
    """The native API as an ASGI app."""
    app = framework(services.version)
    app.state.services = services
    counts = services.response_counts.counts
    usual = UsualRequests(app, _HANDLERS)

    async def native_app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _respond(services, app, usual, scope, receive, _counting(counts, send))
        else:
            await app(scope, receive, send)

    return native_app


async def _respond(
    services: Services,
    app: ASGIApp,
    usual: UsualRequests,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Authenticate, then read the body: without valid credentials no body is read."""
    if scope["method"] == "HEAD":
        scope = as_get(scope)
    caller = proven_caller(services, scope)
    try:
        body = await _body(services, scope, receive) if caller else b""
        if body is None:
            return
        replay = _replay(body, receive)
        is_small = len(body) < LARGE_OCTETS
        if is_small and caller and (found := await usual.find_response(scope, replay, body)):
            await found(scope, replay, send)
        elif caller is NOBODY or is_small:
            await _serve(app, scope, replay, send)
        elif caller:
            async with services.costs.body(caller, len(body)):
                await _serve(app, scope, replay, send)
    except BodyTooLarge as error:
        await _close(413, ProblemCode.BODY_TOO_LARGE, error)(scope, receive, send)
    except BodyTooSlow as error:
        await _close(408, ProblemCode.BODY_TOO_SLOW, error)(scope, receive, send)
    except Overdrawn as error:
        await problems.render(problems.overdrawn(error))(scope, receive, send)


async def _body(services: Services, scope: Scope, receive: Receive) -> bytes | None:
    prove(scope)
    return await read_body(receive, _limit(services, scope))


def _counting(counts: Counter[tuple[str, str, str]], send: Send) -> Send:
    async def counting(message: Message) -> None:
        if message["type"] == "http.response.start":
            counts["native", str(message["status"]), ""] += 1
        await send(message)

    return counting


async def _serve(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    started = False

    async def send_noted(message: Message) -> None:
        nonlocal started
        started = True
        await send(message)

    try:
        await app(scope, receive, send_noted)
    except Exception:
        # `on_crash` has responded and logged the type; Starlette raises the error again.
        if not started:
            raise


def _limit(services: Services, scope: Scope) -> int:
    method, path, usual = scope["method"], scope["path"], services.max_body_octets
    if method == "PUT" and path.startswith("/v1/admin/"):
        return max(IMPORT_OCTETS, usual)
    if method == "POST" and path == "/v1/broadcast-files":
        return max(MAX_OCTETS, usual)
    if method == "POST" and path in ("/v1/messages", "/v1/broadcasts"):
        return max(BATCH_OCTETS, usual)
    return usual


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns the body that was read, then passes on what follows."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _close(status: int, code: ProblemCode, error: Exception) -> Response:
    return problems.render(Problem(status, code, str(error), headers={"Connection": "close"}))
