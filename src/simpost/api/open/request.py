"""A request whose account is known."""

from __future__ import annotations

import msgspec

from simpost.api.open.dialects import DialectRules
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account


class AuthenticatedRequest(msgspec.Struct, frozen=True, gc=False):
    """What an endpoint is given.

    Attributes:
        request_id: RT-RequestID, the caller's idempotency key.
        signature: the signature that proved the account, in lowercase hex; empty without one.
    """

    services: Services
    account: Account
    rules: DialectRules
    path: str
    body: bytes
    request_id: str | None
    signature: str = ""
