"""Rows of stored receipts."""

from __future__ import annotations

from simpost.domain.outcomes import Receipt
from simpost.store.records.columns import STATE, reason_of
from simpost.store.records.row import Row


def stored_receipt(row: Row) -> Receipt:
    """As it was when it last arrived."""
    numbers: str | None = row["numbers"]
    return Receipt(
        row["carrier"],
        row["carrier_message_id"],
        STATE[row["state"]],
        reason_of(row["reason"]),
        row["carrier_code"],
        row["last_ms"],
        tuple(numbers.split("\n")) if numbers else (),
        row["text_id"] or "",
    )
