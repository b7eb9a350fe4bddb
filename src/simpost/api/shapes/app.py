"""The shapes that are switched on, as a plain ASGI app: the way of every request through them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from simpost.api.shapes.calls import (
    ApiShape,
    Failure,
    ShapeCall,
    ShapeError,
    ShapeResponse,
    ShapeRoute,
)
from simpost.api.shapes.esim_go import EsimGoShape
from simpost.api.shapes.esimfly import EsimflyShape
from simpost.api.shapes.supplier import find_route
from simpost.api.shapes.twilio.shape import TwilioShape
from simpost.api.shared.costs import Overdrawn
from simpost.api.shared.credentials import may_come_from
from simpost.api.shared.error_log import log_crash, log_store_refusal
from simpost.api.shared.request_body import BodiesFull, BodyTooLarge, BodyTooSlow, read_body
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.http.connection import prove

SHAPES: Final[Mapping[str, type[ApiShape]]] = {
    "esim_go": EsimGoShape,
    "esimfly": EsimflyShape,
    "twilio": TwilioShape,
}
"""By the word of `server.shapes`."""
API: Final = "shapes"
"""The label of metrics and log lines."""
_CLOSE = (b"connection", b"close")
_UNREADABLE: Final[Mapping[type[Exception], Failure]] = {
    BodyTooLarge: Failure.TOO_LARGE,
    BodyTooSlow: Failure.TOO_SLOW,
    BodiesFull: Failure.BUSY,
}
_UNREAD = frozenset(_UNREADABLE.values())


def selected_shapes(names: Sequence[str]) -> dict[str, ApiShape]:
    """The shapes with these names, by the beginning of their paths."""
    shapes = [SHAPES[name]() for name in names]
    return {shape.prefix: shape for shape in shapes}


def build_shape_app(services: Services, shape: ApiShape) -> ASGIApp:
    """One shape as an ASGI app."""

    async def shape_app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await _respond(services, shape, scope, receive)
        if response is None:
            return
        services.response_counts.counts[API, str(response.status), ""] += 1
        length = (b"content-length", b"%d" % len(response.body))
        headers = [(b"content-type", response.content_type), length, *response.headers]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    return shape_app


async def _respond(
    services: Services, shape: ApiShape, scope: Scope, receive: Receive
) -> ShapeResponse | None:
    """The response to one request, also after an error; `None` if the client disconnected."""
    try:
        route = find_route(services, shape, scope["method"], scope["path"])
        account = shape.identify(services, scope, route)
        budget = services.unproven if shape.is_signed else None
        body = await read_body(receive, services.max_body_octets, budget=budget)
        if body is None:
            return None
        shape.verify(account, scope, body)
        prove(scope)
        await _admit(services, account, scope, route)
        async with services.costs.body(account, len(body)):
            return await route.endpoint(ShapeCall(services, account, scope, body, route.place))
    except Exception as error:  # noqa: BLE001  the root of a request: it must be answered
        failure = _failure(error, scope["path"])
    if failure.failure is Failure.CREDENTIALS:
        await services.wrong_credentials.note(API, scope, failure.account)
    response = shape.error(failure, services.clock_ms())
    if failure.failure in _UNREAD:
        return ShapeResponse(response.body, response.status, (*response.headers, _CLOSE))
    return response


async def _admit(services: Services, account: Account, scope: Scope, route: ShapeRoute) -> None:
    """Raise ShapeError if the client's address is not allowed, or it is beyond the rate limit."""
    if not may_come_from(account, scope):
        raise ShapeError(Failure.ADDRESS)
    wait_s = services.accounts.admit(account)
    if not wait_s or not (wait_s := await services.accounts.draw(account, wait_s)):
        return
    if route.needs is KeyScope.MESSAGES_WRITE:
        services.intake.refusals.add(
            account.id, Reason.RATE_LIMITED, esim_tran_no=None, iccid=None, request_id=None
        )
    raise ShapeError(
        Failure.RATE_LIMITED, reason=Reason.RATE_LIMITED, wait_s=max(1, math.ceil(wait_s))
    )


def _failure(error: Exception, path: str) -> ShapeError:
    match error:
        case ShapeError():
            return error
        case BodyTooLarge() | BodyTooSlow() | BodiesFull():
            return ShapeError(_UNREADABLE[type(error)])
        case Overdrawn():
            return ShapeError(Failure.RATE_LIMITED, str(error), wait_s=math.ceil(error.wait_s))
        case StoreError():
            log_store_refusal(API, path, error)
            return ShapeError(Failure.STORE)
        case _:
            log_crash(API, path, error)
    return ShapeError(Failure.CRASH)
