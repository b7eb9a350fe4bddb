"""Client of simpost, and of every host that speaks the compatible eSIM SMS API.

`SimpostClient` and `AsyncSimpostClient` are for the native API of a simpost, `CompatibleClient` and
`AsyncCompatibleClient` for the compatible API of any host. `Webhook` verifies webhooks, and
`simpost_client.testing` has a gateway in memory for your tests.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simpost_client._async.compatible import AsyncCompatibleClient
    from simpost_client._async.simpost import AsyncSimpostClient
    from simpost_client._sync.compatible import CompatibleClient
    from simpost_client._sync.simpost import SimpostClient
    from simpost_client.attempts import Retries, Timeouts
    from simpost_client.batches import BatchOutcome
    from simpost_client.errors import (
        ApiError,
        AuthenticationFailed,
        Conflict,
        EventsGone,
        InDoubt,
        InvalidRequest,
        InvalidWebhook,
        KeyReused,
        NoResponse,
        NotConnected,
        NotFound,
        PermissionDenied,
        RateLimited,
        Refused,
        ServerFailed,
        SimpostError,
        SmsNotSupported,
        StaleWebhook,
        UnexpectedResponse,
    )
    from simpost_client.event_frames import Resync
    from simpost_client.models import Event
    from simpost_client.open_models import Esim, Package, SentSms
    from simpost_client.requests import MessageFields
    from simpost_client.webhooks import Webhook, WebhookEvent

_HOMES = {
    "ApiError": "errors",
    "AsyncCompatibleClient": "_async.compatible",
    "AsyncSimpostClient": "_async.simpost",
    "AuthenticationFailed": "errors",
    "BatchOutcome": "batches",
    "CompatibleClient": "_sync.compatible",
    "Conflict": "errors",
    "Esim": "open_models",
    "Event": "models",
    "EventsGone": "errors",
    "InDoubt": "errors",
    "InvalidRequest": "errors",
    "InvalidWebhook": "errors",
    "KeyReused": "errors",
    "MessageFields": "requests",
    "NoResponse": "errors",
    "NotConnected": "errors",
    "NotFound": "errors",
    "Package": "open_models",
    "PermissionDenied": "errors",
    "RateLimited": "errors",
    "Refused": "errors",
    "Resync": "event_frames",
    "Retries": "attempts",
    "SentSms": "open_models",
    "ServerFailed": "errors",
    "SimpostClient": "_sync.simpost",
    "SimpostError": "errors",
    "SmsNotSupported": "errors",
    "StaleWebhook": "errors",
    "Timeouts": "attempts",
    "UnexpectedResponse": "errors",
    "Webhook": "webhooks",
    "WebhookEvent": "webhooks",
}
"""Where each name is: a program loads only what it uses, such as one half of the client."""

__all__ = [
    "ApiError",
    "AsyncCompatibleClient",
    "AsyncSimpostClient",
    "AuthenticationFailed",
    "BatchOutcome",
    "CompatibleClient",
    "Conflict",
    "Esim",
    "Event",
    "EventsGone",
    "InDoubt",
    "InvalidRequest",
    "InvalidWebhook",
    "KeyReused",
    "MessageFields",
    "NoResponse",
    "NotConnected",
    "NotFound",
    "Package",
    "PermissionDenied",
    "RateLimited",
    "Refused",
    "Resync",
    "Retries",
    "SentSms",
    "ServerFailed",
    "SimpostClient",
    "SimpostError",
    "SmsNotSupported",
    "StaleWebhook",
    "Timeouts",
    "UnexpectedResponse",
    "Webhook",
    "WebhookEvent",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
