-- Acceptance.

-- name: accept
-- Inserts messages with their first parts and request ids; returns the messages that took their
-- request id. An array of a column is short where that is the same for all: `unnest` has NULL then.
-- See `short_columns`.
WITH new AS (
  SELECT coalesce(account_id, ($1::integer[])[1]) AS account_id, id, esim_tran_no, iccid, destination,
    coalesce(sender, ($6::text[])[1]) AS sender,
    coalesce(category, ($7::text[])[1]) AS category,
    coalesce(encoding, ($8::text[])[1]) AS encoding,
    coalesce(reference, ($9::integer[])[1]) AS reference,
    coalesce(part_count, ($10::integer[])[1]) AS part_count, created_ms,
    expires_ms, request_id, text, options, caller_reference, text_key, decision, fingerprint,
    coalesce(carrier, ($20::text[])[1]) AS carrier,
    coalesce(priority, ($21::integer[])[1]) AS priority,
    coalesce(total, ($22::integer[])[1]) AS total, owner, due_ms,
    coalesce(attempt, ($25::integer[])[1]) AS attempt, part_text
  FROM unnest(
    $1::integer[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::integer[], $10::integer[], $11::bigint[], $12::bigint[], $13::text[],
    $14::bytea[], $15::text[], $16::text[], $17::text[], $18::text[], $19::bytea[],
    $20::text[], $21::integer[], $22::integer[], $23::text[], $24::bigint[], $25::integer[],
    $26::bytea[]
  ) AS n (
    account_id, id, esim_tran_no, iccid, destination, sender, category, encoding, reference,
    part_count, created_ms, expires_ms, request_id, text, options, caller_reference,
    text_key, decision, fingerprint, carrier, priority, total, owner, due_ms, attempt, part_text
  )
), taken AS (
  INSERT INTO requests AS r (
    account_id, request_id, fingerprint, message_id, reason, created_ms)
  SELECT account_id, request_id, fingerprint, id, NULL, created_ms
  FROM new WHERE request_id IS NOT NULL
  ON CONFLICT (account_id, request_id) DO UPDATE SET
    fingerprint = excluded.fingerprint, message_id = excluded.message_id,
    reason = excluded.reason, created_ms = excluded.created_ms
  WHERE r.created_ms < $27
  RETURNING r.message_id
), fresh AS MATERIALIZED (
  SELECT * FROM new WHERE request_id IS NULL OR id IN (SELECT message_id FROM taken)
), kept AS (
  INSERT INTO messages (
    account_id, id, esim_tran_no, iccid, destination, sender, category, encoding, reference,
    part_count, created_ms, expires_ms, request_id, text, options, caller_reference,
    text_key, decision)
  SELECT account_id, id, esim_tran_no, iccid, destination, sender, category, encoding, reference,
    part_count, created_ms, expires_ms, request_id, text, options, caller_reference,
    text_key, decision
  FROM fresh
), first_parts AS (
  INSERT INTO parts (
    account_id, message_id, number, total, carrier, priority, expires_ms, state, message_state,
    owner, due_ms, attempt, updated_ms, text, esim_tran_no)
  SELECT account_id, id, 1, total, carrier, priority, expires_ms, 10, 10, owner, due_ms, attempt,
    created_ms, part_text, esim_tran_no
  FROM fresh
)
SELECT message_id FROM taken

-- name: add_parts
-- The other parts: they differ from the first only in number and text.
INSERT INTO parts (
  account_id, message_id, number, total, carrier, priority, expires_ms, state, owner, due_ms,
  attempt, updated_ms, text)
SELECT p.account_id, p.message_id, n.number, p.total, p.carrier, p.priority, p.expires_ms, p.state,
  p.owner, p.due_ms, p.attempt, p.updated_ms, n.text
FROM unnest($1::integer[], $2::bytea[], $3::integer[], $4::bytea[])
  AS n (account_id, message_id, number, text)
JOIN parts AS p ON p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = 1

-- name: next_references
-- Takes a number of references for each eSIM, and returns the last of them.
INSERT INTO concatenations AS c (account_id, esim_tran_no, reference)
SELECT * FROM unnest($1::integer[], $2::text[], $3::integer[])
ON CONFLICT (account_id, esim_tran_no) DO UPDATE
  SET reference = (c.reference + excluded.reference) & 65535
RETURNING account_id, esim_tran_no, reference

-- name: take_request_ids
INSERT INTO requests AS r (account_id, request_id, fingerprint, message_id, reason, created_ms)
SELECT n.account_id, n.request_id, n.fingerprint, n.message_id, n.reason, n.created_ms
FROM unnest($1::integer[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::bigint[])
  AS n (account_id, request_id, fingerprint, message_id, reason, created_ms)
ON CONFLICT (account_id, request_id) DO UPDATE SET
  fingerprint = excluded.fingerprint, message_id = excluded.message_id,
  reason = excluded.reason, created_ms = excluded.created_ms
WHERE r.created_ms < $7
RETURNING r.account_id, r.request_id

-- name: answer_signatures
UPDATE requests AS r SET message_id = n.message_id, reason = n.reason
FROM unnest($1::integer[], $2::text[], $3::bytea[], $4::text[])
  AS n (account_id, request_id, message_id, reason)
WHERE r.account_id = n.account_id AND r.request_id = n.request_id

-- name: find_requests
SELECT r.account_id, r.request_id, r.fingerprint, r.message_id, r.reason, r.created_ms
FROM unnest($1::integer[], $2::text[]) AS n (account_id, request_id)
JOIN requests AS r ON r.account_id = n.account_id AND r.request_id = n.request_id

-- name: delete_old_requests
WITH old AS (
  SELECT account_id, request_id FROM requests WHERE created_ms < $1
  ORDER BY created_ms LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM requests AS r USING old
  WHERE r.account_id = old.account_id AND r.request_id = old.request_id
  RETURNING 1
)
SELECT count(*) FROM gone

-- The log.

-- name: read_messages
-- OFFSET 0 keeps this a look-up for each id, here and below: without statistics of a new partition
-- the planner would read all messages of the account.
SELECT m.*, h.state AS held_state, h.reason AS held_reason,
  h.send_at_ms, h.until_ms, h.updated_ms AS held_updated_ms, h.decisions
FROM unnest($2::bytea[]) AS n (wanted) CROSS JOIN LATERAL (
  SELECT id, account_id, esim_tran_no, iccid, destination, category, text, encoding, part_count,
    created_ms, expires_ms, request_id, sender, options, caller_reference, text_key,
    redacted_ms, forgotten_ms, decision
  FROM messages WHERE account_id = $1 AND id = n.wanted
  OFFSET 0) AS m
LEFT JOIN held_messages AS h ON h.account_id = $1 AND h.message_id = m.id

-- name: read_parts
SELECT p.* FROM unnest($2::bytea[]) AS n (wanted) CROSS JOIN LATERAL (
  SELECT message_id, number, state, reason, carrier, carrier_message_id, carrier_code, sent_ms,
    final_ms, updated_ms
  FROM parts WHERE account_id = $1 AND message_id = n.wanted
  OFFSET 0) AS p
ORDER BY p.message_id, p.number

-- name: find_attempts
SELECT part, number, carrier, outcome, reason, carrier_message_id, carrier_code, started_ms,
  ended_ms, repeat
FROM attempts WHERE account_id = $1 AND message_id = $2 ORDER BY part, number

-- name: sent_parts
SELECT p.account_id, p.message_id, p.number, p.total, coalesce(p.text, m.text) AS text,
  m.text_key, m.encoding, m.reference, m.destination, m.sender, m.category, p.priority,
  m.created_ms, p.expires_ms, p.attempt, false AS repeat, m.options, 0 AS unclear
FROM parts AS p JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.account_id = $1 AND p.message_id = $2 ORDER BY p.number

-- name: find_owner
SELECT m.account_id FROM accounts AS a, LATERAL (
  SELECT account_id FROM messages WHERE account_id = a.id AND id = $1
) AS m
LIMIT 1

-- name: list_messages
SELECT id FROM messages
WHERE account_id = $1 AND id < $2 AND id >= $3 AND created_ms >= $4 AND created_ms <= $5
ORDER BY id DESC LIMIT $6

-- name: list_messages_of_esim
SELECT id FROM messages
WHERE account_id = $1 AND esim_tran_no = $7 AND id < $2 AND id >= $3
  AND created_ms >= $4 AND created_ms <= $5 AND ($8::text IS NULL OR iccid = $8)
ORDER BY id DESC LIMIT $6

-- name: list_ended_messages_of_esim
SELECT p.message_id AS id FROM parts AS p
WHERE p.account_id = $1 AND p.esim_tran_no = $7 AND p.message_state = $9
  AND p.message_state >= 100 AND p.message_id < $2 AND p.message_id >= $3
  AND EXISTS (
    SELECT 1 FROM messages AS m WHERE m.account_id = p.account_id AND m.id = p.message_id
      AND m.created_ms >= $4 AND m.created_ms <= $5 AND ($8::text IS NULL OR m.iccid = $8)
    OFFSET 0)
ORDER BY p.message_id DESC LIMIT $6

-- name: newest_messages_in_state
-- The account's newest messages in a state, at most $6, and whether each is one of the eSIM.
SELECT p.message_id AS id, EXISTS (
  SELECT 1 FROM messages AS m WHERE m.account_id = p.account_id AND m.id = p.message_id
    AND m.esim_tran_no = $7 AND m.created_ms >= $4 AND m.created_ms <= $5
    AND ($8::text IS NULL OR m.iccid = $8)
  OFFSET 0) AS is_of_esim
FROM parts AS p
WHERE p.account_id = $1 AND p.message_state = $9 AND p.message_state IS NOT NULL
  AND p.message_id < $2 AND p.message_id >= $3
ORDER BY p.message_id DESC LIMIT $6

-- name: list_messages_of_esim_in_state
-- Checks each message of the eSIM, back to the oldest that the account has in that state.
SELECT e.id FROM messages AS e
WHERE e.account_id = $1 AND e.esim_tran_no = $7 AND e.id < $2
  AND e.id >= (
    SELECT message_id FROM parts
    WHERE account_id = $1 AND message_state = $9 AND message_state IS NOT NULL
      AND message_id < $2 AND message_id >= $3
    ORDER BY message_id LIMIT 1)
  AND EXISTS (
    SELECT 1 FROM parts AS p
    WHERE p.account_id = e.account_id AND p.message_state = $9 AND p.message_state IS NOT NULL
      AND p.message_id = e.id
      AND EXISTS (
        SELECT 1 FROM messages AS m WHERE m.account_id = p.account_id AND m.id = p.message_id
          AND m.created_ms >= $4 AND m.created_ms <= $5 AND ($8::text IS NULL OR m.iccid = $8)
        OFFSET 0)
    OFFSET 0)
ORDER BY e.id DESC LIMIT $6

-- name: list_messages_in_state
-- OFFSET 0 keeps this a look-up for each part until the limit is reached: a join would read all parts
-- in that state first.
SELECT p.message_id AS id FROM parts AS p
WHERE p.account_id = $1 AND p.message_state = $7 AND p.message_state IS NOT NULL
  AND p.message_id < $2 AND p.message_id >= $3
  AND EXISTS (
    SELECT 1 FROM messages AS m WHERE m.account_id = p.account_id AND m.id = p.message_id
      AND m.created_ms >= $4 AND m.created_ms <= $5
    OFFSET 0)
ORDER BY p.message_id DESC LIMIT $6

-- name: esims_of_iccid
SELECT esim_tran_no FROM esims WHERE account_id = $1 AND iccid = $2

-- name: list_messages_with_reference
SELECT id FROM messages
WHERE account_id = $1 AND caller_reference = $7 AND caller_reference IS NOT NULL
  AND id < $2 AND id >= $3 AND created_ms >= $4 AND created_ms <= $5
ORDER BY id DESC LIMIT $6

-- name: messages_with_prefix
-- In the order of their references: complete if fewer than the limit.
SELECT id FROM messages
WHERE account_id = $1 AND caller_reference >= $7 AND caller_reference < $8
  AND caller_reference IS NOT NULL
  AND id < $2 AND id >= $3 AND created_ms >= $4 AND created_ms <= $5
ORDER BY caller_reference LIMIT $6

-- name: end_of_walk
SELECT message_id AS id FROM parts
WHERE account_id = $1 AND message_id < $2 AND message_id >= $3
ORDER BY message_id DESC LIMIT 1 OFFSET $4

-- name: messages_with_carrier_id
SELECT p.message_id AS id FROM (
  SELECT message_id FROM parts
  WHERE account_id = $1 AND message_id < $2 AND message_id >= $3 AND carrier_message_id = $7
  ORDER BY message_id DESC
  OFFSET 0) AS p
CROSS JOIN LATERAL (
  SELECT 1 FROM messages
  WHERE account_id = $1 AND id = p.message_id AND created_ms >= $4 AND created_ms <= $5
  OFFSET 0) AS m
ORDER BY p.message_id DESC LIMIT $6

-- name: check_messages
-- The reason of a message is that of its first part in the state of the message.
SELECT n.wanted AS id FROM unnest($2::bytea[]) AS n (wanted) CROSS JOIN LATERAL (
  SELECT 1 FROM messages AS m
  WHERE m.account_id = $1 AND m.id = n.wanted
    AND ($3::text IS NULL OR m.esim_tran_no = $3)
    AND ($4::text IS NULL OR m.iccid = $4)
    AND ($7::text IS NULL OR m.category = $7)
    AND ($8::text IS NULL OR m.options::json #>> '{template,name}' = $8)
    AND ($11::bytea IS NULL OR EXISTS (
      SELECT 1 FROM broadcast_recipients AS r
      WHERE r.account_id = $1 AND r.broadcast_id = $11
        AND r.esim_tran_no = m.esim_tran_no AND r.message_id = n.wanted))
    AND ($9::text IS NULL OR (m.caller_reference >= $9 AND m.caller_reference < $10::text))
    AND ($12::text IS NULL OR EXISTS (
      SELECT 1 FROM parts AS c
      WHERE c.account_id = $1 AND c.message_id = n.wanted AND c.carrier_message_id = $12))
    AND ($5::integer IS NULL OR $5 = coalesce(
      (SELECT f.message_state FROM parts AS f
        WHERE f.account_id = $1 AND f.message_id = n.wanted AND f.number = 1),
      (SELECT h.state FROM held_messages AS h
        WHERE h.account_id = $1 AND h.message_id = n.wanted)))
    AND ($6::text IS NULL
      OR $6 = (
        SELECT p.reason FROM parts AS f CROSS JOIN LATERAL (
          SELECT s.reason, s.number FROM parts AS s
          WHERE s.account_id = $1 AND s.message_id = n.wanted AND s.state = f.message_state
          OFFSET 0) AS p
        WHERE f.account_id = $1 AND f.message_id = n.wanted AND f.number = 1
        ORDER BY p.number LIMIT 1)
      OR EXISTS (
        SELECT 1 FROM held_messages AS h
        WHERE h.account_id = $1 AND h.message_id = n.wanted
          AND h.state IS NOT NULL AND h.reason = $6))
  OFFSET 0) AS m
