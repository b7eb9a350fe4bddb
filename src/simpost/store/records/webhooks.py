"""Webhook endpoints and deliveries as rows; secrets are sealed on the way in."""

from __future__ import annotations

from typing import Any

import msgspec

from simpost.domain.webhooks import (
    DeliveryAttempt,
    DeliveryState,
    EndpointFormat,
    EndpointState,
    EventDelivery,
    WebhookEndpoint,
)
from simpost.store.records.row import NamedRow
from simpost.store.secret_box import SecretBox

_decode_words = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_attempts = msgspec.json.Decoder(tuple[DeliveryAttempt, ...]).decode
_decode_data = msgspec.json.Decoder(dict[str, Any]).decode


def words(each: tuple[str, ...] | None) -> str | None:
    """A JSON array in text; `None` stays."""
    return None if each is None else msgspec.json.encode(each).decode()


def seal_secret(box: SecretBox, endpoint_id: bytes, secret: str) -> str:
    return box.close(_name(endpoint_id), secret)


def endpoint_row(endpoint: WebhookEndpoint, box: SecretBox, cursor: int) -> tuple[Any, ...]:
    """The columns that a new endpoint gives, in the order of the statement `add`."""
    return (
        endpoint.account_id,
        endpoint.id,
        endpoint.key,
        endpoint.url,
        endpoint.description,
        endpoint.format,
        words(endpoint.types),
        words(endpoint.categories),
        endpoint.batch,
        endpoint.state,
        seal_secret(box, endpoint.id, endpoint.secret),
        endpoint.created_ms,
        cursor,
    )


def endpoint_of(row: NamedRow, box: SecretBox) -> WebhookEndpoint:
    """Raises StoreError when its secret was sealed with another key."""
    name, sealed_old = _name(row["id"]), row["sealed_old_secret"]
    return WebhookEndpoint(
        account_id=row["account_id"],
        id=row["id"],
        url=row["url"],
        description=row["description"],
        format=EndpointFormat(row["format"]),
        types=_decode_words(row["types"]),
        categories=_decode_words(row["categories"]),
        batch=row["batch"],
        state=EndpointState(row["state"]),
        secret=box.open(name, row["sealed_secret"]),
        old_secret=box.open(name, sealed_old) if sealed_old else "",
        old_secret_until_ms=row["old_secret_until_ms"],
        created_ms=row["created_ms"],
        cursor=row["cursor"],
        failures=row["failures"],
        failing_since_ms=row["failing_since_ms"],
        noticed_ms=row["noticed_ms"],
        recovered_ms=row["recovered_ms"],
        next_ms=row["next_ms"],
        delivered=row["delivered"],
        exhausted=row["exhausted"],
        skipped=row["skipped"],
    )


def delivery_row(delivery: EventDelivery) -> tuple[Any, ...]:
    """The columns in their order in the table."""
    return (
        delivery.account_id,
        delivery.endpoint_id,
        delivery.sequence,
        delivery.type,
        delivery.subject,
        delivery.at_ms,
        msgspec.json.encode(delivery.data).decode(),
        delivery.state,
        delivery.due_ms,
        msgspec.json.encode(delivery.attempts).decode(),
        delivery.updated_ms,
    )


def delivery_of(row: NamedRow) -> EventDelivery:
    return EventDelivery(
        account_id=row["account_id"],
        endpoint_id=row["endpoint_id"],
        sequence=row["sequence"],
        type=row["type"],
        subject=row["subject"],
        at_ms=row["at_ms"],
        data=_decode_data(row["data"]),
        state=DeliveryState(row["state"]),
        due_ms=row["due_ms"],
        attempts=_decode_attempts(row["attempts"]),
        updated_ms=row["updated_ms"],
    )


def _name(endpoint_id: bytes) -> str:
    return f"webhook {endpoint_id.hex()}"
