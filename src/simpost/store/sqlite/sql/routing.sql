-- Moving queued messages to another carrier.

-- name: carriers_with_backlog
-- One index look-up for each carrier, however many parts are queued.
WITH RECURSIVE waited_for (carrier) AS (
  SELECT min(carrier) FROM parts INDEXED BY parts_due
  WHERE owner IS NULL AND due_ms IS NOT NULL
  UNION ALL
  SELECT (
    SELECT min(carrier) FROM parts INDEXED BY parts_due
    WHERE owner IS NULL AND due_ms IS NOT NULL AND carrier > w.carrier
  ) FROM waited_for AS w WHERE w.carrier IS NOT NULL
)
SELECT carrier FROM waited_for WHERE carrier IS NOT NULL

-- name: queued_messages
-- By their first part, in the order in which they are claimed; with all texts of several parts.
SELECT p.account_id, p.message_id, m.esim_tran_no, m.destination, m.sender, m.category, m.text,
  m.text_key, m.encoding, m.options, iif(p.total = 1, NULL, (
    SELECT json_group_array(s.text ORDER BY s.number) FROM parts AS s
    WHERE s.account_id = p.account_id AND s.message_id = p.message_id
  )) AS parts,
  p.state < 40 AND (p.total = 1 OR NOT EXISTS (
    SELECT 1 FROM parts AS s
    WHERE s.account_id = p.account_id AND s.message_id = p.message_id
      AND (s.owner IS NOT NULL OR s.state >= 40)
  )) AS may_move,
  p.priority, p.due_ms, p.expires_ms
FROM parts AS p INDEXED BY parts_due
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner IS NULL AND p.carrier = ?1 AND p.due_ms IS NOT NULL AND p.number = 1
  AND (p.priority, p.due_ms, p.expires_ms, p.account_id, p.message_id) > (?2, ?3, ?4, ?5, ?6)
ORDER BY p.priority, p.due_ms, p.expires_ms, p.account_id, p.message_id LIMIT ?7

-- name: reroute_message
-- All parts or none: a message stays if a part was sent, is in doubt or is leased.
UPDATE parts SET carrier = :carrier, due_ms = :now_ms, updated_ms = :now_ms
WHERE account_id = :account_id AND message_id = :message_id AND due_ms IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM parts AS s
    WHERE s.account_id = :account_id AND s.message_id = :message_id
      AND (s.owner IS NOT NULL OR s.state >= 40)
  )

-- name: set_message_sender
UPDATE messages SET sender = :sender
WHERE account_id = :account_id AND id = :message_id AND sender <> :sender

-- name: change_options
UPDATE messages SET options = :options WHERE account_id = :account_id AND id = :message_id

-- Parts that a carrier accepted.

-- name: open_parts
-- The index has only what awaits a report. Without a destination: it does not await one.
SELECT p.carrier_message_id, p.expires_ms, m.destination
FROM parts AS p INDEXED BY parts_by_carrier_id
LEFT JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
  AND p.state = 50 AND p.message_id >= :oldest AND (m.options ->> 'receipt') IS NOT 0
WHERE p.carrier = :carrier AND p.carrier_message_id > :after
  AND p.carrier_message_id IS NOT NULL AND p.final_ms IS NULL
ORDER BY p.carrier_message_id LIMIT :limit

-- name: parts_sent_to
SELECT p.carrier_message_id, p.expires_ms, m.destination
FROM accounts AS a
CROSS JOIN esims AS e INDEXED BY esims_by_iccid ON e.account_id = a.id AND e.iccid = :iccid
CROSS JOIN messages AS m INDEXED BY messages_by_esim
  ON m.account_id = e.account_id AND m.esim_tran_no = e.esim_tran_no
CROSS JOIN parts AS p ON p.account_id = m.account_id AND p.message_id = m.id
WHERE a.id > 0 AND m.destination = :iccid AND m.id >= :oldest
  AND p.carrier = :carrier AND p.expires_ms > :now_ms
  AND (p.carrier_message_id IS NOT NULL OR p.state = 40)
LIMIT 3

-- Sent messages without a receipt.

-- name: sent_messages
-- By account and age, after a given message; newer messages cannot be overdue.
SELECT p.account_id, p.message_id, p.expires_ms
FROM accounts AS a CROSS JOIN parts AS p INDEXED BY parts_by_message_state
WHERE a.id >= :account_id AND p.account_id = a.id
  AND p.message_state = 50 AND p.message_state IS NOT NULL
  AND p.message_id > iif(a.id = :account_id, :message_id, x'') AND p.message_id < :young
ORDER BY a.id, p.message_id LIMIT :limit

-- name: end_unreported
-- Except messages for which no receipt was requested: they stay `sent`.
UPDATE parts SET
  state = 102, message_state = iif(total = 1, 102, message_state), reason = 'no_receipt',
  owner = NULL, due_ms = NULL, final_ms = :now_ms, updated_ms = :now_ms
WHERE account_id = :account_id AND message_id = :message_id AND state = 50
  AND expires_ms <= :expired_ms
  AND NOT EXISTS (
    SELECT 1 FROM messages AS m
    WHERE m.account_id = parts.account_id AND m.id = parts.message_id
      AND m.options ->> 'receipt' = 0
  )
RETURNING total, carrier
