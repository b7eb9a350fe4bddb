"""Ends parts that were sent and have no final receipt a while after their validity.

No index is kept for it, since it would cost every message a write. The messages that are `sent`
are walked by account and age instead, a bounded step at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.store.records.payloads import MessageKey, UnreportedParts
from simpost.store.sqlite.message_state import refold
from simpost.store.sqlite.queries import SQL, ask
from simpost.store.sqlite.session import SqliteSession

START: MessageKey = (-1, b"")


def sent_messages(
    connection: apsw.Connection, after: MessageKey, expired_ms: int, limit: int
) -> list[tuple[int, bytes, int]]:
    """Account, message and expiry of what is sent, from a place on."""
    facts = {
        "account_id": after[0],
        "message_id": after[1],
        "young": max(0, expired_ms + 1).to_bytes(6, "big"),
        "limit": limit,
    }
    rows: list[tuple[int, bytes, int]] = ask(connection, "sent_messages", facts).fetchall()
    return rows


def end_unreported(session: SqliteSession, all_of: Sequence[UnreportedParts]) -> list[int]:
    return [_end(session, one) for one in all_of]


def _end(session: SqliteSession, one: UnreportedParts) -> int:
    count = 0
    for account_id, message_id in one.messages:
        facts = {
            "now_ms": one.now_ms,
            "expired_ms": one.expired_ms,
            "account_id": account_id,
            "message_id": message_id,
        }
        found = session.execute(SQL["end_unreported"], facts).fetchall()
        count += len(found)
        for _, carrier in found:
            session.pending.end(carrier, State.EXPIRED, Reason.NO_RECEIPT)
        if found and found[0][0] > 1:
            refold(session, account_id, message_id, one.now_ms)
    return count
