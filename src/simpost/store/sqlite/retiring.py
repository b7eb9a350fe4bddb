"""Retiring: messages that were kept as long as they should be, dropped a bounded step at a time."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from simpost.store.sqlite.queries import SQL, ask
from simpost.store.sqlite.session import Session

MessageKey = tuple[int, bytes]
"""Account and message."""

_IN_ORDER = ("retire_receipts", "retire_attempts", "retire_parts", "retire_message")


def old_messages(connection: apsw.Connection, before_ms: int, limit: int) -> list[MessageKey]:
    """Messages of before that time of which no part waits; ids begin with their time."""
    facts = (max(0, before_ms).to_bytes(6, "big"), limit)
    keys: list[MessageKey] = ask(connection, "old_messages", facts).fetchall()
    return keys


def retire(session: Session, all_of: Sequence[Sequence[MessageKey]]) -> list[int]:
    return [_retire(session, keys) for keys in all_of]


def _retire(session: Session, keys: Sequence[MessageKey]) -> int:
    for statement in _IN_ORDER:
        for key in keys:
            session.execute(SQL[statement], key)
    return len(keys)
