"""HEAD: handled as GET, and the server leaves the content out; long responses must not begin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Scope

_IN_SCOPE = "simpost.head"


def as_get(scope: Scope) -> Scope:
    """The scope of a HEAD request with the method GET, still known as HEAD to `is_head`."""
    return {**scope, "method": "GET", _IN_SCOPE: True}


def is_head(scope: Scope) -> bool:
    """Whether this is a HEAD request."""
    return _IN_SCOPE in scope


async def no_content() -> AsyncIterator[Any]:
    """The body of a streamed response to HEAD."""
    return
    yield
