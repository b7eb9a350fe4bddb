"""Statements of conversations and their notes."""

from __future__ import annotations

from typing import Final

SQL: Final = {
    # Holds the conversation until the commit.
    "hold": """
        UPDATE conversations SET status = status WHERE account_id = $1 AND id = $2 RETURNING *
    """,
    "hold_current": """
        UPDATE conversations SET status = status
        WHERE account_id = $1 AND esim_tran_no = $2 AND status <> 'closed' RETURNING *
    """,
    "latest": """
        SELECT * FROM conversations WHERE account_id = $1 AND esim_tran_no = $2
        ORDER BY id DESC LIMIT 1
    """,
    "current": """
        SELECT * FROM conversations
        WHERE account_id = $1 AND esim_tran_no = $2 AND status <> 'closed'
    """,
    "find": "SELECT * FROM conversations WHERE account_id = $1 AND id = $2",
    "insert": """
        INSERT INTO conversations (
          account_id, id, esim_tran_no, status, assignee, tags, unread, own_number, opened_ms,
          updated_ms
        ) VALUES ($1, $2, $3, $4, '', '', 0, '', $5, $5)
        ON CONFLICT DO NOTHING
        RETURNING *
    """,
    "save": """
        UPDATE conversations SET status = $3, assignee = $4, tags = $5, unread = $6,
          own_number = $7, updated_ms = $8, unanswered_ms = $9, reply_due_ms = $10,
          first_reply_ms = $11, closed_ms = $12, failed_id = $13
        WHERE account_id = $1 AND id = $2
    """,
    "note_asked": "UPDATE conversations SET asked_ms = $3 WHERE account_id = $1 AND id = $2",
    "watch": """
        UPDATE conversations SET watched_id = $3, look_ms = $4 WHERE account_id = $1 AND id = $2
    """,
    "list": """
        SELECT * FROM conversations
        WHERE account_id = $1 AND id < $2 AND unread >= $3 AND ($4 = '\n' OR assignee = $4)
          AND tags LIKE $5 ESCAPE '!'
        ORDER BY id DESC LIMIT $6
    """,
    "list_by_status": """
        SELECT * FROM conversations
        WHERE account_id = $1 AND id < $2 AND unread >= $3 AND ($4 = '\n' OR assignee = $4)
          AND tags LIKE $5 ESCAPE '!' AND status = $7
        ORDER BY id DESC LIMIT $6
    """,
    "list_by_esim": """
        SELECT * FROM conversations
        WHERE account_id = $1 AND id < $2 AND unread >= $3 AND ($4 = '\n' OR assignee = $4)
          AND tags LIKE $5 ESCAPE '!' AND ($7 = '' OR status = $7) AND esim_tran_no = $8
        ORDER BY id DESC LIMIT $6
    """,
    "add_note": """
        INSERT INTO conversation_notes (account_id, id, conversation_id, author, words, text_key,
          at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
    """,
    "trim_notes": """
        DELETE FROM conversation_notes WHERE account_id = $1 AND id IN (
          SELECT id FROM conversation_notes WHERE account_id = $1 AND conversation_id = $2
          ORDER BY id DESC LIMIT 100 OFFSET $3)
    """,
    "list_notes": """
        SELECT * FROM conversation_notes
        WHERE account_id = $1 AND conversation_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4
    """,
    "watched": """
        SELECT account_id, id, watched_id, look_ms FROM conversations
        WHERE watched_id IS NOT NULL AND look_ms <= $1 ORDER BY look_ms LIMIT $2
    """,
    "state_of": """
        SELECT message_state AS state, NULL AS until_ms FROM parts
        WHERE account_id = $1 AND message_id = $2 AND number = 1
        UNION ALL
        SELECT state, until_ms FROM held_messages WHERE account_id = $1 AND message_id = $2
    """,
    "committed": "SELECT created_ms FROM messages WHERE account_id = $1 AND id = $2",
    "overdue": """
        SELECT account_id, id FROM conversations
        WHERE reply_due_ms IS NOT NULL AND reply_due_ms <= $1 ORDER BY reply_due_ms LIMIT $2
    """,
    "add_event": """
        INSERT INTO added_events (account_id, type, subject, at_ms, data)
        VALUES ($1, $2, $3, $4, $5)
    """,
    "old": """
        SELECT account_id, id FROM conversations WHERE updated_ms < $1 ORDER BY updated_ms LIMIT $2
    """,
    "delete_notes": """
        DELETE FROM conversation_notes WHERE account_id = $1 AND conversation_id = $2
    """,
    "delete": """
        DELETE FROM conversations WHERE account_id = $1 AND id = $2 AND updated_ms < $3
        RETURNING id
    """,
}
