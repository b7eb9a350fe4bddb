"""/carriers/{name}/{token}: receipts and texts that upstream APIs push.

They are committed before the answer. The method is the one that the API uses. What cannot be
understood is logged and answered with 200 as well, because APIs send it again for hours.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope

from simpost.api.shared.deliveries import (
    UNKNOWN,
    DeliveryAnswer,
    build_delivery_app,
    headers_of,
    read_delivery,
    wrong_method,
)
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.ports.carrier_callbacks import (
    PATH,
    Callback,
    CallbackCarrier,
    CallbacksBusy,
    WrongCallbackSignature,
)

_SIGNATURE: Final = Problem(
    401,
    ProblemCode.UNAUTHORIZED,
    "The signature of the request is missing or wrong. Check the settings of the carrier.",
)
_BUSY: Final = Problem(
    503,
    ProblemCode.STORE_UNAVAILABLE,
    "This was not committed. Send it again.",
    headers={"Retry-After": "5"},
)


def build_callback_app(services: Services) -> ASGIApp:
    """The app of these calls."""
    return build_delivery_app(services, _answer)


async def _answer(services: Services, scope: Scope, receive: Receive) -> DeliveryAnswer:
    name, _, token = scope["path"].removeprefix(PATH).partition("/")
    carrier = services.carriers.find_callback_carrier(name)
    if carrier is None or not carrier.is_callback_token(token):
        raise UNKNOWN
    methods = carrier.callback_methods
    if scope["method"] == "HEAD":  # some APIs try a URL before they accept it
        return DeliveryAnswer(200, b"{}")
    if scope["method"] not in methods:
        raise wrong_method(", ".join(sorted({*methods, "HEAD"})))
    return await _received(services, carrier, scope, receive)


async def _received(
    services: Services, carrier: CallbackCarrier, scope: Scope, receive: Receive
) -> DeliveryAnswer:
    body = await read_delivery(services, scope, receive)
    query = scope["query_string"].decode("latin-1")
    callback = Callback(scope["method"], query, headers_of(scope), body)
    try:
        answer = await carrier.receive_callback(callback)
    except WrongCallbackSignature:
        raise _SIGNATURE from None
    except CallbacksBusy:
        raise _BUSY from None
    return DeliveryAnswer(200, answer.body, answer.content_type)
