"""Erases texts after their time; the rows stay. Ids have a time, so a walk needs no index."""

from __future__ import annotations

from typing import Final

from simpost.store.records.ids import first_id
from simpost.store.shared.steps import Steps

_INBOUND: Final = "inbound"
_WORDS: Final = ("preference_changes", "preference_flags", "conversation_notes")

SQL: Final = {
    # Holds the row until the commit: of several nodes one at a time walks.
    "begin": """
        INSERT INTO redactions AS r (account_id, category, up_to) VALUES ($1, $2, $3)
        ON CONFLICT (account_id, category) DO UPDATE SET up_to = r.up_to
        RETURNING up_to
    """,
    "note": "UPDATE redactions SET up_to = $3 WHERE account_id = $1 AND category = $2",
    "messages": """
        SELECT id, category FROM messages
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "is_open": """
        SELECT 1 AS found FROM parts
        WHERE account_id = $1 AND message_id = $2 AND due_ms IS NOT NULL
        UNION ALL
        SELECT 1 AS found FROM held_messages
        WHERE account_id = $1 AND message_id = $2 AND due_ms IS NOT NULL
    """,
    "erase_message": """
        UPDATE messages SET text = '', text_key = NULL, redacted_ms = $3
        WHERE account_id = $1 AND id = $2 AND redacted_ms IS NULL
    """,
    "erase_parts": """
        UPDATE parts SET text = NULL
        WHERE account_id = $1 AND message_id = $2 AND text IS NOT NULL
    """,
    "put_off": """
        INSERT INTO late_redactions (account_id, category, message_id) VALUES ($1, $2, $3)
        ON CONFLICT (account_id, category, message_id) DO NOTHING
    """,
    "late": """
        SELECT message_id FROM late_redactions
        WHERE account_id = $1 AND category = $2 AND message_id > $3 ORDER BY message_id LIMIT $4
    """,
    "done": """
        DELETE FROM late_redactions
        WHERE account_id = $1 AND category = $2 AND message_id = $3
    """,
    "inbound": """
        SELECT id FROM inbound
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "erase_inbound": """
        UPDATE inbound SET text = '', raw = NULL, text_key = NULL, redacted_ms = $3
        WHERE account_id = $1 AND id = $2 AND redacted_ms IS NULL
    """,
    "preference_changes": """
        SELECT id FROM preference_changes
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "erase_preference_changes": """
        UPDATE preference_changes SET words = '', text_key = NULL, redacted_ms = $3
        WHERE account_id = $1 AND id = $2 AND words <> ''
    """,
    "preference_flags": """
        SELECT id FROM preference_flags
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "erase_preference_flags": """
        UPDATE preference_flags SET words = '', text_key = NULL, redacted_ms = $3
        WHERE account_id = $1 AND id = $2 AND words <> ''
    """,
    "conversation_notes": """
        SELECT id FROM conversation_notes
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "erase_conversation_notes": """
        UPDATE conversation_notes SET words = '', text_key = NULL, redacted_ms = $3
        WHERE account_id = $1 AND id = $2 AND words <> ''
    """,
}


def redact_messages(
    account_id: int, category: str, before_ms: int, now_ms: int, limit: int
) -> Steps[int]:
    """Returns how many messages were looked at; fewer than `limit` when none is left."""
    [begun] = yield SQL["begin"], (account_id, category, b"")
    end = first_id(before_ms)
    rows = yield SQL["messages"], (account_id, begun["up_to"], end, limit)
    for row in rows:
        if row["category"] == category and not (yield from _erase(account_id, row["id"], now_ms)):
            yield SQL["put_off"], (account_id, category, row["id"])
    if rows:
        yield SQL["note"], (account_id, category, rows[-1]["id"])
    return len(rows)


def redact_late(
    account_id: int, category: str, after: bytes, now_ms: int, limit: int
) -> Steps[bytes | None]:
    """Look again at messages that had not been sent; the last one, or `None` when none is left."""
    rows = yield SQL["late"], (account_id, category, after, limit)
    for row in rows:
        if (yield from _erase(account_id, row["message_id"], now_ms)):
            yield SQL["done"], (account_id, category, row["message_id"])
    return rows[-1]["message_id"] if len(rows) == limit else None


def redact_inbound(account_id: int, before_ms: int, now_ms: int, limit: int) -> Steps[int]:
    """Returns how many inbound messages were looked at."""
    return (yield from _walk(_INBOUND, account_id, before_ms, now_ms, limit))


def redact_words(account_id: int, before_ms: int, now_ms: int, limit: int) -> Steps[int]:
    """Returns how many rows were looked at: of changes, flags or notes, whichever is most."""
    most = 0
    for kind in _WORDS:
        most = max(most, (yield from _walk(kind, account_id, before_ms, now_ms, limit)))
    return most


def _walk(kind: str, account_id: int, before_ms: int, now_ms: int, limit: int) -> Steps[int]:
    [begun] = yield SQL["begin"], (account_id, kind, b"")
    rows = yield SQL[kind], (account_id, begun["up_to"], first_id(before_ms), limit)
    for row in rows:
        yield SQL[f"erase_{kind}"], (account_id, row["id"], now_ms)
    if rows:
        yield SQL["note"], (account_id, kind, rows[-1]["id"])
    return len(rows)


def _erase(account_id: int, message_id: bytes, now_ms: int) -> Steps[bool]:
    """Erase the texts of a message, unless it is still to be sent."""
    if (yield SQL["is_open"], (account_id, message_id)):
        return False
    yield SQL["erase_message"], (account_id, message_id, now_ms)
    yield SQL["erase_parts"], (account_id, message_id)
    return True
