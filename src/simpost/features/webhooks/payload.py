"""What an endpoint receives: the body of a request, and the id that it is signed with."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from simpost.domain.webhooks import (
    EVENT_PREFIX,
    EndpointFormat,
    EventDelivery,
    WebhookEndpoint,
    event_id,
)
from simpost.ports.store import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_RENDERED: Final = 2_000
"""Events whose JSON is kept: a megabyte."""
_encode = msgspec.json.Encoder().encode


def delivery_of(event: Event, endpoint: WebhookEndpoint) -> EventDelivery:
    """The delivery of an event to an endpoint, not attempted yet."""
    return EventDelivery(
        account_id=endpoint.account_id,
        endpoint_id=endpoint.id,
        sequence=event.sequence,
        type=event.type,
        subject=event.subject,
        at_ms=event.at_ms,
        data=event.data,
    )


class RenderedEvent(NamedTuple):
    """The id and the JSON of an event, the same at every endpoint."""

    id: str
    json: bytes


class EventRenderer:
    """Renders each event once, for all endpoints of its account, and again only much later."""

    def __init__(self) -> None:
        self._latest: dict[tuple[int, int], RenderedEvent] = {}

    def render(self, deliveries: Sequence[EventDelivery]) -> None:
        """Render these now: one after another costs less than each between two requests."""
        if len(self._latest) + len(deliveries) > MAX_RENDERED:
            self._latest.clear()
        for each in deliveries:
            self._render(each)

    def request_of(
        self, endpoint: WebhookEndpoint, deliveries: Sequence[EventDelivery]
    ) -> tuple[str, bytes]:
        """The `webhook-id` and the body of a request with these events."""
        if endpoint.format is EndpointFormat.NOTIFY:
            [delivery] = deliveries
            document = _notification(delivery)
            return f"{EVENT_PREFIX}{document['notifyId']}", _encode(document)
        if endpoint.batch == 1:
            return self._render(deliveries[0])
        rendered = [self._render(each) for each in deliveries]
        ids = " ".join([each.id for each in rendered])
        batch_id = f"bat_{hashlib.blake2b(ids.encode(), digest_size=16).hexdigest()}"
        events = b",".join([each.json for each in rendered])
        return batch_id, b'{"id":"%b","type":"events","events":[%b]}' % (batch_id.encode(), events)

    def _render(self, delivery: EventDelivery) -> RenderedEvent:
        key = delivery.account_id, delivery.sequence
        found = self._latest.get(key)
        if found is None or not delivery.sequence:  # a test event has no number
            event_id = EVENT_PREFIX + _id(delivery)
            found = RenderedEvent(event_id, _encode(_document(event_id, delivery)))
            if len(self._latest) >= MAX_RENDERED:
                self._latest.clear()
            self._latest[key] = found
        return found


class _Document(msgspec.Struct):
    """One event, with the fields of `GET /v1/events`."""

    id: str
    type: str
    timestamp: str
    sequence: int
    subject: str
    data: Mapping[str, Any]


def _document(event_id: str, delivery: EventDelivery) -> _Document:
    return _Document(
        event_id,
        delivery.type,
        _format_time(delivery.at_ms),
        delivery.sequence,
        delivery.subject,
        delivery.data,
    )


def _notification(delivery: EventDelivery) -> dict[str, Any]:
    """A message event in the `notifyType` envelope. Its type is ours: the original has none."""
    return {
        "notifyType": "SMS_STATUS",
        "notifyId": _id(delivery),
        "eventGenerateTime": _format_time(delivery.at_ms),
        "content": {
            "messageId": delivery.subject,
            "messageStatus": delivery.type.partition(".")[2],
            "sequence": delivery.sequence,
            **delivery.data,
        },
    }


def _id(delivery: EventDelivery) -> str:
    return event_id(delivery.account_id, delivery.sequence, delivery.type, delivery.subject)


def _format_time(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return f"{_format_second(ms // 1000)}.{ms % 1000:03}Z"


@functools.lru_cache(maxsize=64)
def _format_second(seconds: int) -> str:
    """Cached: many events of one second are rendered one after another."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
