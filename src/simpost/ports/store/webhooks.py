"""Webhook endpoints, and the deliveries that need another attempt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from simpost.domain.webhooks import DeliveryState, EndpointState, EventDelivery, WebhookEndpoint


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values of an endpoint; a field that is `None` stays unchanged."""

    url: str | None = None
    description: str | None = None
    types: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    batch: int | None = None
    state: EndpointState | None = None


class DeliveryRound(msgspec.Struct, frozen=True, kw_only=True):
    """What a node did for an endpoint that it has leased.

    Attributes:
        endpoint: with its new cursor, failures and counts of this round only.
        owner: the owner of the lease; without the lease nothing is written.
        lease_ms: new end of the lease; the present time gives it up.
        deliveries: new and changed ones.
        notices: types of events to add about the endpoint, such as `webhook.failing`.
    """

    endpoint: WebhookEndpoint
    owner: str
    lease_ms: int
    now_ms: int
    deliveries: Sequence[EventDelivery] = ()
    notices: Sequence[str] = ()


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries of an endpoint to list: those before a sequence number, newest first."""

    endpoint_id: bytes
    states: Sequence[DeliveryState] = tuple(DeliveryState)
    before: int | None = None
    limit: int = 50


class WebhookStore(Protocol):
    """Keeps endpoints and deliveries.

    A lease protects from double work. An event may be sent twice, never lost: the cursor and the
    deliveries of a round are written in one transaction, which the owner of the lease alone can do.
    """

    async def add_endpoint(
        self, endpoint: WebhookEndpoint, *, limit: int
    ) -> tuple[WebhookEndpoint, bool]:
        """Add an endpoint behind the latest event, or return the equal one that is there.

        An account has one of the format `notify`: it gets the new URL and is enabled. The flag is
        true for a new one. Raises InvalidRequest beyond `limit` endpoints.
        """
        ...

    async def list_endpoints(self, account_id: int) -> list[WebhookEndpoint]:
        """All endpoints of an account, the oldest first."""
        ...

    async def find_endpoint(self, account_id: int, endpoint_id: bytes) -> WebhookEndpoint | None:
        """The endpoint; `None` when there is none."""
        ...

    async def change_endpoint(
        self, account_id: int, endpoint_id: bytes, change: EndpointChange
    ) -> WebhookEndpoint | None:
        """Change an endpoint and return it; `None` when there is none.

        Raises InvalidRequest if it would equal another one.
        """
        ...

    async def rotate_secret(
        self, account_id: int, endpoint_id: bytes, secret: str, *, old_until_ms: int
    ) -> WebhookEndpoint | None:
        """Set a new secret; the present one stays valid until `old_until_ms`."""
        ...

    async def delete_endpoint(self, account_id: int, endpoint_id: bytes, *, now_ms: int) -> bool:
        """Delete an endpoint. Its pending deliveries become `endpoint_gone`."""
        ...

    async def has_endpoints(self) -> bool:
        """Whether any account has an endpoint. A read: it costs less than a claim."""
        ...

    async def claim_endpoints(
        self, owner: str, *, failing: bool, now_ms: int, lease_ms: int, limit: int
    ) -> list[WebhookEndpoint]:
        """Lease enabled endpoints with new events or due deliveries, the longest waiting first.

        `failing` are those whose last request failed: apart, so that they never take all places.
        """
        ...

    async def release_endpoints(self, owner: str, *, now_ms: int) -> None:
        """End all leases of a node that stopped."""
        ...

    async def due_deliveries(
        self, account_id: int, endpoint_id: bytes, *, now_ms: int, limit: int
    ) -> list[EventDelivery]:
        """Pending deliveries whose next attempt is due, the longest due first."""
        ...

    async def record_round(self, done: DeliveryRound) -> WebhookEndpoint | None:
        """Write a round and return the endpoint as it is now; `None` without the lease."""
        ...

    async def list_deliveries(self, account_id: int, which: DeliveryFilter) -> list[EventDelivery]:
        """Deliveries of an endpoint, the newest event first. A deleted endpoint's are listed."""
        ...

    async def add_deliveries(self, deliveries: Sequence[EventDelivery]) -> None:
        """Add deliveries, or begin them again: those of a replay."""
        ...

    async def delete_deliveries(self, *, before_ms: int, limit: int) -> int:
        """Delete final deliveries that did not change since; returns how many."""
        ...
