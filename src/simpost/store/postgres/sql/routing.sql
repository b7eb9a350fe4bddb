-- Moving queued messages to another carrier.

-- name: carriers_with_backlog
-- One index look-up for each carrier, however many parts are queued.
WITH RECURSIVE waited_for (carrier) AS (
  (SELECT carrier FROM parts WHERE owner IS NULL AND due_ms IS NOT NULL
   ORDER BY carrier LIMIT 1)
  UNION ALL
  SELECT next.carrier FROM waited_for AS w CROSS JOIN LATERAL (
    SELECT p.carrier FROM parts AS p
    WHERE p.owner IS NULL AND p.due_ms IS NOT NULL AND p.carrier > w.carrier
    ORDER BY p.carrier LIMIT 1
  ) AS next
)
SELECT carrier FROM waited_for

-- name: queued_messages
-- By their first part, in the order in which they are claimed; with all texts of several parts.
SELECT p.account_id, p.message_id, m.esim_tran_no, m.destination, m.sender, m.category, m.text,
  m.text_key, m.encoding, m.options, CASE WHEN p.total = 1 THEN NULL ELSE (
    SELECT array_agg(s.text ORDER BY s.number) FROM parts AS s
    WHERE s.account_id = p.account_id AND s.message_id = p.message_id
  ) END AS parts,
  p.state < 40 AND (p.total = 1 OR NOT EXISTS (
    SELECT 1 FROM parts AS s
    WHERE s.account_id = p.account_id AND s.message_id = p.message_id
      AND (s.owner IS NOT NULL OR s.state >= 40)
  )) AS may_move,
  p.priority, p.due_ms, p.expires_ms
FROM parts AS p JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner IS NULL AND p.carrier = $1 AND p.due_ms IS NOT NULL AND p.number = 1
  AND (p.priority, p.due_ms, p.expires_ms, p.account_id, p.message_id) > ($2, $3, $4, $5, $6)
ORDER BY p.priority, p.due_ms, p.expires_ms, p.account_id, p.message_id LIMIT $7

-- name: lock_messages_to_move
SELECT p.account_id, p.message_id, p.number, p.owner IS NOT NULL OR p.state >= 40 AS stays
FROM unnest($1::integer[], $2::bytea[]) AS n (account_id, message_id)
JOIN parts AS p ON p.account_id = n.account_id AND p.message_id = n.message_id
ORDER BY p.account_id, p.message_id, p.number FOR UPDATE OF p

-- name: reroute_messages
-- Their parts are locked; none was sent, is in doubt or is leased.
WITH moved AS (
  SELECT * FROM unnest($1::integer[], $2::bytea[], $3::text[], $4::text[])
    AS n (account_id, message_id, carrier, sender)
), parted AS (
  UPDATE parts AS p SET carrier = n.carrier, due_ms = $5, updated_ms = $5
  FROM moved AS n
  WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.due_ms IS NOT NULL
  RETURNING p.account_id, p.message_id
), signed AS (
  UPDATE messages AS m SET sender = n.sender
  FROM moved AS n
  WHERE m.account_id = n.account_id AND m.id = n.message_id AND m.sender <> n.sender
)
SELECT DISTINCT account_id, message_id FROM parted

-- name: change_options
UPDATE messages SET options = $3 WHERE account_id = $1 AND id = $2

-- Parts that a carrier accepted.

-- name: open_parts
-- A slice of the index, most of which is final. Without a destination: it does not await a report.
SELECT p.carrier_message_id, p.expires_ms, m.destination
FROM (
  SELECT account_id, message_id, carrier_message_id, expires_ms, state, final_ms FROM parts
  WHERE carrier = $1 AND carrier_message_id > $2 AND carrier_message_id IS NOT NULL
    AND message_id >= $3
  ORDER BY carrier_message_id LIMIT $4
) AS p
LEFT JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
  AND p.state = 50 AND p.final_ms IS NULL
  AND (m.options::json ->> 'receipt') IS DISTINCT FROM 'false'
ORDER BY p.carrier_message_id

-- name: parts_sent_to
SELECT p.carrier_message_id, p.expires_ms, m.destination
FROM esims AS e
JOIN messages AS m ON m.account_id = e.account_id AND m.esim_tran_no = e.esim_tran_no
JOIN parts AS p ON p.account_id = m.account_id AND p.message_id = m.id
WHERE e.iccid = $2 AND m.destination = $2 AND m.id >= $3 AND p.message_id >= $3
  AND p.carrier = $1 AND p.expires_ms > $4
  AND (p.carrier_message_id IS NOT NULL OR p.state = 40)
LIMIT 3

-- Sent messages without a receipt.

-- name: sent_messages
-- By account and age, after a given message; newer messages cannot be overdue.
SELECT a.id AS account_id, p.message_id, p.expires_ms
FROM accounts AS a CROSS JOIN LATERAL (
  SELECT s.message_id, s.expires_ms FROM parts AS s
  WHERE s.account_id = a.id AND s.message_state = 50 AND s.message_state IS NOT NULL
    AND s.message_id > CASE WHEN a.id = $1 THEN $2 ELSE ''::bytea END AND s.message_id < $3
  ORDER BY s.message_id LIMIT $4
) AS p
WHERE a.id >= $1
ORDER BY a.id, p.message_id LIMIT $4

-- name: end_unreported
-- Except messages for which no receipt was requested: they stay `sent`.
UPDATE parts AS p SET
  state = 102, message_state = CASE WHEN p.total = 1 THEN 102 ELSE p.message_state END,
  reason = 'no_receipt', owner = NULL, due_ms = NULL, final_ms = $1, updated_ms = $1
FROM unnest($3::integer[], $4::bytea[]) AS n (account_id, message_id)
WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.state = 50
  AND p.expires_ms <= $2
  AND NOT EXISTS (
    SELECT 1 FROM messages AS m
    WHERE m.account_id = p.account_id AND m.id = p.message_id
      AND (m.options::json ->> 'receipt') = 'false'
  )
RETURNING p.account_id, p.message_id, p.total, p.carrier, p.reason
