-- Leases.

-- name: claim
-- Due parts, the lowest priority number first; leased unless their validity is over.
WITH code_parts AS MATERIALIZED (
  SELECT account_id, message_id, number, priority, due_ms, expires_ms FROM parts
  WHERE owner IS NULL AND due_ms IS NOT NULL AND carrier = $1 AND priority = 0 AND due_ms <= $2
    AND message_id >= $3
  ORDER BY due_ms, expires_ms, account_id, message_id, number LIMIT $4 FOR UPDATE SKIP LOCKED
), normal_parts AS MATERIALIZED (
  SELECT account_id, message_id, number, priority, due_ms, expires_ms FROM parts
  WHERE owner IS NULL AND due_ms IS NOT NULL AND carrier = $1 AND priority = 1 AND due_ms <= $2
    AND message_id >= $3
  ORDER BY due_ms, expires_ms, account_id, message_id, number
  LIMIT CASE WHEN $7 THEN 0 ELSE $4 - (SELECT count(*) FROM code_parts) END FOR UPDATE SKIP LOCKED
), bulk_parts AS MATERIALIZED (
  SELECT account_id, message_id, number, priority, due_ms, expires_ms FROM parts
  WHERE owner IS NULL AND due_ms IS NOT NULL AND carrier = $1 AND priority = 2 AND due_ms <= $2
    AND message_id >= $3
  ORDER BY due_ms, expires_ms, account_id, message_id, number
  LIMIT CASE WHEN $7 THEN 0 ELSE
    $4 - (SELECT count(*) FROM code_parts) - (SELECT count(*) FROM normal_parts) END FOR UPDATE SKIP LOCKED
), due AS (
  SELECT * FROM code_parts UNION ALL SELECT * FROM normal_parts UNION ALL SELECT * FROM bulk_parts
), leased AS (
  UPDATE parts AS p SET owner = $5, due_ms = $6, attempt = p.attempt + 1
  FROM due AS d JOIN messages AS m ON m.account_id = d.account_id AND m.id = d.message_id
  WHERE p.account_id = d.account_id AND p.message_id = d.message_id AND p.number = d.number
    AND d.expires_ms > $2
  RETURNING d.account_id, d.message_id, d.number, p.total, coalesce(p.text, m.text) AS text,
    m.text_key, m.encoding, m.reference, m.destination, m.sender, m.category, d.priority, m.created_ms,
    d.expires_ms, p.attempt, p.state = 40 AS repeat, m.options,
    CASE WHEN p.attempt > 1 THEN (SELECT count(*) FROM attempts AS a
    WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
      AND (a.outcome = 'in_doubt' OR a.reason = 'unclear_response')) ELSE 0 END AS unclear, d.due_ms
)
SELECT * FROM leased
UNION ALL
SELECT account_id, message_id, number, 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, priority, 0, expires_ms,
  0, false, NULL, 0, due_ms
FROM due WHERE expires_ms <= $2
ORDER BY priority, due_ms, expires_ms, account_id, message_id, number

-- name: postpone_claimed
-- Parts that were leased a moment ago and whose texts cannot be opened.
UPDATE parts AS p SET
  owner = NULL, due_ms = n.due_ms, attempt = p.attempt - 1, reason = n.reason,
  updated_ms = n.updated_ms
FROM unnest($1::integer[], $2::bytea[], $3::integer[], $4::bigint[], $5::text[], $6::bigint[])
  AS n (account_id, message_id, number, due_ms, reason, updated_ms)
WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = n.number

-- name: parts_leased
SELECT p.account_id, p.message_id, p.number, p.total, coalesce(p.text, m.text) AS text,
  m.text_key, m.encoding, m.reference, m.destination, m.sender, m.category, p.priority, m.created_ms,
  p.expires_ms, p.attempt, p.state = 40 AS repeat, m.options,
  CASE WHEN p.attempt > 1 THEN (SELECT count(*) FROM attempts AS a
    WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
      AND (a.outcome = 'in_doubt' OR a.reason = 'unclear_response')) ELSE 0 END AS unclear
FROM parts AS p JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner = $1 AND p.owner IS NOT NULL AND p.due_ms IS NOT NULL AND p.carrier = $2
ORDER BY p.due_ms LIMIT $3

