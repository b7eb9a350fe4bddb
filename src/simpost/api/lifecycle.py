"""POST /lifecycle/{kind}/{token}: deliveries of suppliers, committed before they are answered.

An ASGI app of its own: the token is the credential, the body is verified as it was sent, and it
appears in no log line and no trace.
"""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from simpost.api.shared.problems import Problem, ProblemCode, render, store_unavailable
from simpost.api.shared.request_body import BodyTooLarge, BodyTooSlow, read_body
from simpost.api.shared.services import Services
from simpost.errors import StoreError
from simpost.features.lifecycle.service import Received, WrongSignature
from simpost.features.lifecycle.sources import PATH, KnownSource
from simpost.http.connection import prove
from simpost.ports.store.lifecycle import EventOutcome

_JSON: Final = (b"content-type", b"application/json")
_encode = msgspec.json.Encoder().encode
_UNKNOWN: Final = Problem(404, ProblemCode.NOT_FOUND, "There is nothing at this path.")
_SIGNATURE: Final = Problem(
    401,
    ProblemCode.UNAUTHORIZED,
    "The signature of the body is missing or wrong. Check the secret of this source.",
)
_ADDRESS: Final = Problem(403, ProblemCode.IP_NOT_ALLOWED, "This IP address is not allowed.")
_METHOD: Final = Problem(
    405,
    ProblemCode.METHOD_NOT_ALLOWED,
    "This path does not take this method.",
    headers={"Allow": "HEAD, POST"},
)


def build_lifecycle_app(services: Services) -> ASGIApp:
    """The app; its answers count as those of the native API."""
    counts = services.response_counts.counts

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, body = await _answer(services, scope, receive)
        except Problem as problem:
            counts["native", str(problem.status), ""] += 1
            await render(problem)(scope, receive, send)
            return
        counts["native", str(status), ""] += 1
        headers = [_JSON, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _answer(services: Services, scope: Scope, receive: Receive) -> tuple[int, bytes]:
    """The status and JSON of the response. Raises Problem."""
    known = _source(services, scope)
    if scope["method"] == "HEAD":  # some sources try a URL before they accept it
        return 200, b"{}"
    if scope["method"] != "POST":
        raise _METHOD
    body = await _body(services, scope, receive)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        received = await services.lifecycle.receive(known, body, headers)
    except WrongSignature:
        raise _SIGNATURE from None
    except StoreError as error:
        raise store_unavailable(f"{PATH}{known.source.kind}", error) from None
    if received.is_refused:
        raise Problem(422, ProblemCode.NOT_UNDERSTOOD, f"Not understood: {received.reason}.")
    return 200, _encode(_shown(received))


def _source(services: Services, scope: Scope) -> KnownSource:
    """The source of a URL, whose account is in use."""
    kind, _, token = scope["path"].removeprefix(PATH).partition("/")
    known = services.lifecycle.sources.find(kind, token)
    account = services.accounts.by_id(known.source.account_id) if known else None
    if known is None or account is None or not account.enabled:
        raise _UNKNOWN
    client = scope.get("client")
    if not known.may_come_from(client[0] if client else ""):
        raise _ADDRESS
    return known


async def _body(services: Services, scope: Scope, receive: Receive) -> bytes:
    prove(scope)
    closing = {"Connection": "close"}
    try:
        body = await read_body(receive, services.max_body_octets)
    except BodyTooLarge as error:
        raise Problem(413, ProblemCode.BODY_TOO_LARGE, str(error), headers=closing) from None
    except BodyTooSlow as error:
        raise Problem(408, ProblemCode.BODY_TOO_SLOW, str(error), headers=closing) from None
    return body or b""


def _shown(received: Received) -> dict[str, object]:
    """How many events of the delivery are new, and what was not understood."""
    new = sum(each.outcome is not EventOutcome.DUPLICATE for each in received.events)
    shown: dict[str, object] = {"events": len(received.events), "new": new}
    return shown | ({"notUnderstood": received.reason} if received.reason else {})
