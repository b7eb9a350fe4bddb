"""The body of a request, read within bounds of size and time."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from simpost.errors import InvalidRequest

SLOW_BODY_S = 30.0
_DRAIN_OCTETS = 1_048_576
"""A body too large is read on this far and thrown away, so that its sender sees the answer."""


class BodyTooLarge(InvalidRequest):
    """The body is larger than this endpoint takes."""


class BodyTooSlow(InvalidRequest):
    """The body did not arrive in time."""


async def read_body(receive: Receive, limit: int, slow_s: float = SLOW_BODY_S) -> bytes | None:
    """The whole body; none when the caller went away. Raises BodyTooLarge and BodyTooSlow."""
    event = await receive()
    if event["type"] != "http.request":
        return None
    body: bytes = event.get("body", b"")
    if event.get("more_body", False):
        try:
            async with asyncio.timeout(slow_s):
                return await _read_rest(receive, body, limit)
        except TimeoutError:
            raise BodyTooSlow from None
    if len(body) > limit:
        raise BodyTooLarge
    return body


async def _read_rest(receive: Receive, first: bytes, limit: int) -> bytes | None:
    body = bytearray(first)
    octets = len(first)
    more = True
    while more and octets <= limit + _DRAIN_OCTETS:
        event = await receive()
        if event["type"] != "http.request":
            return None
        chunk: bytes = event.get("body", b"")
        octets += len(chunk)
        if octets <= limit:
            body += chunk
        more = event.get("more_body", False)
    if octets > limit:
        raise BodyTooLarge
    return bytes(body)
