"""GET /v1/events/stream: events as they happen, as server-sent events.

The id of an event is its sequence number in the store, so that a reader can continue on any node
and after a restart.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.credentials import may_come_from
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.head_requests import is_head, no_content
from simpost.api.shared.key_auth import authorization_of, find_key, is_key
from simpost.api.shared.open_streams import TooManyStreams
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.api.v1.events import check_kept, is_complete, show_event
from simpost.domain.accounts import Account
from simpost.domain.webhooks import MAX_SEQUENCE
from simpost.errors import StoreError
from simpost.http.connection import is_ending
from simpost.ports.store import Event, EventPage

router = APIRouter(prefix="/v1")

HEARTBEAT_S: Final = 15.0
MAX_STREAM_S: Final = 3_600.0
"""Longest stream. The client comes back, and its credentials are checked again."""
_POLL_S: Final = 0.5
_PAGE: Final = 100
_PORTION_OCTETS: Final = 32_768
"""Octets that are written before the reader has to take them."""
_RETRY_MS: Final = (2_000, 5_000)
"""After a lost connection clients come back at different times."""
_HEARTBEAT: Final = b": heartbeat\n\nevent: heartbeat\ndata: {}\n\n"
_HEADERS: Final = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
_STREAM: Final = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


class StreamQuery(Schema):
    """`after` is the last sequence number that was read; without it: from the next event."""

    after: Annotated[int, Field(ge=0, le=MAX_SEQUENCE)] | None = None


LastEventId = Annotated[
    Annotated[str, Matching(r"^[0-9]{1,15}$", "must be the id of an event of the stream")] | None,
    Header(alias="Last-Event-ID"),
]


class EventStreamResponse(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.get(
    "/events/stream",
    tags=["messages"],
    summary="Read events as they happen",
    response_class=EventStreamResponse,
    responses=_STREAM,  # type: ignore[arg-type]
)
async def stream_events(
    request: Request,
    query: Annotated[StreamQuery, Query()],
    account: Caller,
    services: ServicesDep,
    last_event_id: LastEventId = None,
) -> EventStreamResponse:
    """Server-sent events with their sequence numbers as ids; a heartbeat every 15 seconds."""
    check_kept(account)
    try:
        services.streams.check(account)
    except TooManyStreams as error:
        code = ProblemCode.TOO_MANY_REQUESTS
        raise Problem(429, code, str(error), headers={"Retry-After": "5"}) from None
    after = query.after if last_event_id is None else int(last_event_id)
    if after is None:
        after = (await services.store.events.events_after(account.id, None, limit=1)).last_sequence
    stream = EventFrames(services, account, after, request)
    frames = no_content() if is_head(request.scope) else stream.frames()
    return EventStreamResponse(frames, headers=_HEADERS)


class EventFrames:
    """One reader, and how far it has read."""

    def __init__(self, services: Services, account: Account, after: int, request: Request) -> None:
        self._services = services
        self._account = account
        self._after = after
        self._request = request

    async def frames(self) -> AsyncIterator[bytes]:
        """Octets until the client leaves, the server stops or the account may not read any more.

        Each portion is taken by the client before the next one is read from the store.
        """
        try:
            with self._services.streams.opened(self._account):
                yield b"retry: %d\n\n" % random.randint(*_RETRY_MS)  # noqa: S311  no secret
                async for frames in self._portions():
                    yield frames
        except (StoreError, TooManyStreams):
            return  # the client comes back with the id of the last event

    async def _portions(self) -> AsyncIterator[bytes]:
        heard_s = time.monotonic()
        ends_s = heard_s + MAX_STREAM_S
        while self._may_go_on() and time.monotonic() < ends_s:
            page = await self._services.store.events.events_after(
                self._account.id, self._after, limit=_PAGE
            )
            if not is_complete(self._after, page):
                yield self._resync(page)
            for portion in self._show(page.events):
                yield portion
                heard_s = time.monotonic()
            if len(page.events) < _PAGE:
                if time.monotonic() - heard_s >= HEARTBEAT_S:
                    yield _HEARTBEAT
                    heard_s = time.monotonic()
                await asyncio.sleep(_POLL_S)

    def _may_go_on(self) -> bool:
        return self._is_admitted() and not is_ending(self._request.scope)

    def _is_admitted(self) -> bool:
        """Whether the credentials that opened the stream would open one now."""
        now = self._services.accounts.get(self._account.access_code)
        if now is None or not now.events or not may_come_from(now, self._request.scope):
            return False
        scheme, given = authorization_of(self._request.headers)
        if is_key(scheme, given):
            return find_key(self._services, given) is not None
        return now.secret == self._account.secret

    def _resync(self, page: EventPage) -> bytes:
        """What says that events are missing; the stream goes on after the last one."""
        self._after = page.last_sequence
        facts = {"oldest": page.deleted_to + 1, "lastSequence": page.last_sequence}
        return b"id: %d\nevent: resync\ndata: %b\n\n" % (
            page.last_sequence,
            msgspec.json.encode(facts),
        )

    def _show(self, events: Sequence[Event]) -> Iterator[bytes]:
        portion = bytearray()
        for event in events:
            if event.sequence <= self._after:
                continue  # a page before the gap of a resync
            document = show_event(self._account, event).model_dump_json(by_alias=True)
            portion += f"id: {event.sequence}\nevent: {event.type}\ndata: {document}\n\n".encode()
            self._after = event.sequence
            if len(portion) >= _PORTION_OCTETS:
                yield bytes(portion)
                portion.clear()
        if portion:
            yield bytes(portion)
