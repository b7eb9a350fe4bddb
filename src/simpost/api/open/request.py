"""An authenticated request."""

from __future__ import annotations

from typing import Final

import msgspec

from simpost.api.open.dialects import DialectRules
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account
from simpost.domain.messages import Category

PREFIX: Final = "/api/v1/open"
"""The beginning of all paths."""


class AuthenticatedRequest(msgspec.Struct, frozen=True, gc=False):
    """The argument of an endpoint.

    Attributes:
        request_id: RT-RequestID, the caller's idempotency key.
        category: RT-Category, the purpose of the message; `None` for that of the account.
        signature: the signature that authenticated it, in lowercase hex; empty without one.
    """

    services: Services
    account: Account
    rules: DialectRules
    path: str
    body: bytes
    request_id: str | None
    signature: str = ""
    category: Category | None = None
