"""One request that passed the door: whose it is, and what it brought."""

from __future__ import annotations

import msgspec

from simpost.api.open.dialects import Rules
from simpost.api.services import Services
from simpost.domain.accounts import Account


class Call(msgspec.Struct, frozen=True, gc=False):
    """What an endpoint is given. `request_id` is RT-RequestID, the caller's idempotency key."""

    services: Services
    account: Account
    rules: Rules
    path: str
    body: bytes
    request_id: str | None
