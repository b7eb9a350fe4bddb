"""Whole requests and responses, without ASGI's messages where the server is ours.

An application that uses these works on any server, and behind a wrapper of `receive` or `send`.
"""

from __future__ import annotations

from starlette.types import Receive, Send

from simpost.http.exchange import Headers, HttpExchange


def take_body(receive: Receive) -> bytes | None:
    """The whole body of a request, if it has arrived; `None` if it must be received."""
    exchange = getattr(receive, "__self__", None)
    return exchange.take_body() if isinstance(exchange, HttpExchange) else None


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole response with its length; header names are in lower case."""
    exchange = getattr(send, "__self__", None)
    if isinstance(exchange, HttpExchange) and exchange.respond(status, headers, body):
        return
    headers = [(b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
