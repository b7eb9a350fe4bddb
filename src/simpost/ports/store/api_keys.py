"""API keys of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from simpost.domain.api_keys import ApiKey


class ApiKeyUse(msgspec.Struct, frozen=True, gc=False):
    """A key was used at this time."""

    account_id: int
    key_id: str
    used_ms: int


class ApiKeyStore(Protocol):
    """Keeps keys without their secrets. Nodes reload them as they reload accounts."""

    async def list_api_keys(self) -> list[ApiKey]:
        """All keys of all accounts, the oldest of an account first."""
        ...

    async def add_api_key(self, key: ApiKey) -> bool:
        """Save a key; `False` if its account has MAX_API_KEYS already."""
        ...

    async def delete_api_key(self, account_id: int, key_id: str) -> bool:
        """Delete a key; `False` if the account has no such key."""
        ...

    async def note_api_key_uses(self, uses: Sequence[ApiKeyUse]) -> None:
        """Save when keys were used. A time never goes back; deleted keys are ignored.

        Nodes do not reload keys for this.
        """
        ...
