-- Held messages.

-- name: insert_held
-- Messages without parts, with their held rows.
WITH new AS (
  SELECT * FROM unnest(
    $1::integer[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::integer[], $10::integer[], $11::bigint[], $12::bigint[], $13::text[],
    $14::bytea[], $15::text[], $16::text[], $17::text[], $18::text[], $19::integer[], $20::text[],
    $21::bigint[], $22::bigint[], $23::text[], $24::text[]
  ) AS n (
    account_id, id, esim_tran_no, iccid, destination, sender, category, encoding, reference,
    part_count, created_ms, expires_ms, request_id, text, options, caller_reference,
    text_key, decision, state, reason, send_at_ms, until_ms, request, decisions
  )
), kept AS (
  INSERT INTO messages (
    account_id, id, esim_tran_no, iccid, destination, sender, category, encoding, reference,
    part_count, created_ms, expires_ms, request_id, text, options, caller_reference,
    text_key, decision)
  SELECT account_id, id, esim_tran_no, iccid, destination, sender, category, encoding, reference,
    part_count, created_ms, expires_ms, request_id, text, options, caller_reference,
    text_key, decision
  FROM new
)
INSERT INTO held_messages (
  account_id, message_id, esim_tran_no, state, reason, send_at_ms, until_ms, due_ms, request,
  updated_ms, decisions)
SELECT account_id, id, esim_tran_no, state, reason, send_at_ms, until_ms, until_ms, request,
  created_ms, decisions
FROM new

-- name: make_held_due
UPDATE held_messages SET due_ms = $4
WHERE account_id = $1 AND message_id = $2 AND state = $3 AND due_ms > $4
RETURNING message_id

-- name: claim_held
WITH due AS MATERIALIZED (
  SELECT account_id, message_id FROM held_messages
  WHERE due_ms <= $1 AND due_ms IS NOT NULL
  ORDER BY due_ms LIMIT $3 FOR UPDATE SKIP LOCKED
), leased AS (
  UPDATE held_messages AS h SET due_ms = $2 FROM due AS d
  WHERE h.account_id = d.account_id AND h.message_id = d.message_id
  RETURNING h.account_id, h.message_id, h.until_ms, h.request
)
SELECT l.account_id, l.message_id, m.esim_tran_no, m.iccid, m.category, m.text, m.text_key,
  m.expires_ms, l.until_ms, l.request
FROM leased AS l CROSS JOIN LATERAL (
  SELECT esim_tran_no, iccid, category, text, text_key, expires_ms
  FROM messages WHERE account_id = l.account_id AND id = l.message_id
  OFFSET 0) AS m
ORDER BY l.until_ms, l.message_id

-- name: release_held
UPDATE held_messages AS h SET
  state = NULL, reason = NULL, due_ms = NULL, request = NULL, updated_ms = $4,
  decisions = coalesce(h.decisions || chr(10) || n.decision, h.decisions, n.decision)
FROM unnest($1::integer[], $2::bytea[], $3::text[]) AS n (account_id, message_id, decision)
WHERE h.account_id = n.account_id AND h.message_id = n.message_id AND h.due_ms IS NOT NULL
RETURNING h.message_id

-- name: rewrite_messages
UPDATE messages AS m SET
  destination = n.destination, sender = n.sender, encoding = n.encoding, reference = n.reference,
  part_count = n.part_count, text = n.text, options = n.options,
  text_key = n.text_key
FROM unnest(
  $1::integer[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[],
  $8::bytea[], $9::text[], $10::text[]
) AS n (
  account_id, id, destination, sender, encoding, reference, part_count, text, options, text_key)
WHERE m.account_id = n.account_id AND m.id = n.id

-- name: insert_parts
INSERT INTO parts (
  account_id, message_id, number, total, carrier, priority, expires_ms, state, message_state,
  due_ms, attempt, updated_ms, text, esim_tran_no)
SELECT account_id, message_id, number, total, carrier, priority, expires_ms, 10,
  CASE number WHEN 1 THEN 10 END, due_ms, 0, due_ms, text,
  CASE number WHEN 1 THEN esim_tran_no END
FROM unnest(
  $1::integer[], $2::bytea[], $3::integer[], $4::integer[], $5::text[], $6::integer[],
  $7::bigint[], $8::bigint[], $9::bytea[], $10::text[]
) AS n (
  account_id, message_id, number, total, carrier, priority, expires_ms, due_ms, text, esim_tran_no)

-- name: defer_held
WITH deferred AS (
  UPDATE held_messages AS h SET
    state = n.state, reason = n.reason, until_ms = n.until_ms, due_ms = n.until_ms, updated_ms = $8,
    decisions = CASE WHEN length(h.decisions || n.decision) < $9
      THEN h.decisions || chr(10) || n.decision ELSE h.decisions END
  FROM unnest(
    $1::integer[], $2::bytea[], $3::integer[], $4::text[], $5::bigint[], $6::bigint[], $7::text[]
  ) AS n (account_id, message_id, state, reason, until_ms, expires_ms, decision)
  WHERE h.account_id = n.account_id AND h.message_id = n.message_id AND h.due_ms IS NOT NULL
  RETURNING h.account_id, h.message_id, n.expires_ms
)
UPDATE messages AS m SET expires_ms = d.expires_ms
FROM deferred AS d WHERE m.account_id = d.account_id AND m.id = d.message_id

-- name: end_held
UPDATE held_messages AS h SET
  state = n.state, reason = n.reason, due_ms = NULL, request = NULL, updated_ms = $6,
  decisions = coalesce(h.decisions || chr(10) || n.decision, h.decisions, n.decision)
FROM unnest($1::integer[], $2::bytea[], $3::integer[], $4::text[], $5::text[])
  AS n (account_id, message_id, state, reason, decision)
WHERE h.account_id = n.account_id AND h.message_id = n.message_id AND h.due_ms IS NOT NULL
RETURNING h.message_id

-- name: cancel_queued
-- Its parts are locked; none was sent, is in doubt or is leased.
UPDATE parts SET
  state = 104, message_state = CASE number WHEN 1 THEN 104 END, reason = 'cancelled',
  due_ms = NULL, final_ms = $3, updated_ms = $3
WHERE account_id = $1 AND message_id = $2
RETURNING carrier, reason

-- name: list_held_in_state
SELECT h.message_id AS id FROM held_messages AS h
WHERE h.account_id = $1 AND h.state = $7 AND h.state IS NOT NULL
  AND h.message_id < $2 AND h.message_id >= $3
  AND EXISTS (
    SELECT 1 FROM messages AS m WHERE m.account_id = h.account_id AND m.id = h.message_id
      AND m.created_ms >= $4 AND m.created_ms <= $5
    OFFSET 0)
ORDER BY h.message_id DESC LIMIT $6

-- name: list_held_of_esim_in_state
SELECT h.message_id AS id FROM held_messages AS h
WHERE h.account_id = $1 AND h.esim_tran_no = $7 AND h.state = $9 AND h.state IS NOT NULL
  AND h.message_id < $2 AND h.message_id >= $3
  AND EXISTS (
    SELECT 1 FROM messages AS m WHERE m.account_id = h.account_id AND m.id = h.message_id
      AND m.created_ms >= $4 AND m.created_ms <= $5 AND ($8::text IS NULL OR m.iccid = $8)
    OFFSET 0)
ORDER BY h.message_id DESC LIMIT $6

-- Retention.

-- name: held_of_week
-- Whether a message of the week is still held.
SELECT EXISTS (
  SELECT 1 FROM held_messages WHERE message_id >= $1 AND message_id < $2 AND due_ms IS NOT NULL
)

-- name: delete_old_held
-- Held rows whose messages were deleted with their week.
WITH old AS (
  SELECT h.account_id, h.message_id FROM held_messages AS h
  WHERE h.message_id < $1 AND h.due_ms IS NULL
    AND NOT EXISTS (
      SELECT 1 FROM messages AS m WHERE m.account_id = h.account_id AND m.id = h.message_id
      OFFSET 0)
  LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM held_messages AS h USING old
  WHERE h.account_id = old.account_id AND h.message_id = old.message_id
  RETURNING 1
)
SELECT count(*) FROM gone
