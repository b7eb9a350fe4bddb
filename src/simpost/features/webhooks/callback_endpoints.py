"""The endpoints that receive status callbacks, made when a message names their URL.

There is one for each host and first place of the path, so that a receiver that fails pauses no
other one of its host. An account with many endpoints has one for the host.
"""

from __future__ import annotations

from typing import Final

from simpost.domain.accounts import Account
from simpost.domain.webhooks import (
    CALLBACK_PREFIX,
    OWN_RECEIVER,
    EndpointFormat,
    EndpointState,
    origin_of,
    receiver_of,
)
from simpost.features.webhooks.endpoints import Webhooks
from simpost.net.address_guard import RefusedUrl

MAX_CALLBACK: Final = 1_000
"""Characters of a callback URL."""
MOST_OWN: Final = 10
"""Endpoints of an account up to which a further receiver of a host gets one of its own."""
_MESSAGE_EVENTS: Final = ("message.*",)
_STOPPED: Final = (EndpointState.DISABLED, EndpointState.GONE)


async def add_callback(webhooks: Webhooks, account: Account, url: str) -> str:
    """The reference of a message whose states are sent to the URL; it gets an endpoint.

    Raises:
        RefusedUrl: simpost must not call this URL.
        InvalidRequest: the account has too many endpoints.
    """
    if len(url) > MAX_CALLBACK or "#" in url:
        raise RefusedUrl(f"the URL must have at most {MAX_CALLBACK} characters, and no #")
    webhooks.check_url(url)
    endpoints = await webhooks.list_all(account)
    ours = {each.url: each for each in endpoints if each.format is EndpointFormat.TWILIO}
    origin, receiver = origin_of(url), receiver_of(url)
    if receiver not in ours and len(endpoints) >= MOST_OWN:
        receiver = origin
    endpoint = ours.get(receiver)
    if endpoint is None:
        await webhooks.add(
            account,
            receiver,
            description="Status callbacks of the shape twilio",
            format=EndpointFormat.TWILIO,
            types=_MESSAGE_EVENTS,
        )
    elif endpoint.state in _STOPPED:
        await webhooks.resume(account, endpoint.id)
    return f"{CALLBACK_PREFIX}{url}{'' if receiver == origin else OWN_RECEIVER}"
