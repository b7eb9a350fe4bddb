"""Statements of broadcasts and their recipients."""

from __future__ import annotations

from typing import Final

SQL: Final = {
    "insert": """
        INSERT INTO broadcasts (
          account_id, id, name, template, category, template_values, audience, per_s, start_ms,
          not_after_ms, status, actor, stop_percent, most_parts, total, accepted, held, refused,
          cancelled, parts, place_ms, place, created_ms, changed_ms
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'preparing', $11, $12, $13, 0, 0, 0, 0,
          0, 0, 0, '', $14, $14)
    """,
    # Holds the broadcast until the commit.
    "hold": """
        UPDATE broadcasts SET status = status WHERE account_id = $1 AND id = $2 RETURNING *
    """,
    "find": "SELECT * FROM broadcasts WHERE account_id = $1 AND id = $2",
    "list": """
        SELECT * FROM broadcasts WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
    """,
    "active": """
        SELECT * FROM broadcasts
        WHERE ended_ms IS NULL AND status <> 'paused' AND start_ms >= $1
        ORDER BY start_ms LIMIT $2
    """,
    "page_end": """
        SELECT created_ms, esim_tran_no FROM esims
        WHERE account_id = $1 AND (created_ms, esim_tran_no) > ($2, $3)
        ORDER BY created_ms, esim_tran_no LIMIT 1 OFFSET $4
    """,
    "note_page": """
        INSERT INTO broadcast_recipients (account_id, broadcast_id, esim_tran_no, state)
        SELECT e.account_id, b.id, e.esim_tran_no, 'waiting' FROM broadcasts AS b
        JOIN esims AS e ON e.account_id = b.account_id
        LEFT JOIN recipients AS r
          ON r.account_id = e.account_id AND r.esim_tran_no = e.esim_tran_no
        WHERE b.account_id = $1 AND b.id = $2 AND e.account_id = $1 AND e.retired_ms IS NULL
          AND (e.created_ms, e.esim_tran_no) > ($3, $4)
          AND (e.created_ms, e.esim_tran_no) <= ($9, $10)
          AND ($5 = '' OR replace($5, '|' || e.package_code || '|', '') <> $5)
          AND ($6 = '' OR replace($6, '|' || coalesce(r.country, '') || '|', '') <> $6)
          AND ($7 = '' OR replace($7, '|' || coalesce(r.language, '') || '|', '') <> $7)
          AND ($8 = '' OR replace($8, '|' || e.esim_status || '|', '') <> $8)
        ON CONFLICT (account_id, broadcast_id, esim_tran_no) DO NOTHING
        RETURNING esim_tran_no
    """,
    "match_page": """
        SELECT e.esim_tran_no FROM esims AS e
        LEFT JOIN recipients AS r
          ON r.account_id = e.account_id AND r.esim_tran_no = e.esim_tran_no
        WHERE e.account_id = $1 AND e.retired_ms IS NULL
          AND (e.created_ms, e.esim_tran_no) > ($2, $3)
          AND (e.created_ms, e.esim_tran_no) <= ($4, $9)
          AND ($5 = '' OR replace($5, '|' || e.package_code || '|', '') <> $5)
          AND ($6 = '' OR replace($6, '|' || coalesce(r.country, '') || '|', '') <> $6)
          AND ($7 = '' OR replace($7, '|' || coalesce(r.language, '') || '|', '') <> $7)
          AND ($8 = '' OR replace($8, '|' || e.esim_status || '|', '') <> $8)
        ORDER BY e.created_ms, e.esim_tran_no
    """,
    "is_esim": "SELECT 1 AS found FROM esims WHERE esim_tran_no = $1 AND account_id = $2",
    "note_one": """
        INSERT INTO broadcast_recipients (
          account_id, broadcast_id, esim_tran_no, state, reason, at_ms
        ) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id, broadcast_id, esim_tran_no) DO NOTHING
        RETURNING esim_tran_no
    """,
    "note_place": """
        UPDATE broadcasts SET total = total + $3, refused = refused + $4, place_ms = $5,
          place = $6, status = $7
        WHERE account_id = $1 AND id = $2
    """,
    "set_status": """
        UPDATE broadcasts SET status = $3, actor = $4, pause_reason = $5, changed_ms = $6,
          ended_ms = $7
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "waiting": """
        SELECT esim_tran_no FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2 AND state = 'waiting'
        ORDER BY esim_tran_no LIMIT $3
    """,
    "end_recipient": """
        UPDATE broadcast_recipients SET state = $4, message_id = $5, reason = $6, parts = $7,
          at_ms = $8
        WHERE account_id = $1 AND broadcast_id = $2 AND esim_tran_no = $3 AND state = 'waiting'
        RETURNING esim_tran_no
    """,
    # Its message was committed before it was cancelled.
    "end_cancelled": """
        UPDATE broadcast_recipients SET state = $4, message_id = $5, reason = $6, parts = $7,
          at_ms = $8
        WHERE account_id = $1 AND broadcast_id = $2 AND esim_tran_no = $3 AND state = 'cancelled'
        RETURNING esim_tran_no
    """,
    "count": """
        UPDATE broadcasts SET accepted = accepted + $3, held = held + $4, refused = refused + $5,
          cancelled = cancelled + $6, parts = parts + $7
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "cancel_rest": """
        UPDATE broadcast_recipients SET state = 'cancelled', at_ms = $3
        WHERE account_id = $1 AND broadcast_id = $2 AND state = 'waiting' AND esim_tran_no IN (
          SELECT esim_tran_no FROM broadcast_recipients
          WHERE account_id = $1 AND broadcast_id = $2 AND state = 'waiting'
          ORDER BY esim_tran_no LIMIT $4
        )
        RETURNING esim_tran_no
    """,
    "recipients": """
        SELECT esim_tran_no, state, message_id, reason, parts FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2 AND esim_tran_no > $3
        ORDER BY esim_tran_no LIMIT $4
    """,
    "old": """
        SELECT account_id, id FROM broadcasts WHERE ended_ms IS NOT NULL AND ended_ms < $1
        ORDER BY ended_ms LIMIT 1
    """,
    "delete_recipients": """
        DELETE FROM broadcast_recipients WHERE account_id = $1 AND broadcast_id = $2
          AND esim_tran_no IN (
            SELECT esim_tran_no FROM broadcast_recipients
            WHERE account_id = $1 AND broadcast_id = $2 ORDER BY esim_tran_no LIMIT $3
          )
        RETURNING esim_tran_no
    """,
    "delete": "DELETE FROM broadcasts WHERE account_id = $1 AND id = $2",
}