-- name: lost_leases
SELECT p.account_id, p.message_id, p.number, p.total, p.carrier, p.state, p.attempt, p.expires_ms,
  p.updated_ms, m.category,
  CASE WHEN p.attempt > 1 THEN (SELECT count(*) FROM attempts AS a
    WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
      AND (a.outcome = 'in_doubt' OR a.reason = 'unclear_response')) ELSE 0 END AS unclear
FROM parts AS p JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner IS NOT NULL AND p.due_ms <= $1 AND p.due_ms IS NOT NULL
LIMIT $2 FOR UPDATE OF p SKIP LOCKED

-- name: leases_of
SELECT p.account_id, p.message_id, p.number, p.total, p.carrier, p.state, p.attempt, p.expires_ms,
  p.updated_ms, m.category,
  CASE WHEN p.attempt > 1 THEN (SELECT count(*) FROM attempts AS a
    WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
      AND (a.outcome = 'in_doubt' OR a.reason = 'unclear_response')) ELSE 0 END AS unclear
FROM parts AS p JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.owner = $1 AND p.owner IS NOT NULL AND p.due_ms IS NOT NULL
LIMIT $2 FOR UPDATE OF p SKIP LOCKED

-- name: put_parts_in_doubt
UPDATE parts AS p SET
  state = 40, message_state = CASE WHEN p.total = 1 THEN 40 ELSE p.message_state END,
  reason = n.reason, owner = NULL, due_ms = n.due_ms, updated_ms = $6
FROM unnest($1::integer[], $2::bytea[], $3::integer[], $4::bigint[], $5::text[])
  AS n (account_id, message_id, number, due_ms, reason)
WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = n.number

-- name: release_parts
UPDATE parts AS p SET owner = NULL, due_ms = NULL
FROM unnest($1::integer[], $2::bytea[], $3::integer[]) AS n (account_id, message_id, number)
WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = n.number

