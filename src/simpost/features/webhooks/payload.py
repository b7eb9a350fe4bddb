"""What an endpoint receives: the body of a request, and the id that it is signed with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

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


def request_of(endpoint: WebhookEndpoint, deliveries: Sequence[EventDelivery]) -> tuple[str, bytes]:
    """The `webhook-id` and the body of a request with these events."""
    if endpoint.format is EndpointFormat.NOTIFY:
        [delivery] = deliveries
        document = _notification(delivery)
        return f"{EVENT_PREFIX}{document['notifyId']}", _encode(document)
    documents = [_document(each) for each in deliveries]
    if endpoint.batch == 1:
        return documents[0]["id"], _encode(documents[0])
    ids = " ".join(each["id"] for each in documents)
    batch_id = f"bat_{hashlib.blake2b(ids.encode(), digest_size=16).hexdigest()}"
    return batch_id, _encode({"id": batch_id, "type": "events", "events": documents})


def _document(delivery: EventDelivery) -> dict[str, Any]:
    """One event, with the fields of `GET /v1/events`."""
    return {
        "id": EVENT_PREFIX + _id(delivery),
        "type": delivery.type,
        "timestamp": _format_time(delivery.at_ms),
        "sequence": delivery.sequence,
        "subject": delivery.subject,
        "data": delivery.data,
    }


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
    time = _EPOCH + timedelta(milliseconds=ms)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
