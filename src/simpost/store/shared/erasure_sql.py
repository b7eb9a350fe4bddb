"""Statements of an erasure."""

from __future__ import annotations

from typing import Final

SQL: Final = {
    "esim": """
        SELECT msisdn, imsi, document FROM esims WHERE esim_tran_no = $1 AND account_id = $2
    """,
    "sent_numbers": """
        SELECT id, destination, iccid FROM messages
        WHERE account_id = $1 AND esim_tran_no = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5
    """,
    "other_esim": """
        SELECT 1 AS found FROM esims WHERE msisdn = $1 AND msisdn <> '' AND esim_tran_no <> $2
    """,
    "erase_esim": """
        UPDATE esims SET msisdn = '', imsi = '', document = $3
        WHERE esim_tran_no = $1 AND account_id = $2
    """,
    "messages": """
        SELECT id, request_id, forgotten_ms FROM messages
        WHERE account_id = $1 AND esim_tran_no = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5
    """,
    "has_not_ended": """
        SELECT 1 AS found FROM parts
        WHERE account_id = $1 AND message_id = $2 AND (state < 100 OR due_ms IS NOT NULL)
        UNION ALL
        SELECT 1 AS found FROM held_messages
        WHERE account_id = $1 AND message_id = $2 AND (state < 100 OR due_ms IS NOT NULL)
    """,
    "erase_message": """
        UPDATE messages SET text = '', text_key = NULL, destination = '', sender = '',
          decision = NULL, forgotten_ms = $3
        WHERE account_id = $1 AND id = $2
    """,
    "erase_parts": """
        UPDATE parts SET text = NULL
        WHERE account_id = $1 AND message_id = $2 AND text IS NOT NULL
    """,
    "erase_held": """
        UPDATE held_messages SET request = NULL, decisions = NULL
        WHERE account_id = $1 AND message_id = $2
    """,
    # An empty digest equals no other: the request id stays used.
    "erase_request": """
        UPDATE requests SET fingerprint = $4
        WHERE account_id = $1 AND request_id = $2 AND message_id = $3
    """,
    "erase_receipts_of_message": """
        UPDATE receipts SET numbers = NULL
        WHERE account_id = $1 AND message_id = $2 AND message_id IS NOT NULL
          AND numbers IS NOT NULL
    """,
    "inbound": """
        SELECT id, forgotten_ms FROM inbound
        WHERE account_id = $1 AND esim_tran_no = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5
    """,
    "inbound_of_nobody": """
        SELECT id, source, destination FROM inbound
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "erase_inbound": """
        UPDATE inbound SET text = '', raw = NULL, text_key = NULL, source = '', destination = '',
          forgotten_ms = $3
        WHERE account_id = $1 AND id = $2
    """,
    "changes": """
        SELECT id, words FROM preference_changes
        WHERE account_id = $1 AND esim_tran_no = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5
    """,
    "erase_change": """
        UPDATE preference_changes SET words = '', text_key = NULL, forgotten_ms = $3
        WHERE account_id = $1 AND id = $2
    """,
    "flags": """
        SELECT id, esim_tran_no, words FROM preference_flags
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "erase_flag": """
        UPDATE preference_flags SET words = '', text_key = NULL, forgotten_ms = $3
        WHERE account_id = $1 AND id = $2
    """,
    "conversations": """
        SELECT id, own_number FROM conversations
        WHERE account_id = $1 AND esim_tran_no = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5
    """,
    "erase_conversation": """
        UPDATE conversations SET own_number = '' WHERE account_id = $1 AND id = $2
    """,
    "erase_notes": """
        UPDATE conversation_notes SET words = '', text_key = NULL, forgotten_ms = $3
        WHERE account_id = $1 AND conversation_id = $2 AND forgotten_ms IS NULL
        RETURNING id
    """,
    "refusals": """
        SELECT id, esim_tran_no, decision FROM refusals
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "erase_refusal": """
        UPDATE refusals SET decision = NULL WHERE account_id = $1 AND id = $2
    """,
    "verifications": """
        SELECT id, esim_tran_no, session_key, prefix, state FROM verifications
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "end_verification": """
        UPDATE verifications SET state = 'cancelled', ended_ms = $3
        WHERE account_id = $1 AND id = $2 AND state = 'pending'
    """,
    "erase_verification": """
        UPDATE verifications SET digest = NULL, code = NULL, text_key = NULL, resend_ms = NULL,
          session_key = '', prefix = '', country = ''
        WHERE account_id = $1 AND id = $2
    """,
    "erase_known": """
        DELETE FROM quota_uses WHERE account_id = $1 AND counter = $2 AND period = $3
        RETURNING counter
    """,
    "deliveries": """
        SELECT endpoint_id, sequence, subject, attempts FROM webhook_deliveries
        WHERE account_id = $1 AND (endpoint_id, sequence) > ($2, $3)
        ORDER BY endpoint_id, sequence LIMIT $4
    """,
    "is_of_esim": """
        SELECT 1 AS found FROM messages WHERE account_id = $1 AND id = $2 AND esim_tran_no = $3
        UNION ALL
        SELECT 1 AS found FROM inbound WHERE account_id = $1 AND id = $2 AND esim_tran_no = $3
    """,
    "erase_delivery": """
        UPDATE webhook_deliveries SET attempts = $4
        WHERE account_id = $1 AND endpoint_id = $2 AND sequence = $3
    """,
    "lifecycle_errors": """
        SELECT id, body FROM lifecycle_errors
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "erase_file_values": """
        UPDATE broadcast_file_rows SET given = '{}' WHERE account_id = $1 AND esim_tran_no = $2
    """,
    "erase_lifecycle_error": """
        UPDATE lifecycle_errors SET body = $3 WHERE account_id = $1 AND id = $2
    """,
    "unfinished_broadcasts": """
        SELECT id FROM broadcasts
        WHERE account_id = $1 AND ended_ms IS NULL AND id > $2 ORDER BY id LIMIT $3
    """,
    "is_recipient": """
        SELECT 1 AS found FROM broadcast_recipients
        WHERE account_id = $1 AND broadcast_id = $2 AND esim_tran_no = $3
          AND state IN ('waiting', 'held')
    """,
    "assemblies": """
        SELECT id, source, destination, inbound_id FROM assemblies
        WHERE id > $1 AND first_ms <= $2 ORDER BY id LIMIT $3
    """,
    "delete_incoming_parts": "DELETE FROM incoming_parts WHERE assembly = $1",
    "delete_assembly": "DELETE FROM assemblies WHERE id = $1",
    "receipts": """
        SELECT carrier, carrier_message_id, state, numbers FROM receipts
        WHERE (carrier, carrier_message_id, state) > ($1, $2, $3)
        ORDER BY carrier, carrier_message_id, state LIMIT $4
    """,
    "erase_receipt": """
        UPDATE receipts SET numbers = NULL
        WHERE carrier = $1 AND carrier_message_id = $2 AND state = $3
    """,
}
