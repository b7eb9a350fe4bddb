"""The statements of `simpost.store.shared.verifications`.

`hold_pending` changes no value: it locks the row until the transaction ends.
"""

from __future__ import annotations

from typing import Final

SQL: Final = {
    "hold_pending": """
        UPDATE verifications SET checks = checks
        WHERE account_id = $1 AND esim_tran_no = $2 AND purpose = $3 AND state = 'pending'
        RETURNING *
    """,
    "insert": """
        INSERT INTO verifications (
          account_id, id, esim_tran_no, purpose, session_key, state, digest, code, text_key,
          sends, messages, checks, max_checks, created_ms, expires_ms, resend_ms, message_id, esim,
          prefix, country
        ) VALUES (
          $1, $2, $3, $4, $5, 'pending', $6, $7, $8, 1, 1, 0, $9, $10, $11, $12, $13, $14, $15, $16
        )
        ON CONFLICT DO NOTHING
        RETURNING *
    """,
    "send_again": """
        UPDATE verifications SET sends = sends + 1, messages = sends + 1, digest = $3, code = $4,
          text_key = $5, expires_ms = $6, resend_ms = $7, message_id = $8
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "count_check": """
        UPDATE verifications SET checks = checks + 1
        WHERE account_id = $1 AND id = $2 AND state = 'pending' AND expires_ms > $3
        RETURNING *
    """,
    "end": """
        UPDATE verifications SET state = $3, ended_ms = $4, digest = NULL, code = NULL,
          text_key = NULL, resend_ms = NULL
        WHERE account_id = $1 AND id = $2 AND state = 'pending'
        RETURNING *
    """,
    "find": "SELECT * FROM verifications WHERE account_id = $1 AND id = $2",
    "find_pending": """
        SELECT * FROM verifications
        WHERE account_id = $1 AND esim_tran_no = $2 AND purpose = $3 AND state = 'pending'
    """,
    "end_expired": """
        UPDATE verifications SET state = 'expired', ended_ms = expires_ms, digest = NULL,
          code = NULL, text_key = NULL, resend_ms = NULL
        WHERE state = 'pending' AND (account_id, id) IN (
          SELECT account_id, id FROM verifications
          WHERE state = 'pending' AND expires_ms <= $1 ORDER BY expires_ms LIMIT $2
        )
        RETURNING *
    """,
    "delete_ended": """
        DELETE FROM verifications WHERE (account_id, id) IN (
          SELECT account_id, id FROM verifications
          WHERE ended_ms IS NOT NULL AND ended_ms < $1 ORDER BY ended_ms LIMIT $2
        )
        RETURNING id
    """,
}
