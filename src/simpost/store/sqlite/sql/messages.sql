-- Acceptance.

-- name: insert_message
INSERT INTO messages (
  account_id, id, esim_tran_no, iccid, destination, sender, category, encoding, reference,
  part_count, created_ms, expires_ms, request_id, text, options, caller_reference,
  text_key, decision
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_part
INSERT INTO parts (
  account_id, message_id, number, total, carrier, priority, expires_ms, state, message_state,
  owner, due_ms, attempt, updated_ms, text
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: next_reference
INSERT INTO concatenations (account_id, esim_tran_no, reference) VALUES (?, ?, 1)
ON CONFLICT (account_id, esim_tran_no) DO UPDATE SET reference = (reference + 1) & 65535
RETURNING reference

-- name: take_request_id
INSERT INTO requests (account_id, request_id, fingerprint, message_id, reason, created_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (account_id, request_id) DO UPDATE SET
  fingerprint = excluded.fingerprint,
  message_id = excluded.message_id,
  reason = excluded.reason,
  created_ms = excluded.created_ms
WHERE requests.created_ms < ?7

-- name: find_request
SELECT fingerprint, message_id, reason FROM requests WHERE account_id = ? AND request_id = ?

-- name: find_fresh_request
SELECT fingerprint, message_id, reason FROM requests
WHERE account_id = ? AND request_id = ? AND created_ms >= ?

-- name: answer_signature
UPDATE requests SET message_id = ?, reason = ? WHERE account_id = ? AND request_id = ?

-- name: delete_old_requests
DELETE FROM requests WHERE (account_id, request_id) IN (
  SELECT account_id, request_id FROM requests WHERE created_ms < ? ORDER BY created_ms LIMIT ?
)

-- Retention.

-- name: old_messages
SELECT m.account_id, m.id FROM accounts AS a
CROSS JOIN messages AS m ON m.account_id = a.id AND m.id < ?1
WHERE NOT EXISTS (
  SELECT 1 FROM parts AS p
  WHERE p.account_id = m.account_id AND p.message_id = m.id AND p.due_ms IS NOT NULL)
AND NOT EXISTS (
  SELECT 1 FROM held_messages AS h
  WHERE h.account_id = m.account_id AND h.message_id = m.id AND h.due_ms IS NOT NULL)
LIMIT ?2

-- name: delete_receipts
DELETE FROM receipts WHERE account_id = ? AND message_id = ?

-- name: delete_attempts
DELETE FROM attempts WHERE account_id = ? AND message_id = ?

-- name: delete_parts
DELETE FROM parts WHERE account_id = ? AND message_id = ?

-- name: delete_message
DELETE FROM messages WHERE account_id = ? AND id = ?

-- The log.

-- name: find_message
SELECT m.id, m.account_id, m.esim_tran_no, m.iccid, m.destination, m.category, m.text, m.encoding,
  m.part_count, m.created_ms, m.expires_ms, m.request_id, m.sender, m.options,
  m.caller_reference, m.text_key, m.redacted_ms, m.forgotten_ms, m.decision, h.decisions,
  h.state AS held_state, h.reason AS held_reason, h.send_at_ms, h.until_ms, h.updated_ms AS held_updated_ms
FROM messages AS m
LEFT JOIN held_messages AS h ON h.account_id = m.account_id AND h.message_id = m.id
WHERE m.account_id = ? AND m.id = ?

-- name: find_owner
SELECT m.account_id FROM accounts AS a
CROSS JOIN messages AS m ON m.account_id = a.id AND m.id = ?
LIMIT 1

-- name: find_parts
SELECT number, state, reason, carrier, carrier_message_id, carrier_code, sent_ms, final_ms,
  updated_ms
FROM parts WHERE account_id = ? AND message_id = ? ORDER BY number

-- name: find_attempts
SELECT part, number, carrier, outcome, reason, carrier_message_id, carrier_code, started_ms,
  ended_ms, repeat
FROM attempts WHERE account_id = ? AND message_id = ? ORDER BY part, number

-- name: sent_parts
SELECT p.account_id, p.message_id, p.number, p.total, coalesce(p.text, m.text) AS text,
  m.text_key, m.encoding, m.reference, m.destination, m.sender, m.category, p.priority,
  m.created_ms, p.expires_ms, p.attempt, 0 AS repeat, m.options, 0 AS unclear
FROM parts AS p
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.account_id = ? AND p.message_id = ? ORDER BY p.number

-- name: esims_of_iccid
SELECT esim_tran_no FROM esims WHERE account_id = ? AND iccid = ?

-- name: list_messages
SELECT id FROM messages
WHERE account_id = :account_id AND id < :before AND id >= :after
  AND created_ms >= :from_ms AND created_ms <= :to_ms
ORDER BY id DESC LIMIT :limit

-- name: list_messages_of_esim
SELECT id FROM messages INDEXED BY messages_by_esim
WHERE account_id = :account_id AND esim_tran_no = :esim_tran_no
  AND id < :before AND id >= :after
  AND created_ms >= :from_ms AND created_ms <= :to_ms
  AND (:iccid IS NULL OR iccid = :iccid)
ORDER BY id DESC LIMIT :limit

-- name: list_messages_of_esim_in_state
-- Walks two indexes and reads a row only where both have the message. Most messages are delivered
-- (100), so the other final states are checked first: for an eSIM that is always off (102, then 101
-- and 103), hardly any message is searched among all that were delivered.
SELECT e.id FROM messages AS e INDEXED BY messages_by_esim
CROSS JOIN parts AS p INDEXED BY parts_by_message_state
  ON p.account_id = e.account_id AND p.message_state = :state AND p.message_state IS NOT NULL
  AND p.message_id = e.id
CROSS JOIN messages AS m ON m.account_id = e.account_id AND m.id = e.id
WHERE e.account_id = :account_id AND e.esim_tran_no = :esim_tran_no
  AND e.id < :before AND e.id >= :after
  AND (:state <> 100 OR NOT EXISTS (
    SELECT 1 FROM parts AS o INDEXED BY parts_by_message_state
    WHERE o.account_id = e.account_id AND o.message_state = 102 AND o.message_state IS NOT NULL
      AND o.message_id = e.id))
  AND (:state <> 100 OR NOT EXISTS (
    SELECT 1 FROM parts AS o INDEXED BY parts_by_message_state
    WHERE o.account_id = e.account_id AND o.message_state IN (101, 103)
      AND o.message_state IS NOT NULL AND o.message_id = e.id))
  AND m.created_ms >= :from_ms AND m.created_ms <= :to_ms
  AND (:iccid IS NULL OR m.iccid = :iccid)
ORDER BY e.id DESC LIMIT :limit

-- name: list_messages_in_state
SELECT p.message_id AS id FROM parts AS p INDEXED BY parts_by_message_state
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.account_id = :account_id AND p.message_state = :state AND p.message_state IS NOT NULL
  AND p.message_id < :before AND p.message_id >= :after
  AND m.created_ms >= :from_ms AND m.created_ms <= :to_ms
ORDER BY p.message_id DESC LIMIT :limit

-- name: list_messages_with_reference
SELECT id FROM messages INDEXED BY messages_by_reference
WHERE account_id = :account_id AND caller_reference = :reference AND caller_reference IS NOT NULL
  AND id < :before AND id >= :after
  AND created_ms >= :from_ms AND created_ms <= :to_ms
ORDER BY id DESC LIMIT :limit

-- name: messages_with_prefix
-- In the order of their references: complete if fewer than the limit.
SELECT id FROM messages INDEXED BY messages_by_reference
WHERE account_id = :account_id
  AND caller_reference >= :prefix AND caller_reference < :prefix_end
  AND caller_reference IS NOT NULL
  AND id < :before AND id >= :after
  AND created_ms >= :from_ms AND created_ms <= :to_ms
LIMIT :limit

-- name: end_of_walk
SELECT message_id AS id FROM parts
WHERE account_id = :account_id AND message_id < :before AND message_id >= :after
ORDER BY message_id DESC LIMIT 1 OFFSET :most

-- name: messages_with_carrier_id
SELECT p.message_id AS id FROM parts AS p
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.account_id = :account_id AND p.message_id < :before AND p.message_id >= :after
  AND p.carrier_message_id = :carrier_id
  AND m.created_ms >= :from_ms AND m.created_ms <= :to_ms
ORDER BY p.message_id DESC LIMIT :limit

-- name: check_message
-- The reason of a message is that of its first part in the state of the message.
SELECT m.id FROM messages AS m
WHERE m.account_id = :account_id AND m.id = :id
  AND (:esim_tran_no IS NULL OR m.esim_tran_no = :esim_tran_no)
  AND (:iccid IS NULL OR m.iccid = :iccid)
  AND (:category IS NULL OR m.category = :category)
  AND (:template IS NULL OR json_extract(m.options, '$.template.name') = :template)
  AND (:broadcast IS NULL OR EXISTS (
    SELECT 1 FROM broadcast_recipients AS r
    WHERE r.account_id = m.account_id AND r.broadcast_id = :broadcast
      AND r.esim_tran_no = m.esim_tran_no AND r.message_id = m.id))
  AND (:prefix IS NULL OR (m.caller_reference >= :prefix AND m.caller_reference < :prefix_end))
  AND (:carrier_id IS NULL OR EXISTS (
    SELECT 1 FROM parts AS c
    WHERE c.account_id = m.account_id AND c.message_id = m.id
      AND c.carrier_message_id = :carrier_id))
  AND (:state IS NULL OR :state = coalesce(
    (SELECT f.message_state FROM parts AS f
      WHERE f.account_id = m.account_id AND f.message_id = m.id AND f.number = 1),
    (SELECT h.state FROM held_messages AS h
      WHERE h.account_id = m.account_id AND h.message_id = m.id)))
  AND (:reason IS NULL
    OR :reason = (
      SELECT p.reason FROM parts AS f
      CROSS JOIN parts AS p
        ON p.account_id = f.account_id AND p.message_id = f.message_id
        AND p.state = f.message_state
      WHERE f.account_id = m.account_id AND f.message_id = m.id AND f.number = 1
      ORDER BY p.number LIMIT 1)
    OR EXISTS (
      SELECT 1 FROM held_messages AS h
      WHERE h.account_id = m.account_id AND h.message_id = m.id
        AND h.state IS NOT NULL AND h.reason = :reason))
