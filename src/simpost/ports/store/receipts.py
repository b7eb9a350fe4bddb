"""Receipts that match no part, and how carriers write ids in receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from simpost.domain.outcomes import Receipt, ReceiptKey, UnmatchedReceipt
from simpost.domain.receipt_ids import ObservedIdFormat

MOST_DELAYS: Final = 10_000
"""Receipts whose delay is read at a time, of all accounts that have any in equal shares."""
MOST_DELAYS_OF_ACCOUNT: Final = 500
"""Most of one account."""


class ReceiptStore(Protocol):
    """Reads what the store knows about receipts."""

    async def is_of_sent_part(self, receipt: Receipt) -> bool:
        """Whether the carrier was given a part with this id for a number the receipt names.

        The id may be written in another form. Parts that ended count as long as they are
        remembered.
        """
        ...

    async def id_forms(self, carrier: str) -> list[ObservedIdFormat]:
        """The forms in which the carrier writes ids in receipts, the most used first."""
        ...

    async def list_delays(self, *, from_ms: int) -> Mapping[str, Sequence[int]]:
        """By carrier the ms from the acceptance of a part to the receipt of its delivery.

        Of the first parts of the newest delivered messages that were accepted from this time on:
        of each account up to MOST_DELAYS_OF_ACCOUNT, and less when many accounts have some.
        """
        ...

    async def list_unmatched(
        self,
        *,
        carrier: str | None,
        until_ms: int | None,
        limit: int,
        is_dismissed: bool = False,
    ) -> list[UnmatchedReceipt]:
        """Receipts that were applied to no part, newest first; `until_ms` is included.

        Those that were dismissed, or those that were not.
        """
        ...

    async def dismiss(
        self, keys: Sequence[ReceiptKey], *, now_ms: int, until_ms: int | None = None
    ) -> int:
        """Leave them out of the list until they come again; how many of them there are.

        Only those that came until `until_ms` for the last time, if that is given.
        They stay stored and still find their part. A repetition changes nothing.
        """
        ...

    async def restore(self, keys: Sequence[ReceiptKey]) -> int:
        """List them again; how many of them there are."""
        ...
