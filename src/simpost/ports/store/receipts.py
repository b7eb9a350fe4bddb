"""Receipts that match no part, and how carriers write ids in receipts."""

from __future__ import annotations

from typing import Protocol

from simpost.domain.outcomes import Receipt, UnmatchedReceipt
from simpost.domain.receipt_ids import ObservedIdFormat


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

    async def list_unmatched(
        self, *, carrier: str | None, until_ms: int | None, limit: int
    ) -> list[UnmatchedReceipt]:
        """Receipts that were applied to no part, newest first; `until_ms` is included."""
        ...
