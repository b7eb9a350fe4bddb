"""Broadcasts and their recipients, a row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

import msgspec

from simpost.domain.broadcasts import (
    Audience,
    Broadcast,
    BroadcastStatus,
    PauseReason,
    RecipientResult,
    RecipientState,
)

PREPARE_STEP: Final = 2_000
"""eSIMs that one call of `prepare` looks at."""
DELETE_STEP: Final = 2_000
"""Recipients that one call of `delete_old` deletes."""
REPORT_STEP: Final = 1_000
"""Messages that one call of `report` looks at."""
ACTIVE_STEP: Final = 200
"""Broadcasts that one call of `list_active` returns."""


ActivePlace: TypeAlias = tuple[int, int, bytes]
"""When the leader must look at a broadcast, its account, and its id."""


class BroadcastChange(msgspec.Struct, frozen=True):
    """A change of the status by a person or a rule.

    Attributes:
        actor: `None`: it is that of the change before.
    """

    status: BroadcastStatus
    actor: str | None = None
    pause_reason: PauseReason | None = None


class TakenRecipient(msgspec.Struct, frozen=True):
    """A recipient that is about to be decided.

    Attributes:
        message_id: the id that its message gets; it is stored before the message is.
        parts: of the message with this id, if it was committed already; `None` if it was not.
        carrier: of that message; empty if there is none.
    """

    esim_tran_no: str
    message_id: bytes
    parts: int | None = None
    carrier: str = ""


class BroadcastStore(Protocol):
    """Keeps broadcasts. A recipient is unique by broadcast and eSIM.

    The counts of a broadcast change with the states of its recipients, in one transaction.
    """

    async def add(self, broadcast: Broadcast) -> bytes | None:
        """Add a broadcast in the status `preparing`; its id. `None`: there are MAX_UNFINISHED.

        With the request id of an earlier one nothing is added; the id of that one. Raises
        UnknownBroadcastFile if its file was deleted.
        """
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
        self,
        account_id: int,
        *,
        before: bytes | None,
        limit: int,
        status: BroadcastStatus | None = None,
    ) -> list[Broadcast]:
        """Newest first, without the eSIMs that are named; with a status only those that have it."""
        ...

    async def list_active(
        self, *, now_ms: int, after: ActivePlace | None = None
    ) -> tuple[list[Broadcast], ActivePlace | None]:
        """Broadcasts of all accounts that the leader must look at now, and where to go on.

        They are being noted, are sending, or are due to begin or to expire.
        """
        ...

    async def change(
        self, account_id: int, broadcast_id: bytes, change: BroadcastChange, *, now_ms: int
    ) -> Broadcast | None:
        """Pause, start, cancel or end a broadcast, if its status allows it.

        With a final status, all recipients that wait or are held are cancelled.
        Returns it as it is then; `None` if the account has none. A final status never changes.
        """
        ...

    async def resume(
        self, account_id: int, broadcast_id: bytes, *, actor: str, now_ms: int
    ) -> Broadcast | None:
        """Let a paused broadcast go on where it was; one that is not paused does not change."""
        ...

    async def list_waiting(self, account_id: int, broadcast_id: bytes, *, limit: int) -> list[str]:
        """ESIMs that were never decided."""
        ...

    async def take(
        self,
        account_id: int,
        broadcast_id: bytes,
        *,
        new_id: Callable[[], bytes],
        limit: int,
        now_ms: int,
        held_only: bool = False,
    ) -> list[TakenRecipient] | None:
        """The next recipients to decide, those that were held first; `None` if it is not sending.

        The id of the message of each is stored. A recipient stays the next one until it is ended.
        """
        ...

    async def end_recipients(
        self,
        account_id: int,
        broadcast_id: bytes,
        results: Sequence[RecipientResult],
        *,
        now_ms: int,
    ) -> Broadcast | None:
        """Save results of recipients that wait or are held, with the counts; the broadcast then.

        A message that was committed counts, whatever another node noted before.
        """
        ...

    async def list_recipients(
        self,
        account_id: int,
        broadcast_id: bytes,
        *,
        after: str,
        limit: int,
        state: RecipientState | None = None,
    ) -> list[RecipientResult]:
        """Recipients in the order of their esimTranNo; `None`: in any state."""
        ...

    async def audience_page(
        self, account_id: int, audience: Audience, *, after: tuple[int, str], limit: int
    ) -> tuple[list[str], tuple[int, str] | None]:
        """ESIMs of an audience among the next `limit` of the account; and where to go on."""
        ...

    async def match_named(
        self, account_id: int, audience: Audience, esims: Sequence[str]
    ) -> list[str]:
        """Those of some named eSIMs that are unknown, or meet the conditions of the audience."""
        ...

    async def match_file(
        self, account_id: int, file_id: bytes, audience: Audience, *, after: int, limit: int
    ) -> tuple[list[str], int | None]:
        """ESIMs that meet the conditions in the next lines of a file; and where to go on."""
        ...

    async def count_queued(self, account_id: int, broadcast_id: bytes, *, limit: int) -> int:
        """How many of its latest `limit` messages no carrier has taken."""
        ...

    async def list_to_report(self, *, now_ms: int) -> list[Broadcast]:
        """Broadcasts of which `report` is due."""
        ...

    async def report(
        self, account_id: int, broadcast_id: bytes, *, after: bytes
    ) -> tuple[Broadcast | None, bytes | None]:
        """Note final states of messages after this id; the broadcast then, and where to go on.

        Messages of which the final state is noted are not looked at again.
        """
        ...

    async def count_opt_outs(
        self, account_id: int, broadcast_id: bytes, *, before_ms: int, report_ms: int | None
    ) -> Broadcast | None:
        """Count recipients that opted out until then; the next report is due at `report_ms`."""
        ...

    async def delete_old(self, *, before_ms: int) -> int:
        """Delete broadcasts that ended before a time, with their recipients; how many rows."""
        ...
