"""Statements of lifecycle events."""

from __future__ import annotations

from typing import Final

SQL: Final = {
    "find_by_tran_no": """
        SELECT esim_tran_no, iccid, smdp_status, esim_status FROM esims
        WHERE esim_tran_no = $2 AND account_id = $1
    """,
    "find_by_iccid": """
        SELECT esim_tran_no, iccid, smdp_status, esim_status FROM esims
        WHERE account_id = $1 AND iccid IN ($2, $3, $4)
        ORDER BY iccid <> $2, retired_ms IS NOT NULL, created_ms DESC, esim_tran_no DESC LIMIT 1
    """,
    "find_by_order": """
        SELECT esim_tran_no, iccid, smdp_status, esim_status FROM esims
        WHERE account_id = $1 AND order_no = $2 ORDER BY created_ms, esim_tran_no LIMIT $3
    """,
    # Holds the row until the commit, and makes it where there is none.
    "lock_facts": """
        INSERT INTO esim_facts AS f (account_id, esim_tran_no, facts, updated_ms)
        VALUES ($1, $2, '{}', $3)
        ON CONFLICT (account_id, esim_tran_no) DO UPDATE SET updated_ms = f.updated_ms
        RETURNING facts
    """,
    "save_facts": """
        UPDATE esim_facts SET facts = $3, expires_ms = $4, expiry_due_ms = $5, updated_ms = $6
        WHERE account_id = $1 AND esim_tran_no = $2
    """,
    "due_expiries": """
        SELECT account_id, esim_tran_no, facts FROM esim_facts
        WHERE expiry_due_ms <= $1 ORDER BY expiry_due_ms LIMIT $2
    """,
    "end_expiry": """
        UPDATE esim_facts SET expiry_due_ms = NULL
        WHERE account_id = $1 AND esim_tran_no = $2 AND expiry_due_ms <= $3
    """,
    "save_states": """
        UPDATE esims SET smdp_status = $3, esim_status = $4
        WHERE esim_tran_no = $2 AND account_id = $1
    """,
    "save_country": """
        INSERT INTO recipients (
          account_id, esim_tran_no, country, language, choices, open_hours, own_choices
        ) VALUES ($1, $2, $3, '', '', '', '')
        ON CONFLICT (account_id, esim_tran_no) DO UPDATE SET country = excluded.country
    """,
    "insert_event": """
        INSERT INTO lifecycle_events (
          account_id, id, esim_tran_no, address, source, digest, kind, outcome, at_ms,
          received_ms, document
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT DO NOTHING
        RETURNING id
    """,
    "insert_transition": """
        INSERT INTO esim_transitions (
          account_id, id, esim_tran_no, transition, occurrence, at_ms, noted_ms, source, country,
          event_id
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT DO NOTHING
        RETURNING id
    """,
    "unpark": """
        UPDATE lifecycle_events SET esim_tran_no = $3, outcome = $4, address = ''
        WHERE account_id = $1 AND id = $2 AND outcome = 'parked'
        RETURNING id
    """,
    "end_parked": """
        UPDATE lifecycle_events SET outcome = 'unknown_esim', address = ''
        WHERE account_id = $1 AND id = $2 AND outcome = 'parked'
    """,
    "end_oldest_parked": """
        UPDATE lifecycle_events SET outcome = 'unknown_esim', address = ''
        WHERE account_id = $1 AND id IN (
          SELECT id FROM lifecycle_events WHERE account_id = $1 AND outcome = 'parked'
          ORDER BY id LIMIT $2)
    """,
    "has_parked": """
        SELECT 1 AS found FROM lifecycle_events
        WHERE account_id = $1 AND outcome = 'parked' LIMIT 1
    """,
    "count_parked": """
        SELECT count(*) AS parked FROM lifecycle_events
        WHERE account_id = $1 AND outcome = 'parked'
    """,
    "parked_at": """
        SELECT account_id, id, digest, at_ms, document FROM lifecycle_events
        WHERE account_id = $1 AND outcome = 'parked' AND address IN ($2, $3, $4, $5, $6)
    """,
    "list_parked": """
        SELECT account_id, id, address, digest, received_ms, document FROM lifecycle_events
        WHERE outcome = 'parked' AND (account_id, address, id) > ($1, $2, $3)
        ORDER BY account_id, address, id LIMIT $4
    """,
    "find_facts": "SELECT facts FROM esim_facts WHERE account_id = $1 AND esim_tran_no = $2",
    "list_events": """
        SELECT id, esim_tran_no, outcome, received_ms, document FROM lifecycle_events
        WHERE account_id = $1 AND esim_tran_no = $2 AND id < $3 ORDER BY id DESC LIMIT $4
    """,
    "transitions_of_kind": """
        SELECT * FROM esim_transitions WHERE account_id = $1 AND transition = $2 AND id > $3
        ORDER BY id LIMIT $4
    """,
    "delete_events": """
        DELETE FROM lifecycle_events WHERE (account_id, id) IN (
          SELECT account_id, id FROM lifecycle_events
          WHERE received_ms < $1 ORDER BY received_ms LIMIT $2
        )
        RETURNING id
    """,
    "delete_transitions": """
        DELETE FROM esim_transitions WHERE (account_id, id) IN (
          SELECT account_id, id FROM esim_transitions
          WHERE noted_ms < $1 ORDER BY noted_ms LIMIT $2
        )
        RETURNING id
    """,
}
