"""Reads the body of a request, with limits of size and time."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from simpost.errors import InvalidRequest
from simpost.http.whole import take_body

SLOW_BODY_S = 30.0
_DRAIN_OCTETS = 1_048_576
"""Octets beyond the limit that are read and dropped, so that the client sees the response."""


UNPROVEN_OCTETS = 8_388_608
"""Octets in memory of all bodies whose callers are not authenticated yet: signed requests."""


class BodyTooLarge(InvalidRequest):
    """The body is larger than this endpoint takes."""


class BodyTooSlow(InvalidRequest):
    """The body did not arrive in time."""


class BodiesFull(InvalidRequest):
    """Too many requests are waiting for authentication: try again."""


class BodyBudget:
    """Memory that the bodies of callers share until they are authenticated, in octets."""

    def __init__(self, octets: int = UNPROVEN_OCTETS) -> None:
        self.left = octets

    def take(self, octets: int) -> None:
        """Reserve memory. Raises BodiesFull."""
        if octets > self.left:
            raise BodiesFull
        self.left -= octets


async def read_body(
    receive: Receive,
    limit: int,
    slow_s: float = SLOW_BODY_S,
    budget: BodyBudget | None = None,
) -> bytes | None:
    """The whole body; `None` if the client disconnected.

    Raises BodyTooLarge or BodyTooSlow, and BodiesFull with a budget.
    """
    whole = take_body(receive)
    if whole is not None:
        if len(whole) > limit:
            raise BodyTooLarge
        return whole
    event = await receive()
    if event["type"] != "http.request":
        return None
    body: bytes = event.get("body", b"")
    if event.get("more_body", False):
        try:
            async with asyncio.timeout(slow_s):
                return await _read_rest(receive, body, limit, budget)
        except TimeoutError:
            raise BodyTooSlow from None
    if len(body) > limit:
        raise BodyTooLarge
    return body


async def _read_rest(
    receive: Receive, first: bytes, limit: int, budget: BodyBudget | None
) -> bytes | None:
    budget = budget or BodyBudget(limit + _DRAIN_OCTETS)
    body = bytearray()
    octets = 0
    chunk, more = first, True
    try:
        while True:
            octets += len(chunk)
            if octets <= limit:
                budget.take(len(chunk))
                body += chunk
            if not more or octets > limit + _DRAIN_OCTETS:
                break
            event = await receive()
            if event["type"] != "http.request":
                return None
            chunk, more = event.get("body", b""), event.get("more_body", False)
    finally:
        budget.left += len(body)
    if octets > limit:
        raise BodyTooLarge
    return bytes(body)
