"""Sends one signed request to an endpoint, and says what came back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from simpost.domain.accounts import Account
from simpost.domain.webhooks import (
    DeliveryAttempt,
    EndpointFormat,
    EventDelivery,
    WebhookEndpoint,
)
from simpost.features.webhooks.callbacks import callback_request
from simpost.features.webhooks.payload import EventRenderer
from simpost.features.webhooks.retry import retry_after_ms
from simpost.net.address_guard import RefusedUrl
from simpost.net.http_client import HttpClient, NoResponse, NotSent
from simpost.net.resolver import NameResolver
from simpost.net.webhook_signature import signed_headers
from simpost.runtime.clock import Clock

CONNECT_TIMEOUT_S: Final = 5.0
RESPONSE_TIMEOUT_S: Final = 10.0
MAX_BODY_OCTETS: Final = 1_024
"""Octets of a response that are stored."""
_NOBODY: Final = Account(id=0, access_code="", secret=secrets.token_urlsafe(32))
"""Stands for an account that was deleted: nobody can verify its signature."""
_MAX_CLIENTS: Final = 1_000
"""Beyond it the clients without a connection are dropped."""


class RequestResult(NamedTuple):
    """What one request returned.

    Attributes:
        is_accepted: any 2xx.
        retry_after_ms: 0 unless the endpoint asked to wait.
        is_shared: other requests to the endpoint go to other URLs, so that no response ends it.
    """

    attempt: DeliveryAttempt
    is_accepted: bool
    retry_after_ms: int = 0
    is_shared: bool = False

    @property
    def outcome(self) -> str:
        """The label of the metric."""
        if self.is_accepted:
            return "accepted"
        if self.is_gone:
            return "gone"
        return "throttled" if self.is_throttled else "failed"

    @property
    def is_gone(self) -> bool:
        """The endpoint wants no more events."""
        return self.attempt.status == 410 and not self.is_shared

    @property
    def is_throttled(self) -> bool:
        """The endpoint wants fewer requests."""
        return self.attempt.status == 429 or bool(self.retry_after_ms)


class WebhookSender:
    """One HTTP client for each account: a slow name server of one delays no other."""

    def __init__(
        self,
        names: NameResolver,
        *,
        allow_private: bool,
        clock_ms: Clock,
        account_of: Callable[[int], Account | None] = lambda _: None,
    ) -> None:
        """`account_of` finds the account whose secret signs in the format `twilio`."""
        self._names = names
        self._allow_private = allow_private
        self._clock_ms = clock_ms
        self._account_of = account_of
        self._renderer = EventRenderer()
        self._clients: dict[int, HttpClient] = {}

    def prepare(self, endpoint: WebhookEndpoint, deliveries: Sequence[EventDelivery]) -> None:
        """Render events that are sent soon."""
        if endpoint.format is EndpointFormat.STANDARD:
            self._renderer.render(deliveries)

    async def send(
        self, endpoint: WebhookEndpoint, deliveries: Sequence[EventDelivery]
    ) -> RequestResult:
        """POST the events in one request. Redirects are not followed."""
        now_ms = self._clock_ms()
        url, body, headers = self._request(endpoint, deliveries, now_ms)
        started_s = time.monotonic()
        client = self._clients.get(endpoint.account_id) or self._add_client(endpoint.account_id)
        try:
            response = await client.post(url, body, headers)
        except (RefusedUrl, NotSent, NoResponse) as failure:
            status, error, text, wait_ms, is_accepted = None, str(failure)[:200], "", 0, False
        else:
            status, error = response.status, ""
            text = response.body.decode("utf-8", "replace")
            is_accepted = 200 <= status < 300
            retry_after = None if is_accepted else response.headers.get("retry-after")
            wait_ms = retry_after_ms(retry_after, now_ms) if retry_after else 0
        duration_ms = int(1000 * (time.monotonic() - started_s))
        attempt = DeliveryAttempt(now_ms, duration_ms, status, error, text)
        is_shared = endpoint.format is EndpointFormat.TWILIO
        return RequestResult(attempt, is_accepted, wait_ms, is_shared)

    def _request(
        self, endpoint: WebhookEndpoint, deliveries: Sequence[EventDelivery], now_ms: int
    ) -> tuple[str, bytes, dict[str, str] | bytes]:
        """URL, body and headers."""
        if endpoint.format is EndpointFormat.TWILIO:
            [delivery] = deliveries
            account = self._account_of(endpoint.account_id) or _NOBODY
            return callback_request(account, delivery, endpoint.url)
        message_id, body = self._renderer.request_of(endpoint, deliveries)
        keys = endpoint.signing_secrets(now_ms)
        headers = signed_headers(message_id, now_ms // 1000, body, keys)
        return endpoint.url, body, headers + b"Content-Type: application/json\r\n"

    async def close(self) -> None:
        """Close all connections."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.close()

    def _add_client(self, account_id: int) -> HttpClient:
        if len(self._clients) >= _MAX_CLIENTS:
            self._clients = {key: each for key, each in self._clients.items() if not each.is_idle}
        client = self._clients[account_id] = HttpClient(
            f"webhooks of account {account_id}",
            self._names,
            allow_private=self._allow_private,
            connect_timeout_s=CONNECT_TIMEOUT_S,
            response_timeout_s=RESPONSE_TIMEOUT_S,
            keep_octets=MAX_BODY_OCTETS,
        )
        return client