-- name: expire_parts
-- Parts without a lease whose validity is over, at most $2.
WITH ended AS MATERIALIZED (
  SELECT account_id, message_id, number FROM parts
  WHERE owner IS NULL AND due_ms IS NOT NULL AND expires_ms <= $1
  LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE parts AS p SET
  state = 102, message_state = CASE WHEN p.total = 1 THEN 102 ELSE p.message_state END,
  reason = CASE WHEN p.state = 40 THEN 'expired_in_doubt' ELSE 'validity_expired' END,
  due_ms = NULL, final_ms = $1, updated_ms = $1
FROM ended
WHERE p.account_id = ended.account_id AND p.message_id = ended.message_id
  AND p.number = ended.number
RETURNING p.account_id, p.message_id, p.total, p.carrier, p.reason

-- name: expire_claimed
UPDATE parts AS p SET
  state = 102, message_state = CASE WHEN p.total = 1 THEN 102 ELSE p.message_state END,
  reason = CASE WHEN p.state = 40 THEN 'expired_in_doubt' ELSE 'validity_expired' END,
  due_ms = NULL, final_ms = $1, updated_ms = $1
FROM unnest($2::integer[], $3::bytea[], $4::integer[]) AS n (account_id, message_id, number)
WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = n.number
  AND p.owner IS NULL AND p.due_ms IS NOT NULL AND p.expires_ms <= $1
RETURNING p.account_id, p.message_id, p.total, p.carrier, p.reason

-- name: count_queued
SELECT count(*) FROM parts WHERE owner IS NULL AND carrier = $1 AND due_ms IS NOT NULL

-- Results of attempts.

-- name: settle
-- Writes the part as its latest attempt left it, and the attempt. Skips parts whose rank would fall.
-- Returns the places of the others.
WITH new AS (
  SELECT * FROM unnest(
    $1::integer[], $2::integer[], $3::bytea[], $4::integer[], $5::integer[], $6::integer[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
    $14::bigint[], $15::text[], $16::bigint[], $17::boolean[]
  ) AS n (
    place, account_id, message_id, number, attempt, state, reason, carrier, carrier_message_id,
    carrier_code, due_ms, sent_ms, final_ms, ended_ms, outcome, started_ms, repeat
  )
), settled AS (
  UPDATE parts AS p SET
    state = new.state,
    message_state = CASE WHEN p.total = 1 THEN new.state ELSE p.message_state END,
    reason = new.reason, carrier = new.carrier,
    carrier_message_id = coalesce(p.carrier_message_id, new.carrier_message_id),
    carrier_code = new.carrier_code, owner = NULL, due_ms = new.due_ms,
    sent_ms = coalesce(p.sent_ms, new.sent_ms), final_ms = new.final_ms, updated_ms = new.ended_ms
  FROM new
  WHERE p.account_id = new.account_id AND p.message_id = new.message_id AND p.number = new.number
    AND p.attempt = new.attempt AND p.state < 100 AND p.state / 10 <= new.state / 10
  RETURNING new.*
), recorded AS (
  INSERT INTO attempts AS a (
    account_id, message_id, part, number, carrier, outcome, reason, carrier_message_id,
    carrier_code, started_ms, ended_ms, repeat)
  SELECT account_id, message_id, number, attempt, carrier, outcome, reason, carrier_message_id,
    carrier_code, started_ms, ended_ms, repeat
  FROM settled
  ON CONFLICT (account_id, message_id, part, number) DO UPDATE SET
    outcome = excluded.outcome, reason = excluded.reason,
    carrier_message_id = excluded.carrier_message_id, carrier_code = excluded.carrier_code,
    started_ms = least(a.started_ms, excluded.started_ms), ended_ms = excluded.ended_ms
)
SELECT place FROM settled

-- name: record_attempts
INSERT INTO attempts AS a (
  account_id, message_id, part, number, carrier, outcome, reason, carrier_message_id,
  carrier_code, started_ms, ended_ms, repeat)
SELECT * FROM unnest(
  $1::integer[], $2::bytea[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
  $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::boolean[])
ON CONFLICT (account_id, message_id, part, number) DO UPDATE SET
  outcome = excluded.outcome, reason = excluded.reason,
  carrier_message_id = excluded.carrier_message_id, carrier_code = excluded.carrier_code,
  started_ms = least(a.started_ms, excluded.started_ms), ended_ms = excluded.ended_ms

-- name: find_part
SELECT state, reason, owner, due_ms, attempt, carrier_message_id, carrier_code, final_ms
FROM parts WHERE account_id = $1 AND message_id = $2 AND number = $3 FOR UPDATE

-- name: rewrite_part
UPDATE parts SET
  state = $1, message_state = CASE WHEN total = 1 THEN $1 ELSE message_state END, reason = $2,
  carrier_code = $3, carrier_message_id = $4, owner = $5, due_ms = $6, attempt = $7,
  sent_ms = coalesce(sent_ms, $8), final_ms = $9, updated_ms = greatest(updated_ms, $10)
WHERE account_id = $11 AND message_id = $12 AND number = $13

-- The state of a message, folded from its parts.

-- name: lock_first_parts
-- A transaction locks the first part before it folds a message: the last one sees all other changes.
SELECT 1 FROM unnest($1::integer[], $2::bytea[]) AS n (account_id, message_id)
JOIN parts AS p ON p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = 1
ORDER BY p.account_id, p.message_id FOR UPDATE OF p

-- name: siblings
SELECT p.account_id, p.message_id, p.number, p.state, p.owner IS NOT NULL AS is_leased,
  p.message_state
FROM unnest($1::integer[], $2::bytea[]) AS n (account_id, message_id)
JOIN parts AS p ON p.account_id = n.account_id AND p.message_id = n.message_id
ORDER BY p.account_id, p.message_id, p.number

-- name: cancel_parts
UPDATE parts AS p SET
  state = 104, reason = 'sibling_part_failed', due_ms = NULL, final_ms = $4, updated_ms = $4
FROM unnest($1::integer[], $2::bytea[], $3::integer[]) AS n (account_id, message_id, number)
WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = n.number
  AND p.owner IS NULL AND p.state < 40
RETURNING p.carrier, p.reason

-- name: set_message_states
UPDATE parts AS p SET message_state = n.state
FROM unnest($1::integer[], $2::bytea[], $3::integer[]) AS n (account_id, message_id, state)
WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = 1
