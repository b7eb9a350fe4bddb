"""webhook/save of the compatible API: one endpoint of an account, in the `notifyType` envelope."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Final

import msgspec

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.webhooks import EndpointFormat
from simpost.errors import InvalidRequest
from simpost.features.webhooks.endpoints import Webhooks
from simpost.messaging.accounts import Accounts
from simpost.net.address_guard import check_url
from simpost.net.http_client import HttpClient, NoResponse, NotSent
from simpost.net.resolver import NameResolver

MESSAGE_EVENTS = ("message.*",)
_CHECK_TIMEOUT_S: Final = 5.0


class WebhookUnhealthy(InvalidRequest):
    """CHECK_HEALTH was not answered with 200; not saved."""


async def save_webhook(
    webhooks: Webhooks,
    accounts: Accounts,
    account: Account,
    url: str,
    *,
    names: NameResolver,
    allow_private: bool,
    checked_at_ms: int | None,
) -> None:
    """Send message events to the URL; with `checked_at_ms` only after it answered CHECK_HEALTH.

    It replaces the URL that was saved before; events that wait are sent to the new one.

    Raises:
        RefusedUrl: simpost must not call this URL.
        WebhookUnhealthy: the check failed.
        InvalidRequest: the account has too many endpoints.
    """
    check_url(url, allow_private=allow_private)
    if checked_at_ms is not None:
        client = HttpClient(
            f"account {account.access_code}",
            names,
            allow_private=allow_private,
            connect_timeout_s=_CHECK_TIMEOUT_S,
            response_timeout_s=_CHECK_TIMEOUT_S,
        )
        if not await _responds_with_ok(client, url, _check_health(checked_at_ms)):
            raise WebhookUnhealthy
    await webhooks.add(account, url, format=EndpointFormat.NOTIFY, types=MESSAGE_EVENTS)
    await accounts.change(
        AccountChange(id=account.id, access_code=account.access_code, webhook=url)
    )


async def _responds_with_ok(client: HttpClient, url: str, body: bytes) -> bool:
    """Whether the host itself answers with 200 in time. Redirects are not followed."""
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            response = await client.post(url, body, {"Content-Type": "application/json"})
            return response.status == 200
    except (NotSent, NoResponse, TimeoutError):
        return False
    finally:
        await client.close()


def _check_health(now_ms: int) -> bytes:
    """The notification that the compatible API documents for this check."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    return msgspec.json.encode(
        {
            "notifyType": "CHECK_HEALTH",
            "notifyId": uuid.uuid4().hex,
            "eventGenerateTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "content": {"orderNo": "1234567890", "orderStatus": "Test"},
        }
    )
