"""The endpoints that receive status callbacks: one for each host, made when a message names it."""

from __future__ import annotations

from typing import Final

from simpost.domain.accounts import Account
from simpost.domain.webhooks import CALLBACK_PREFIX, EndpointFormat, EndpointState, origin_of
from simpost.features.webhooks.endpoints import Webhooks
from simpost.net.address_guard import RefusedUrl

MAX_CALLBACK: Final = 1_000
"""Characters of a callback URL."""
_MESSAGE_EVENTS: Final = ("message.*",)
_STOPPED: Final = (EndpointState.DISABLED, EndpointState.GONE)


async def add_callback(webhooks: Webhooks, account: Account, url: str) -> str:
    """The reference of a message whose states are sent to the URL; its host gets an endpoint.

    Raises:
        RefusedUrl: simpost must not call this URL.
        InvalidRequest: the account has too many endpoints.
    """
    if len(url) > MAX_CALLBACK or "#" in url:
        raise RefusedUrl(f"the URL must have at most {MAX_CALLBACK} characters, and no #")
    webhooks.check_url(url)
    origin = origin_of(url)
    for endpoint in await webhooks.list_all(account):
        if endpoint.format is EndpointFormat.TWILIO and endpoint.url == origin:
            if endpoint.state in _STOPPED:
                await webhooks.resume(account, endpoint.id)
            break
    else:
        await webhooks.add(
            account,
            origin,
            description="Status callbacks of the shape twilio",
            format=EndpointFormat.TWILIO,
            types=_MESSAGE_EVENTS,
        )
    return CALLBACK_PREFIX + url
