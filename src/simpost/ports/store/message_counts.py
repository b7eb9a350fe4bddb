"""Counts of messages by hour, beside the log that they are counted from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from simpost.domain.message_counts import HourTally, Tally

MOST_COUNTED: Final = 1_000_000
"""Most messages of an account in one state that are counted at a time."""
SAMPLE: Final = 500
"""Deliveries of an account whose delay is read at a time."""


class MessageCountStore(Protocol):
    """Counts messages, and keeps the counts. Account ALL_ACCOUNTS has the sum."""

    async def count_messages(
        self, from_ms: int, to_ms: int, *, account_id: int | None, most: int = MOST_COUNTED
    ) -> Mapping[int, Tally]:
        """Messages by account that were accepted from a time on and before another.

        Reads the index of states only, and SAMPLE deliveries of each account.
        """
        ...

    async def save_hour(self, hour: int, tallies: Mapping[int, Tally], *, counted_ms: int) -> None:
        """Replace the counts of an hour, by account."""
        ...

    async def list_hours(self, account_id: int, *, from_hour: int) -> list[HourTally]:
        """The counts of an account from an hour on, oldest first."""
        ...

    async def list_accounts_of_hours(self, *, from_hour: int) -> Mapping[int, Tally]:
        """The sums from an hour on, by account."""
        ...

    async def delete_hours(self, *, before_hour: int) -> None:
        """Delete older counts."""
        ...
