-- Leases.

-- name: due_parts
SELECT p.account_id, p.message_id, p.number, p.total, coalesce(p.text, m.text) AS text,
  m.text_key, m.encoding, m.reference, m.destination, m.sender, m.category, p.priority, m.created_ms, p.expires_ms,
  p.attempt + 1 AS attempt, p.state = 40 AS repeat, m.options, iif(p.attempt > 0, (SELECT count(*) FROM attempts AS a
    WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
      AND (a.outcome = 'in_doubt' OR a.reason = 'unclear_response')), 0) AS unclear
FROM parts AS p INDEXED BY parts_due
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner IS NULL AND p.carrier = ? AND p.priority = ? AND p.due_ms <= ?
  AND p.due_ms IS NOT NULL
ORDER BY p.due_ms LIMIT ?

-- name: lease_part
UPDATE parts SET owner = new.column1, due_ms = new.column2, attempt = new.column3
FROM (VALUES (?, ?, ?, ?, ?, ?)) AS new
WHERE account_id = new.column4 AND message_id = new.column5 AND number = new.column6

-- name: postpone_part
UPDATE parts SET due_ms = ?4, reason = ?5, updated_ms = ?6
WHERE account_id = ?1 AND message_id = ?2 AND number = ?3

-- name: parts_leased
SELECT p.account_id, p.message_id, p.number, p.total, coalesce(p.text, m.text) AS text,
  m.text_key, m.encoding, m.reference, m.destination, m.sender, m.category, p.priority, m.created_ms, p.expires_ms,
  p.attempt, p.state = 40 AS repeat, m.options, iif(p.attempt > 1, (SELECT count(*) FROM attempts AS a
    WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
      AND (a.outcome = 'in_doubt' OR a.reason = 'unclear_response')), 0) AS unclear
FROM parts AS p INDEXED BY parts_due
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner = ? AND p.carrier = ? AND p.due_ms IS NOT NULL
ORDER BY p.due_ms LIMIT ?

-- name: lost_leases
SELECT p.account_id, p.message_id, p.number, p.total, p.carrier, p.state, p.attempt,
  p.expires_ms, p.updated_ms, m.category,
  iif(p.attempt > 1, (SELECT count(*) FROM attempts AS a
    WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
      AND (a.outcome = 'in_doubt' OR a.reason = 'unclear_response')), 0) AS unclear
FROM parts AS p INDEXED BY parts_due
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner > '' AND p.due_ms <= ? AND p.due_ms IS NOT NULL LIMIT ?

-- name: leases_of
SELECT p.account_id, p.message_id, p.number, p.total, p.carrier, p.state, p.attempt,
  p.expires_ms, p.updated_ms, m.category,
  iif(p.attempt > 1, (SELECT count(*) FROM attempts AS a
    WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
      AND (a.outcome = 'in_doubt' OR a.reason = 'unclear_response')), 0) AS unclear
FROM parts AS p INDEXED BY parts_due
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner = ? AND p.due_ms IS NOT NULL LIMIT ?

-- name: put_part_in_doubt
UPDATE parts SET
  state = 40, message_state = iif(total = 1, 40, message_state), reason = ?, owner = NULL,
  due_ms = ?, updated_ms = ?
WHERE account_id = ? AND message_id = ? AND number = ?

-- name: release_part
UPDATE parts SET owner = NULL, due_ms = NULL
WHERE account_id = ? AND message_id = ? AND number = ?

-- name: overdue_parts
SELECT account_id, message_id, number FROM parts INDEXED BY parts_due
WHERE owner IS NULL AND due_ms IS NOT NULL AND expires_ms <= ? LIMIT ?

-- name: expire_part
UPDATE parts SET
  state = 102, message_state = iif(total = 1, 102, message_state),
  reason = iif(state = 40, 'expired_in_doubt', 'validity_expired'),
  due_ms = NULL, final_ms = :now_ms, updated_ms = :now_ms
WHERE account_id = :account_id AND message_id = :message_id AND number = :number
  AND owner IS NULL AND due_ms IS NOT NULL AND expires_ms <= :now_ms
RETURNING total, carrier, reason

-- name: count_queued
SELECT count(*) FROM parts INDEXED BY parts_due
WHERE owner IS NULL AND carrier = ? AND due_ms IS NOT NULL

-- Results of attempts.

-- name: record_attempt
INSERT INTO attempts (
  account_id, message_id, part, number, carrier, outcome, reason, carrier_message_id,
  carrier_code, started_ms, ended_ms, repeat
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account_id, message_id, part, number) DO UPDATE SET
  outcome = excluded.outcome, reason = excluded.reason,
  carrier_message_id = excluded.carrier_message_id, carrier_code = excluded.carrier_code,
  started_ms = min(started_ms, excluded.started_ms), ended_ms = excluded.ended_ms

-- name: settle_parts
-- Writes the part as its latest attempt left it. Skips parts whose rank would fall.
UPDATE parts SET
  state = new.column5, message_state = iif(total = 1, new.column5, message_state),
  reason = new.column6, carrier = new.column7,
  carrier_message_id = coalesce(carrier_message_id, new.column8), carrier_code = new.column9,
  owner = NULL, due_ms = new.column10, sent_ms = coalesce(sent_ms, new.column11),
  final_ms = new.column12, updated_ms = new.column13
FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS new
WHERE account_id = new.column1 AND message_id = new.column2 AND number = new.column3
  AND attempt = new.column4 AND state < 100 AND state / 10 <= new.column5 / 10

-- name: find_part
SELECT state, reason, owner, due_ms, attempt, carrier_message_id, carrier_code, final_ms
FROM parts WHERE account_id = ? AND message_id = ? AND number = ?

-- name: rewrite_part
UPDATE parts SET
  state = ?1, message_state = iif(total = 1, ?1, message_state), reason = ?2, carrier_code = ?3,
  carrier_message_id = ?4, owner = ?5, due_ms = ?6, attempt = ?7,
  sent_ms = coalesce(sent_ms, ?8), final_ms = ?9, updated_ms = max(updated_ms, ?10)
WHERE account_id = ?11 AND message_id = ?12 AND number = ?13

-- name: siblings
SELECT number, state, owner IS NOT NULL AS is_leased, message_state FROM parts
WHERE account_id = ? AND message_id = ? ORDER BY number

-- name: cancel_part
UPDATE parts SET
  state = 104, reason = 'sibling_part_failed', due_ms = NULL, final_ms = ?1, updated_ms = ?1
WHERE account_id = ?2 AND message_id = ?3 AND number = ?4
RETURNING carrier, reason

-- name: set_message_state
UPDATE parts SET message_state = ? WHERE account_id = ? AND message_id = ? AND number = 1
