"""SMPP logins of accounts, and how far the receipts of each were acknowledged."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from simpost.domain.smpp_logins import SmppLogin


class SmppLoginStore(Protocol):
    """Keeps logins without their passwords. Nodes reload them as they reload accounts.

    A login has a cursor into the event log of its account: events up to it were acknowledged by a
    client, or are none of the login's. A lease keeps two nodes from sending the same receipts; a
    receipt may be sent twice, never lost.
    """

    async def list_smpp_logins(self) -> list[SmppLogin]:
        """All logins of all accounts, the oldest of an account first."""
        ...

    async def add_smpp_login(self, login: SmppLogin) -> bool:
        """Save a login; `False` if its account has MAX_SMPP_LOGINS already.

        Its cursor is behind the latest event. Raises InvalidRequest if the system_id is taken.
        """
        ...

    async def delete_smpp_login(self, account_id: int, system_id: str) -> bool:
        """Delete a login; `False` if the account has no such login."""
        ...

    async def claim_smpp_logins(
        self, owner: str, system_ids: Collection[str], *, now_ms: int, lease_ms: int
    ) -> dict[str, int]:
        """Lease those of the logins that have new events and no lease; returns their cursors."""
        ...

    async def record_smpp_cursor(
        self, owner: str, system_id: str, cursor: int, *, now_ms: int, lease_ms: int
    ) -> bool:
        """Save how far a login is, and the new end of its lease; `False` without the lease.

        A `lease_ms` of the present time gives it up.
        """
        ...

    async def release_smpp_logins(self, owner: str, *, now_ms: int) -> None:
        """End all leases of a node that stopped."""
        ...
