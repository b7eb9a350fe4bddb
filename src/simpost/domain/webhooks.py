"""Webhook endpoints, their deliveries, and the ids of events."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

EVENT_PREFIX = "evt_"
CALLBACK_PREFIX = "callback:"
OWN_RECEIVER = "#"
"""At the end of a reference: the endpoint is that of `receiver_of`, else that of `origin_of`."""
"""The reference of a message begins so if a URL follows that its states are sent to."""
MAX_SEQUENCE = 2**53 - 1
"""The largest integer that every JSON reader represents exactly."""


class EndpointState(StrEnum):
    """Whether events are delivered to an endpoint."""

    ENABLED = "enabled"
    PAUSED = "paused"
    """By its account: events wait until it is resumed."""
    DISABLED = "disabled"
    """It accepted nothing for too long: events wait until it is resumed."""
    GONE = "gone"
    """It answered 410: it wants no more events."""


class DeliveryState(StrEnum):
    """The state of one event for one endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    """The last attempt failed. It can be replayed."""
    ENDPOINT_GONE = "endpoint_gone"
    """The endpoint was deleted or answered 410 first."""


class EndpointFormat(StrEnum):
    """The JSON that an endpoint receives."""

    STANDARD = "standard"
    """One event, as Standard Webhooks has it."""
    NOTIFY = "notify"
    """The `notifyType` envelope of the compatible API."""
    TWILIO = "twilio"
    """A form for the callback URL of the message, signed as Twilio signs."""


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A URL of an account that receives its events.

    Attributes:
        types: event types; `message.*` selects all that begin with `message.`; empty: all.
        categories: of messages; empty: all. Events without a category always match.
        batch: most events in one request.
        secret: in clear, in memory only; the store holds it sealed.
        old_secret: signs as well until `old_secret_until_ms`; empty without one.
        cursor: events up to this sequence number are delivered, or have a delivery of their own.
        failures: requests that failed since the last one that was accepted.
        noticed_ms, recovered_ms: times of the last events `webhook.failing` and
            `webhook.recovered`.
        next_ms: no request before this time.
        skipped: events that were deleted before they could be delivered.
        has_due: false if no delivery is due, so that none need be read.
    """

    account_id: int
    id: bytes
    url: str
    secret: str
    description: str = ""
    format: EndpointFormat = EndpointFormat.STANDARD
    types: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    batch: int = 1
    state: EndpointState = EndpointState.ENABLED
    old_secret: str = ""
    old_secret_until_ms: int | None = None
    created_ms: int = 0
    cursor: int = 0
    failures: int = 0
    failing_since_ms: int | None = None
    noticed_ms: int | None = None
    recovered_ms: int | None = None
    next_ms: int = 0
    delivered: int = 0
    exhausted: int = 0
    skipped: int = 0
    has_due: bool = True

    def __repr__(self) -> str:
        return f"WebhookEndpoint({self.account_id}, {self.id.hex()})"

    @property
    def key(self) -> bytes:
        """Equal for two endpoints that would receive the same."""
        facts = (self.url, self.format, sorted(self.types), sorted(self.categories))
        return hashlib.sha256(msgspec.json.encode(facts)).digest()

    def wants(self, type_: str, data: Mapping[str, Any]) -> bool:
        """Whether an event passes its filters; in the format `twilio` also that of its URL."""
        if self.format is EndpointFormat.TWILIO and _receiver_in(data) != self.url:
            return False
        if self.categories and data.get("category", self.categories[0]) not in self.categories:
            return False
        return not self.types or any(covers(each, type_) for each in self.types)

    @property
    def is_known_to_fail(self) -> bool:
        """Whether `webhook.failing` was the last event about the state of the endpoint."""
        return self.noticed_ms is not None and self.noticed_ms > (self.recovered_ms or 0)

    def signing_secrets(self, now_ms: int) -> Sequence[str]:
        """The secret, and the one before while it is still valid."""
        if self.old_secret_until_ms is None or self.old_secret_until_ms <= now_ms:
            return (self.secret,)
        return (self.secret, self.old_secret)


class DeliveryAttempt(msgspec.Struct, frozen=True, rename="camel"):
    """One request to an endpoint.

    Attributes:
        status: of the response; `None` without one.
        error: why there was no response; empty when there was one.
        body: the beginning of the response.
    """

    at_ms: int
    duration_ms: int
    status: int | None
    error: str
    body: str


class EventDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint that was not accepted at the first attempt, or is replayed.

    Attributes:
        due_ms: when the next attempt is due; `None` once it is final.
    """

    account_id: int
    endpoint_id: bytes
    sequence: int
    type: str
    subject: str
    at_ms: int
    data: Mapping[str, Any]
    state: DeliveryState = DeliveryState.PENDING
    due_ms: int | None = None
    attempts: tuple[DeliveryAttempt, ...] = ()
    updated_ms: int = 0


def event_id(account_id: int, sequence: int, type_: str, subject: str) -> str:
    """The id of an event: 32 hex digits that are the same whenever and wherever it is sent.

    The last 16 are the sequence number, so that an event can be found by its id.
    """
    digest = hashlib.blake2b(f"{account_id}:{type_}:{subject}".encode(), digest_size=8)
    return f"{digest.hexdigest()}{sequence:016x}"


def sequence_of(text: str) -> int | None:
    """The sequence number in the id of an event; `None` if it is no such id."""
    digits = text.removeprefix(EVENT_PREFIX)
    if len(digits) != 32 or not set(digits) <= set("0123456789abcdef"):
        return None
    sequence = int(digits[16:], 16)
    return sequence if sequence <= MAX_SEQUENCE else None


def callback_of(data: Mapping[str, Any]) -> str | None:
    """The callback URL of the message that an event is about; `None` without one."""
    reference = data.get("reference")
    if not isinstance(reference, str) or not reference.startswith(CALLBACK_PREFIX):
        return None
    return reference.removeprefix(CALLBACK_PREFIX).removesuffix(OWN_RECEIVER)


def _receiver_in(data: Mapping[str, Any]) -> str | None:
    """The URL of the endpoint for the message that an event is about; `None` without one."""
    callback = callback_of(data)
    if callback is None:
        return None
    is_own = str(data["reference"]).endswith(OWN_RECEIVER)
    return receiver_of(callback) if is_own else origin_of(callback)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as a URL."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[/?]', rest, maxsplit=1)[0].lower()}/"


def receiver_of(url: str) -> str:
    """The URL without query and what is behind the first of several places in its path.

    The last place is often the id of an order, so that it tells no receivers apart.
    """
    origin = origin_of(url)
    places = url.partition("://")[2].partition("?")[0].split("/")[1:]
    return f"{origin}{places[0]}/" if len(places) > 1 and places[0] else origin


def covers(pattern: str, type_: str) -> bool:
    """Whether an event type is the one of the pattern, or begins as it says."""
    return pattern == type_ or (pattern.endswith("*") and type_.startswith(pattern[:-1]))
