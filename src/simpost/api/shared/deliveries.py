"""Requests to URLs with a secret token: what suppliers report, committed before the answer.

ASGI apps of their own: the token is the credential, the body is verified as it was sent, and both
appear in no log line and no trace.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from simpost.api.shared.problems import Problem, ProblemCode, render
from simpost.api.shared.request_body import BodyTooLarge, BodyTooSlow, read_body
from simpost.api.shared.services import Services
from simpost.http.connection import prove

UNKNOWN: Final = Problem(404, ProblemCode.NOT_FOUND, "There is nothing at this path.")


class DeliveryAnswer(NamedTuple):
    """The response to a delivery."""

    status: int
    body: bytes
    content_type: str = "application/json"


AnswerDelivery = Callable[[Services, Scope, Receive], Awaitable[DeliveryAnswer]]
"""Returns the response to a request. Raises Problem."""


def build_delivery_app(services: Services, answer: AnswerDelivery) -> ASGIApp:
    """The app; its responses count as those of the native API."""
    counts = services.response_counts.counts

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, body, content_type = await answer(services, scope, receive)
        except Problem as problem:
            counts["native", str(problem.status), ""] += 1
            await render(problem)(scope, receive, send)
            return
        counts["native", str(status), ""] += 1
        headers = [
            (b"content-type", content_type.encode()),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def wrong_method(allowed: str) -> Problem:
    """The refusal of another method than these."""
    return Problem(
        405,
        ProblemCode.METHOD_NOT_ALLOWED,
        "This path does not take this method.",
        headers={"Allow": allowed},
    )


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, names in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_delivery(services: Services, scope: Scope, receive: Receive) -> bytes:
    """The body of a request whose token is known. Raises Problem."""
    prove(scope)
    closing = {"Connection": "close"}
    try:
        body = await read_body(receive, services.max_body_octets)
    except BodyTooLarge as error:
        raise Problem(413, ProblemCode.BODY_TOO_LARGE, str(error), headers=closing) from None
    except BodyTooSlow as error:
        raise Problem(408, ProblemCode.BODY_TOO_SLOW, str(error), headers=closing) from None
    return body or b""
