"""Receipts that match no part are dismissed by a person, and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.domain.outcomes import ReceiptKey
from simpost.store.records.columns import CODE
from simpost.store.records.ids import LAST_MS
from simpost.store.shared.steps import Steps

SQL: Final = {
    "dismiss": """
        UPDATE receipts SET dismissed_ms = coalesce(dismissed_ms, $4)
        WHERE carrier = $1 AND carrier_message_id = $2 AND state = $3
          AND standing IN ('parked', 'ambiguous') AND last_ms <= $5
        RETURNING state
    """,
    "restore": """
        UPDATE receipts SET dismissed_ms = NULL
        WHERE carrier = $1 AND carrier_message_id = $2 AND state = $3
          AND standing IN ('parked', 'ambiguous')
        RETURNING state
    """,
}


def dismiss(keys: Sequence[ReceiptKey], now_ms: int, until_ms: int | None) -> Steps[int]:
    """Mark them; how many of them there are. Keys in one order, so that two callers never wait."""
    found = 0
    last_ms = LAST_MS if until_ms is None else until_ms
    for key in sorted(set(keys)):
        found += len((yield SQL["dismiss"], (*_columns(key), now_ms, last_ms)))
    return found


def restore(keys: Sequence[ReceiptKey]) -> Steps[int]:
    """Take the marks away; how many of them there are."""
    found = 0
    for key in sorted(set(keys)):
        found += len((yield SQL["restore"], _columns(key)))
    return found


def _columns(key: ReceiptKey) -> tuple[str, str, int]:
    return key.carrier, key.carrier_message_id, CODE[key.state]
