"""Finds parts that await a report, and ends those without one a while after their validity.

No index is kept for it, since it would cost every message a write. The messages that are `sent`
are walked by account and age instead, a bounded step at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.carrier import AcceptedPart
from simpost.store.records.accepted import accepted_part, oldest_open, open_parts
from simpost.store.records.ids import first_id
from simpost.store.records.payloads import MessageKey, UnreportedParts
from simpost.store.records.unreported import SentMessage, sent_message
from simpost.store.sqlite.message_state import refold
from simpost.store.sqlite.queries import rows_of
from simpost.store.sqlite.session import SqliteSession


def sent_messages(
    connection: apsw.Connection, after: MessageKey, expired_ms: int, limit: int
) -> list[SentMessage]:
    """The next sent messages after this one."""
    parameters = {
        "account_id": after[0],
        "message_id": after[1],
        "young": first_id(expired_ms + 1),
        "limit": limit,
    }
    return [sent_message(row) for row in rows_of(connection, "sent_messages", parameters)]


def open_step(
    connection: apsw.Connection, carrier: str, after: str, now_ms: int, limit: int
) -> tuple[list[AcceptedPart], str]:
    """The next parts of a carrier that await a report."""
    parameters = {
        "carrier": carrier,
        "after": after,
        "oldest": oldest_open(now_ms),
        "limit": limit,
    }
    return open_parts(rows_of(connection, "open_parts", parameters), limit)


def sent_to(
    connection: apsw.Connection, carrier: str, iccid: str, now_ms: int
) -> list[AcceptedPart]:
    """Parts of a carrier to an ICCID that have not expired."""
    parameters = {
        "carrier": carrier,
        "iccid": iccid,
        "oldest": oldest_open(now_ms),
        "now_ms": now_ms,
    }
    return [accepted_part(row) for row in rows_of(connection, "parts_sent_to", parameters)]


def end_unreported(session: SqliteSession, all_of: Sequence[UnreportedParts]) -> list[int]:
    return [_end(session, one) for one in all_of]


def _end(session: SqliteSession, one: UnreportedParts) -> int:
    count = 0
    for account_id, message_id in one.messages:
        parameters = {
            "now_ms": one.now_ms,
            "expired_ms": one.expired_ms,
            "account_id": account_id,
            "message_id": message_id,
        }
        found = rows_of(session.connection, "end_unreported", parameters)
        count += len(found)
        for row in found:
            session.pending.end(row["carrier"], State.EXPIRED, Reason.NO_RECEIPT)
        if any(row["total"] > 1 for row in found):
            refold(session, account_id, message_id, one.now_ms)
    return count
