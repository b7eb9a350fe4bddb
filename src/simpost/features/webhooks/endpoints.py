"""The endpoints of an account: added, changed, tested, and their deliveries replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.messages import format_id
from simpost.domain.webhooks import (
    DeliveryAttempt,
    EndpointFormat,
    EndpointState,
    EventDelivery,
    WebhookEndpoint,
)
from simpost.errors import InvalidRequest, UnknownWebhook
from simpost.features.webhooks.replay import Replay, Replayed, ReplayFilter
from simpost.features.webhooks.sender import WebhookSender
from simpost.messaging.accounts import Accounts
from simpost.net.address_guard import check_url
from simpost.net.webhook_signature import generate_secret
from simpost.ports.store import DeliveryFilter, EndpointChange, Store
from simpost.runtime.clock import Clock

MAX_ENDPOINTS: Final = 20
"""Endpoints of one account."""
MAX_OVERLAP_S: Final = 7 * 86_400
_TEST_EVENT: Final = "webhook.test"


class Webhooks:
    """Every method that takes an endpoint id raises UnknownWebhook."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        sender: WebhookSender,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        allow_private: bool,
    ) -> None:
        self._store = store.webhooks
        self._events = store.events
        self._accounts = accounts
        self._sender = sender
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._allow_private = allow_private

    async def add(
        self,
        account: Account,
        url: str,
        *,
        description: str = "",
        format: EndpointFormat = EndpointFormat.STANDARD,  # noqa: A002  the word of the API
        types: tuple[str, ...] = (),
        categories: tuple[str, ...] = (),
        batch: int = 1,
    ) -> tuple[WebhookEndpoint, bool]:
        """Add an endpoint for the events from now on, or return the equal one that is there.

        The flag is true for a new one. The account keeps events from now on.

        Raises:
            RefusedUrl: simpost must not call this URL.
            InvalidRequest: the account has too many endpoints.
        """
        check_url(url, allow_private=self._allow_private)
        if not account.events:
            await self._accounts.change(
                AccountChange(id=account.id, access_code=account.access_code, events=True)
            )
        endpoint = WebhookEndpoint(
            account_id=account.id,
            id=self._new_id(),
            url=url,
            secret=generate_secret(),
            description=description,
            format=format,
            types=types,
            categories=categories,
            batch=batch,
            created_ms=self._clock_ms(),
        )
        return await self._store.add_endpoint(endpoint, limit=MAX_ENDPOINTS)

    def check_url(self, url: str) -> None:
        """Raise RefusedUrl if simpost must not call this URL. Resolves no names."""
        check_url(url, allow_private=self._allow_private)

    async def list_all(self, account: Account) -> list[WebhookEndpoint]:
        """All endpoints of the account, the oldest first."""
        return await self._store.list_endpoints(account.id)

    async def find(self, account: Account, endpoint_id: bytes) -> WebhookEndpoint:
        """One endpoint of the account."""
        return _known(await self._store.find_endpoint(account.id, endpoint_id))

    async def change(
        self, account: Account, endpoint_id: bytes, change: EndpointChange
    ) -> WebhookEndpoint:
        """Change an endpoint. Raises RefusedUrl, or InvalidRequest if it would equal another."""
        if change.url is not None:
            check_url(change.url, allow_private=self._allow_private)
        return _known(await self._store.change_endpoint(account.id, endpoint_id, change))

    async def pause(self, account: Account, endpoint_id: bytes) -> WebhookEndpoint:
        """Deliver nothing until `resume`. Events wait."""
        return await self.change(account, endpoint_id, EndpointChange(state=EndpointState.PAUSED))

    async def resume(self, account: Account, endpoint_id: bytes) -> WebhookEndpoint:
        """Deliver again, whatever stopped it; waiting events first."""
        return await self.change(account, endpoint_id, EndpointChange(state=EndpointState.ENABLED))

    async def delete(self, account: Account, endpoint_id: bytes) -> None:
        """Delete an endpoint. Its pending deliveries become `endpoint_gone`."""
        if not await self._store.delete_endpoint(account.id, endpoint_id, now_ms=self._clock_ms()):
            raise UnknownWebhook

    async def rotate_secret(
        self, account: Account, endpoint_id: bytes, *, overlap_s: int
    ) -> WebhookEndpoint:
        """Sign with a new secret, and with the present one for `overlap_s` more seconds."""
        until_ms = self._clock_ms() + 1000 * overlap_s
        return _known(
            await self._store.rotate_secret(
                account.id, endpoint_id, generate_secret(), old_until_ms=until_ms
            )
        )

    async def test(self, account: Account, endpoint_id: bytes) -> DeliveryAttempt:
        """Send a `webhook.test` event now, in any state of the endpoint; what came back."""
        endpoint = await self.find(account, endpoint_id)
        event = EventDelivery(
            account_id=account.id,
            endpoint_id=endpoint.id,
            sequence=0,
            type=_TEST_EVENT,
            subject=format_id(self._new_id()),
            at_ms=self._clock_ms(),
            data={"endpointId": format_id(endpoint.id)},
        )
        return (await self._sender.send(endpoint, [event])).attempt

    async def replay(self, account: Account, endpoint_id: bytes, which: ReplayFilter) -> Replayed:
        """Send events again. Raises InvalidRequest for an endpoint that was stopped."""
        endpoint = await self.find(account, endpoint_id)
        if endpoint.state not in (EndpointState.ENABLED, EndpointState.PAUSED):
            raise InvalidRequest(f"the endpoint is {endpoint.state}: resume it first")
        return await Replay(self._store, self._events, endpoint, which, self._clock_ms()).run()

    async def deliveries(self, account: Account, which: DeliveryFilter) -> list[EventDelivery]:
        """Deliveries of an endpoint, the newest event first; also of one that was deleted."""
        found = await self._store.list_deliveries(account.id, which)
        if not found:
            await self.find(account, which.endpoint_id)
        return found


def _known(endpoint: WebhookEndpoint | None) -> WebhookEndpoint:
    if endpoint is None:
        raise UnknownWebhook
    return endpoint
