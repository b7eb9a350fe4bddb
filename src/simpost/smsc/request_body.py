"""Checks of requests to the HTTP port that change something."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request


def refuse_cross_site(request: Request) -> None:
    """Raise HTTPException for a request by a page of another site (CSRF)."""
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise HTTPException(403, "The request comes from a page of another site.")


async def body_of(request: Request, max_octets: int) -> bytes:
    """The body of a request. Raises HTTPException if it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_octets:
            raise HTTPException(413, f"The body is larger than {max_octets} octets.")
    return bytes(body)
