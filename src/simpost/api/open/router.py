"""The compatible API as a plain ASGI app.

Most messages arrive here, so it works without a framework.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from starlette.types import ASGIApp, Receive, Scope, Send

from simpost.api.open.auth import challenge, check_signature, needs_body
from simpost.api.open.dialects import RULES
from simpost.api.open.envelope import ApiError, ApiResponse, Code
from simpost.api.open.headers import parse_category, parse_headers
from simpost.api.open.request import PREFIX, AuthenticatedRequest
from simpost.api.open.routes import ENDPOINTS
from simpost.api.shared.costs import LARGE_OCTETS, Overdrawn
from simpost.api.shared.credentials import NOBODY, account_pace, look_up
from simpost.api.shared.error_log import log_crash, log_store_refusal
from simpost.api.shared.rate_limit import note_rate_limited
from simpost.api.shared.request_body import BodiesFull, BodyTooLarge, BodyTooSlow, read_body
from simpost.api.shared.services import Services
from simpost.api.shared.wrong_credentials import UNKNOWN
from simpost.domain.accounts import Account, Dialect
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.http.connection import prove
from simpost.http.whole import respond

Endpoint = Callable[[AuthenticatedRequest], Awaitable[ApiResponse]]

_FIRST_RULES = RULES[Dialect.HIROAMING]
"""Until the account is known."""
_CLOSE = ((b"connection", b"close"),)
_SEND = f"{PREFIX}/esim/sendSms"
_JSON = (b"content-type", b"application/json")


def build_open_app(services: Services, endpoints: Mapping[str, Endpoint] = ENDPOINTS) -> ASGIApp:
    """The compatible API as an ASGI app; `endpoints` by path."""
    return partial(_answer, services, endpoints)


async def _answer(
    services: Services,
    endpoints: Mapping[str, Endpoint],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Respond to one request, also after an error, unless the client disconnected."""
    rules = _FIRST_RULES
    try:
        endpoint = _find(endpoints, scope)
        headers = parse_headers(scope["headers"])
        account = challenge(
            services.accounts,
            headers,
            scope,
            clock_ms=services.clock_ms,
            window_ms=services.timestamp_window_s * 1000,
        )
        is_signed = needs_body(account, headers)
        budget = services.unproven if is_signed else None
        body = await read_body(receive, services.max_body_octets, budget=budget)
        if body is None:
            return
        if is_signed:
            check_signature(account, headers, body, scope)
        prove(scope)
        rules = RULES[account.dialect]
        request_id = headers.request_id.decode("ascii") or None
        if wait_s := services.accounts.admit(account):
            await _check_rate(services, account, wait_s, scope["path"], body, request_id)
        signature = headers.signature.lower().decode("ascii") if is_signed else ""
        category = parse_category(headers.category) if headers.category else None
        call = AuthenticatedRequest(
            services, account, rules, scope["path"], body, request_id, signature, category
        )
        if len(body) < LARGE_OCTETS:
            reply = await endpoint(call)
        else:
            async with services.costs.body(account, len(body)):
                reply = await endpoint(call)
    except Exception as error:  # noqa: BLE001  the root of a request: it must be answered
        failure = _api_error(error, scope["path"])
        if failure.code is Code.CREDENTIALS_WRONG:
            await _note_wrong_credentials(services, scope)
        services.response_counts.counts["open", str(failure.status), failure.code] += 1
        reply = rules.error(failure)
    else:
        services.response_counts.done += 1
    await respond(send, reply.status, (_JSON, *reply.headers), reply.body)


async def _note_wrong_credentials(services: Services, scope: Scope) -> None:
    code = next((value for name, value in scope["headers"] if name == b"rt-accesscode"), b"")
    account = look_up(services.accounts, code.strip())
    name = UNKNOWN if account is NOBODY else account.access_code
    await services.wrong_credentials.note("open", scope, name)


def _find(endpoints: Mapping[str, Endpoint], scope: Scope) -> Endpoint:
    endpoint = endpoints.get(scope["path"])
    if endpoint is None:
        raise ApiError(Code.METHOD_NOT_SUPPORTED, "There is no such endpoint", status=404)
    if scope["method"] != "POST":
        raise ApiError(Code.METHOD_NOT_SUPPORTED)
    return endpoint


async def _check_rate(
    services: Services,
    account: Account,
    wait_s: float,
    path: str,
    body: bytes,
    request_id: str | None,
) -> None:
    if wait_s := await services.accounts.draw(account, wait_s):
        if path == _SEND:
            note_rate_limited(services, account, body, request_id)
        seconds = b"%d" % math.ceil(wait_s)
        headers = ((b"retry-after", seconds), (b"rt-reason", Reason.RATE_LIMITED.encode()))
        raise ApiError(Code.BUSY, account_pace(account), status=429, headers=headers)


def _api_error(error: Exception, path: str) -> ApiError:
    match error:
        case ApiError():
            return error
        case BodyTooLarge():
            return ApiError(Code.PARAMETER_LENGTH, str(error), status=413, headers=_CLOSE)
        case BodyTooSlow():
            return ApiError(Code.JSON_INVALID, str(error), status=408, headers=_CLOSE)
        case BodiesFull() | Overdrawn():
            return _busy(error)
        case StoreError():
            log_store_refusal("open", path, error)
            return ApiError(Code.SERVER_ERROR, status=503, headers=((b"retry-after", b"1"),))
        case _:
            log_crash("open", path, error)
    return ApiError(Code.SERVER_ERROR, status=500)


def _busy(error: BodiesFull | Overdrawn) -> ApiError:
    if isinstance(error, Overdrawn):
        headers = ((b"retry-after", b"%d" % math.ceil(error.wait_s)),)
        return ApiError(Code.BUSY, str(error), status=429, headers=headers)
    return ApiError(Code.BUSY, str(error), status=503, headers=(*_CLOSE, (b"retry-after", b"1")))
