"""Broadcasts and their recipients, a row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from simpost.domain.broadcasts import (
    Audience,
    Broadcast,
    BroadcastStatus,
    PauseReason,
    RecipientResult,
)

PREPARE_STEP: Final = 2_000
"""eSIMs that one call of `prepare` looks at."""
CANCEL_STEP: Final = 2_000
"""Recipients that one call of `cancel_rest` ends."""


class BroadcastChange(msgspec.Struct, frozen=True):
    """A change of the status by a person or a rule."""

    status: BroadcastStatus
    actor: str = ""
    pause_reason: PauseReason | None = None


class BroadcastStore(Protocol):
    """Keeps broadcasts. A recipient is unique by broadcast and eSIM.

    The counts of a broadcast change with the states of its recipients, in one transaction.
    """

    async def add(self, broadcast: Broadcast) -> None:
        """Add a broadcast in the status `preparing`."""
        ...

    async def prepare(self, account_id: int, broadcast_id: bytes, *, now_ms: int) -> bool:
        """Note the next recipients; true when all are noted and it is `scheduled`.

        Of eSIMs that are named, an unknown one is a recipient that is refused.
        """
        ...

    async def find(self, account_id: int, broadcast_id: bytes) -> Broadcast | None:
        """One of the account's broadcasts."""
        ...

    async def list_broadcasts(
        self, account_id: int, *, before: bytes | None, limit: int
    ) -> list[Broadcast]:
        """Newest first."""
        ...

    async def list_active(self) -> list[Broadcast]:
        """Broadcasts of all accounts that are not paused and not over."""
        ...

    async def change(
        self, account_id: int, broadcast_id: bytes, change: BroadcastChange, *, now_ms: int
    ) -> Broadcast | None:
        """Pause, resume, start, cancel or end a broadcast, if its status allows it.

        Returns it as it is then; `None` if the account has none. A final status never changes.
        """
        ...

    async def list_waiting(self, account_id: int, broadcast_id: bytes, *, limit: int) -> list[str]:
        """ESIMs that are not decided yet."""
        ...

    async def end_recipients(
        self,
        account_id: int,
        broadcast_id: bytes,
        results: Sequence[RecipientResult],
        *,
        now_ms: int,
    ) -> Broadcast | None:
        """Save results of recipients that wait, with the counts; the broadcast after it."""
        ...

    async def cancel_rest(self, account_id: int, broadcast_id: bytes, *, now_ms: int) -> int:
        """Cancel recipients that wait, of a broadcast that is over; how many."""
        ...

    async def list_recipients(
        self, account_id: int, broadcast_id: bytes, *, after: str, limit: int
    ) -> list[RecipientResult]:
        """Recipients in the order of their esimTranNo."""
        ...

    async def audience_page(
        self, account_id: int, audience: Audience, *, after: tuple[int, str], limit: int
    ) -> tuple[list[str], tuple[int, str] | None]:
        """ESIMs of an audience among the next `limit` of the account; and where to go on."""
        ...

    async def delete_old(self, *, before_ms: int) -> int:
        """Delete broadcasts that ended before a time, with their recipients; how many rows."""
        ...
