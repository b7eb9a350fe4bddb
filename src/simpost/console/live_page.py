"""Streams that say when a page has changed (server-sent events); the browser then asks for it.

A stream has no contents: what a page shows is made in one place, and no text or number is in a
stream that stays open after the page was hidden.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

from starlette.responses import Response, StreamingResponse

from simpost.console.live_streams import TooManyLiveStreams
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.errors import NotFound, StoreError
from simpost.http.connection import is_ending

Version: TypeAlias = Callable[[PageRequest], Awaitable[object]]
"""What the page shows, as values: another one means that the page has changed."""

HEARTBEAT_S: Final = 15.0
MAX_STREAM_S: Final = 3_600.0
"""Longest stream: the browser comes back."""
_TICK_S: Final = 1.0
_RETRY_MS: Final = (2_000, 5_000)
"""After a lost connection browsers come back at different times."""
_CHANGED: Final = b"event: changed\ndata: {}\n\n"
_OVER: Final = b"event: over\ndata: {}\n\n"
_HEARTBEAT: Final = b": heartbeat\n\n"
_STREAM_HEADERS: Final = {
    **HEADERS,
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


def live_page(
    path: str,
    version: Version,
    *,
    every_s: float,
    role: ConsoleRole = ConsoleRole.VIEWER,
    is_installation: bool = False,
) -> ConsolePage:
    """The stream of a page: `role` and `is_installation` are those of the page."""
    handler = partial(_open, version, every_s)
    return ConsolePage("GET", path, handler, role, is_installation, is_live=True)


async def _open(version: Version, every_s: float, call: PageRequest) -> Response:
    assert call.session
    call.streams.check(call.session.digest)
    await version(call)  # what is not there, or not one of the user's, has no stream
    frames = _frames(version, every_s, call)
    return StreamingResponse(frames, media_type="text/event-stream", headers=_STREAM_HEADERS)


async def _frames(version: Version, every_s: float, call: PageRequest) -> AsyncIterator[bytes]:
    """The first event says that the stream is open: what happened before it is seen then."""
    assert call.session
    url = call.request.url
    page = (url.path, url.query, call.user.account_id, call.user.role)
    try:
        with call.streams.opened(call.session.digest, page):
            yield b"retry: %d\n\n" % random.randint(*_RETRY_MS)  # noqa: S311  no secret
            last, began_s = b"", time.monotonic()
            asked_s = heard_s = float("-inf")
            while (now_s := time.monotonic()) < began_s + MAX_STREAM_S or not last:
                if is_ending(call.request.scope):
                    return
                if now_s - asked_s >= every_s:
                    asked_s = now_s
                    if not await _is_signed_in(call):
                        yield _OVER
                        return
                    now = await call.streams.version(page, every_s, partial(version, call))
                    if now != last:
                        last, heard_s = now, now_s
                        yield _CHANGED
                if now_s - heard_s >= HEARTBEAT_S:
                    heard_s = now_s
                    yield _HEARTBEAT
                await asyncio.sleep(_TICK_S)
    except (StoreError, NotFound, TooManyLiveStreams):
        return  # the browser comes back


async def _is_signed_in(call: PageRequest) -> bool:
    """Whether the session goes on, with the same user, role and accounts. It is no use of it."""
    found = await call.services.console_users.find_session(call.token, is_use=False)
    return found is not None and found.user == call.signed_in
