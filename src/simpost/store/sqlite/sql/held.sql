-- Held messages.

-- name: insert_held
INSERT INTO held_messages (
  account_id, message_id, esim_tran_no, state, reason, send_at_ms, until_ms, due_ms, request,
  updated_ms, decisions
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: due_held
SELECT h.account_id, h.message_id, m.esim_tran_no, m.iccid, m.category, m.text, m.text_key,
  m.expires_ms, h.until_ms, h.request
FROM held_messages AS h INDEXED BY held_messages_due
CROSS JOIN messages AS m ON m.account_id = h.account_id AND m.id = h.message_id
WHERE h.due_ms <= ? AND h.due_ms IS NOT NULL
ORDER BY h.due_ms LIMIT ?

-- name: lease_held
UPDATE held_messages SET due_ms = ? WHERE account_id = ? AND message_id = ?

-- name: release_held
UPDATE held_messages SET
  state = NULL, reason = NULL, due_ms = NULL, request = NULL, updated_ms = :now_ms,
  decisions = coalesce(decisions || char(10) || :decision, decisions, :decision)
WHERE account_id = :account_id AND message_id = :message_id AND due_ms IS NOT NULL

-- name: rewrite_message
UPDATE messages SET
  destination = :destination, sender = :sender, encoding = :encoding, reference = :reference,
  part_count = :part_count, text = :text, text_key = :text_key, options = :options
WHERE account_id = :account_id AND id = :message_id

-- name: defer_held
UPDATE held_messages SET
  state = :state, reason = :reason, until_ms = :until_ms, due_ms = :until_ms, updated_ms = :now_ms,
  decisions = iif(length(decisions || :decision) < :most, decisions || char(10) || :decision,
    decisions)
WHERE account_id = :account_id AND message_id = :message_id AND due_ms IS NOT NULL

-- name: change_expiry
UPDATE messages SET expires_ms = :expires_ms WHERE account_id = :account_id AND id = :message_id

-- name: make_held_due
UPDATE held_messages SET due_ms = :now_ms
WHERE account_id = :account_id AND message_id = :message_id AND state = :state
  AND due_ms > :now_ms

-- name: end_held
UPDATE held_messages SET
  state = :state, reason = :reason, due_ms = NULL, request = NULL, updated_ms = :now_ms,
  decisions = coalesce(decisions || char(10) || :decision, decisions, :decision)
WHERE account_id = :account_id AND message_id = :message_id AND due_ms IS NOT NULL

-- name: cancel_queued
-- All parts or none: a message stays if a part was sent, is in doubt or is leased.
UPDATE parts SET
  state = 104, message_state = iif(number = 1, 104, NULL), reason = 'cancelled', due_ms = NULL,
  final_ms = :now_ms, updated_ms = :now_ms
WHERE account_id = :account_id AND message_id = :message_id
  AND NOT EXISTS (
    SELECT 1 FROM parts AS s
    WHERE s.account_id = :account_id AND s.message_id = :message_id
      AND (s.owner IS NOT NULL OR s.state >= 40)
  )
RETURNING carrier, reason

-- name: list_held_in_state
SELECT h.message_id AS id FROM held_messages AS h INDEXED BY held_messages_by_state
CROSS JOIN messages AS m ON m.account_id = h.account_id AND m.id = h.message_id
WHERE h.account_id = :account_id AND h.state = :state AND h.state IS NOT NULL
  AND h.message_id < :before AND h.message_id >= :after
  AND m.created_ms >= :from_ms AND m.created_ms <= :to_ms
ORDER BY h.message_id DESC LIMIT :limit

-- name: list_held_of_esim_in_state
SELECT h.message_id AS id FROM held_messages AS h INDEXED BY held_messages_by_esim
CROSS JOIN messages AS m ON m.account_id = h.account_id AND m.id = h.message_id
WHERE h.account_id = :account_id AND h.esim_tran_no = :esim_tran_no AND h.state = :state
  AND h.state IS NOT NULL
  AND h.message_id < :before AND h.message_id >= :after
  AND m.created_ms >= :from_ms AND m.created_ms <= :to_ms
  AND (:iccid IS NULL OR m.iccid = :iccid)
ORDER BY h.message_id DESC LIMIT :limit

-- name: delete_held
DELETE FROM held_messages WHERE account_id = ? AND message_id = ?
