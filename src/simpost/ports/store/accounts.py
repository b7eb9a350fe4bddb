"""Accounts and their secrets."""

from __future__ import annotations

from typing import Protocol

from simpost.domain.accounts import Account, AccountChange


class AccountStore(Protocol):
    """Reads and changes accounts."""

    async def list_accounts(self) -> list[Account]:
        """All accounts by their ids, secrets in clear."""
        ...

    async def add_account(self, account: Account) -> int:
        """Returns its id. Raises InvalidRequest when the access code is taken."""
        ...

    async def change_account(self, change: AccountChange) -> None:
        """Write only the fields that are given. Raises InvalidRequest for an unknown account."""
