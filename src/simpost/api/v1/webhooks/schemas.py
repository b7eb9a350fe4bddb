"""Schemas of /v1/webhooks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictStr

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import Instant
from simpost.api.shared.schemas import Schema, Time, format_time, show_time
from simpost.domain.event_types import EVENT_TYPES, selects_events
from simpost.domain.messages import Category, format_id
from simpost.domain.webhooks import (
    EVENT_PREFIX,
    DeliveryAttempt,
    DeliveryState,
    EndpointFormat,
    EndpointState,
    EventDelivery,
    WebhookEndpoint,
    event_id,
)
from simpost.features.webhooks.endpoints import MAX_OVERLAP_S
from simpost.net.address_guard import MAX_URL

_MAX_TYPES = 50


def _printable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain NUL")
    return text


def _known(pattern: str) -> str:
    if not selects_events(pattern):
        raise ValueError(f"must be one of {', '.join(EVENT_TYPES)}, or a prefix as message.*")
    return pattern


Url = Annotated[StrictStr, Field(min_length=1, max_length=MAX_URL)]
EventType = Annotated[
    StrictStr,
    Matching(
        r"^(\*|[a-z_]{1,32}\.(\*|[a-z_]{1,32}))$",
        "must be an event type, such as message.delivered, or message.* for all that begin so",
    ),
    AfterValidator(_known),
]
Types = Annotated[list[EventType], Field(max_length=_MAX_TYPES)]
EventId = Annotated[
    StrictStr, Matching(r"^evt_[0-9a-f]{32}$", "must be the id of an event, such as evt_...")
]
Sequence = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]
Categories = Annotated[list[Category], Field(max_length=len(Category))]
Description = Annotated[StrictStr, Field(max_length=200), AfterValidator(_printable)]
Batch = Annotated[int, Field(strict=True, ge=1, le=100)]


class NewWebhook(Schema):
    """`eventTypes` and `categories` select events; empty: all. `batch`: most events a request."""

    url: Url
    description: Description = ""
    event_types: Annotated[Types, Field(default_factory=list)]
    categories: Annotated[Categories, Field(default_factory=list)]
    batch: Batch = 1


class WebhookPatch(Schema):
    """Absent and null fields stay as they are."""

    url: Url | None = None
    description: Description | None = None
    event_types: Types | None = None
    categories: Categories | None = None
    batch: Batch | None = None


class SecretRotation(Schema):
    """For how long the present secret still signs beside the new one; 0 revokes it now."""

    overlap_seconds: Annotated[int, Field(strict=True, ge=0, le=MAX_OVERLAP_S)] = 86_400


class ReplayRequest(Schema):
    """Which events to send again: by id, or all in a range that the endpoint selects.

    `after` and `before` are sequence numbers, `from` and `to` times of the event. `state`: only
    deliveries in this state.
    """

    event_ids: Annotated[list[EventId], Field(min_length=1, max_length=100)] | None = None
    after: Sequence | None = None
    before: Sequence | None = None
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    event_types: Types | None = None
    state: Literal[DeliveryState.EXHAUSTED] | None = None


class ReplayOut(Schema):
    """`next`: there are more; replay again with it as `after`, or as `before` with a state."""

    replayed: int
    next: int | None


class WebhookOut(Schema):
    """An endpoint, without its secret.

    `deliveredTo`: events up to this sequence number were accepted at their first attempt, are not
    selected, or are in the list of deliveries. `skipped` counts events that were deleted first.
    """

    id: str
    url: str
    description: str
    format: EndpointFormat
    event_types: list[str]
    categories: list[Category]
    batch: int
    state: EndpointState
    created_at: Time
    delivered_to: int
    delivered: int
    exhausted: int
    skipped: int
    failures: int
    failing_since: Time | None
    next_attempt_at: Time | None
    old_secret_until: Time | None


class WebhookWithSecret(WebhookOut):
    """`secret` is shown only in the response that created it; null otherwise."""

    secret: str | None


class WebhookList(Schema):
    """All endpoints, the oldest first."""

    webhooks: list[WebhookOut]


class DeliveryAttemptOut(Schema):
    """One request. `status` is null without a response; `error` says why.

    `body` is the beginning of the response.
    """

    at: Time
    duration_ms: int
    status: int | None
    error: str
    body: str


class DeliveryOut(Schema):
    """One event that needed more than one attempt, or was replayed."""

    event_id: str
    sequence: int
    type: str
    subject: str
    occurred_at: Time
    state: DeliveryState
    next_attempt_at: Time | None
    attempts: list[DeliveryAttemptOut]


class DeliveryPage(Schema):
    """The newest event first. `next` is the `before` of the next page."""

    deliveries: list[DeliveryOut]
    next: int | None


def webhook_fields(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """The fields of WebhookOut."""
    return {
        "id": format_id(endpoint.id),
        "url": endpoint.url,
        "description": endpoint.description,
        "format": endpoint.format,
        "event_types": list(endpoint.types),
        "categories": list(endpoint.categories),
        "batch": endpoint.batch,
        "state": endpoint.state,
        "created_at": format_time(endpoint.created_ms),
        "delivered_to": endpoint.cursor,
        "delivered": endpoint.delivered,
        "exhausted": endpoint.exhausted,
        "skipped": endpoint.skipped,
        "failures": endpoint.failures,
        "failing_since": show_time(endpoint.failing_since_ms),
        "next_attempt_at": show_time(endpoint.next_ms or None),
        "old_secret_until": show_time(endpoint.old_secret_until_ms),
    }


def show_attempt(attempt: DeliveryAttempt) -> DeliveryAttemptOut:
    """One attempt as JSON shows it."""
    return DeliveryAttemptOut(
        at=format_time(attempt.at_ms),
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        error=attempt.error,
        body=attempt.body,
    )


def show_delivery(delivery: EventDelivery) -> DeliveryOut:
    """One delivery as JSON shows it."""
    id_ = event_id(delivery.account_id, delivery.sequence, delivery.type, delivery.subject)
    return DeliveryOut(
        event_id=EVENT_PREFIX + id_,
        sequence=delivery.sequence,
        type=delivery.type,
        subject=delivery.subject,
        occurred_at=format_time(delivery.at_ms),
        state=delivery.state,
        next_attempt_at=show_time(delivery.due_ms),
        attempts=[show_attempt(each) for each in delivery.attempts],
    )
