"""Rows of held messages."""

from __future__ import annotations

from simpost.ports.store.held import DueMessage
from simpost.store.records.row import NamedRow


def due_message(row: NamedRow, text: str) -> DueMessage:
    """`text` is separate: each store keeps it in its own type."""
    return DueMessage(
        account_id=row["account_id"],
        message_id=row["message_id"],
        esim_tran_no=row["esim_tran_no"],
        iccid=row["iccid"],
        category=row["category"],
        text=text,
        expires_ms=row["expires_ms"],
        until_ms=row["until_ms"],
        request=row["request"],
    )
