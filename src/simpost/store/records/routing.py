"""Rows of queued messages."""

from __future__ import annotations

from typing import Any

from simpost.ports.store.routing import QueuedMessage
from simpost.store.records.columns import options_of
from simpost.store.records.row import NamedRow

_START = (-1, 0, 0, 0, b"")


def place_of(message: QueuedMessage | None) -> tuple[Any, ...]:
    """The place of a message in its queue; `None` is before all."""
    if message is None:
        return _START
    return (
        message.priority,
        message.due_ms,
        message.expires_ms,
        message.account_id,
        message.message_id,
    )


def queued_message(row: NamedRow, text: str, parts: tuple[str, ...]) -> QueuedMessage:
    """`text` and `parts` are separate: each store keeps them in its own type."""
    return QueuedMessage(
        account_id=row["account_id"],
        message_id=row["message_id"],
        esim_tran_no=row["esim_tran_no"],
        destination=row["destination"],
        sender=row["sender"],
        category=row["category"],
        text=text,
        encoding=row["encoding"],
        options=options_of(row["options"]),
        parts=parts or (text,),
        may_move=bool(row["may_move"]),
        priority=row["priority"],
        due_ms=row["due_ms"],
        expires_ms=row["expires_ms"],
    )
