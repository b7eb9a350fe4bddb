"""Rows of queued messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simpost.domain.texts import TextAbsence
from simpost.ports.store.routing import QueuedMessage
from simpost.store.records.columns import options_of
from simpost.store.records.row import NamedRow
from simpost.store.records.texts import message_text, part_texts
from simpost.store.text_seal import TextSeal

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


def queued_message(
    texts: TextSeal, row: NamedRow, stored: str, stored_parts: Sequence[str]
) -> QueuedMessage:
    """The texts are separate: each store keeps them in its own type. Without them it stays."""
    text = message_text(texts, row, (row["account_id"], row["message_id"]), stored)
    parts = part_texts(texts, row, stored_parts)
    is_readable = not isinstance(text, TextAbsence) and not isinstance(parts, TextAbsence)
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
        parts=tuple(parts) if is_readable and parts else (text,),
        may_move=is_readable and bool(row["may_move"]),
        priority=row["priority"],
        due_ms=row["due_ms"],
        expires_ms=row["expires_ms"],
    )
