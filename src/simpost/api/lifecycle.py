"""POST /lifecycle/{kind}/{token}: deliveries of suppliers, committed before they are answered."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.types import ASGIApp, Receive, Scope

from simpost.api.shared.deliveries import (
    UNKNOWN,
    DeliveryAnswer,
    build_delivery_app,
    headers_of,
    read_delivery,
    wrong_method,
)
from simpost.api.shared.problems import Problem, ProblemCode, store_unavailable
from simpost.api.shared.services import Services
from simpost.errors import StoreError
from simpost.features.lifecycle.service import Received, WrongSignature
from simpost.features.lifecycle.sources import PATH, KnownSource
from simpost.ports.store.lifecycle import EventOutcome

_encode = msgspec.json.Encoder().encode
_SIGNATURE: Final = Problem(
    401,
    ProblemCode.UNAUTHORIZED,
    "The signature of the body is missing or wrong. Check the secret of this source.",
)
_ADDRESS: Final = Problem(403, ProblemCode.IP_NOT_ALLOWED, "This IP address is not allowed.")
_METHOD: Final = wrong_method("HEAD, POST")


def build_lifecycle_app(services: Services) -> ASGIApp:
    """The app of these deliveries."""
    return build_delivery_app(services, _answer)


async def _answer(services: Services, scope: Scope, receive: Receive) -> DeliveryAnswer:
    known = _source(services, scope)
    if scope["method"] == "HEAD":  # some sources try a URL before they accept it
        return DeliveryAnswer(200, b"{}")
    if scope["method"] != "POST":
        raise _METHOD
    body = await read_delivery(services, scope, receive)
    try:
        received = await services.lifecycle.receive(known, body, headers_of(scope))
    except WrongSignature:
        raise _SIGNATURE from None
    except StoreError as error:
        raise store_unavailable(f"{PATH}{known.source.kind}", error) from None
    if received.is_refused:
        raise Problem(422, ProblemCode.NOT_UNDERSTOOD, f"Not understood: {received.reason}.")
    return DeliveryAnswer(200, _encode(_shown(received)))


def _source(services: Services, scope: Scope) -> KnownSource:
    """The source of a URL, whose account is in use."""
    kind, _, token = scope["path"].removeprefix(PATH).partition("/")
    known = services.lifecycle.sources.find(kind, token)
    account = services.accounts.by_id(known.source.account_id) if known else None
    if known is None or account is None or not account.enabled:
        raise UNKNOWN
    client = scope.get("client")
    if not known.may_come_from(client[0] if client else ""):
        raise _ADDRESS
    return known


def _shown(received: Received) -> dict[str, object]:
    """How many events of the delivery are new, and what was not understood."""
    new = sum(each.outcome is not EventOutcome.DUPLICATE for each in received.events)
    shown: dict[str, object] = {"events": len(received.events), "new": new}
    return shown | ({"notUnderstood": received.reason} if received.reason else {})
