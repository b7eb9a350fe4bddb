"""Rows of held messages."""

from __future__ import annotations

from simpost.domain.texts import TextAbsence
from simpost.ports.store.held import DueMessage
from simpost.store.records.row import NamedRow
from simpost.store.records.texts import held_request, message_text
from simpost.store.text_seal import TextSeal


def due_message(texts: TextSeal, row: NamedRow, stored: str) -> DueMessage:
    """`stored` is separate: each store keeps texts in its own type."""
    text = message_text(texts, row, (row["account_id"], row["message_id"]), stored)
    request = held_request(texts, row)
    if isinstance(request, TextAbsence):
        text = request
    return DueMessage(
        account_id=row["account_id"],
        message_id=row["message_id"],
        esim_tran_no=row["esim_tran_no"],
        iccid=row["iccid"],
        category=row["category"],
        text=text,
        expires_ms=row["expires_ms"],
        until_ms=row["until_ms"],
        request=request,
    )
