-- Parts of inbound messages.

-- name: lock_assemblies
-- Parts of one message may arrive on several nodes at once: the nodes handle them one after another.
SELECT pg_advisory_xact_lock(1398361939, key) FROM (
  SELECT DISTINCT unnest($1::integer[]) AS key ORDER BY 1
) AS keys

-- name: newest_assembly
SELECT id, inbound_id, reason FROM assemblies
WHERE carrier = $1 AND source = $2 AND destination = $3 AND kind = $4 AND reference = $5
  AND total = $6
ORDER BY id DESC LIMIT 1

-- name: equal_assemblies
SELECT id, link, reason FROM assemblies
WHERE carrier = $1 AND source = $2 AND destination = $3 AND kind = $4 AND reference = $5
  AND total = $6 AND inbound_id IS NOT NULL
ORDER BY id LIMIT 100

-- name: add_assembly
INSERT INTO assemblies (
  carrier, source, destination, kind, reference, total, link, first_ms, last_ms, inbound_id, reason
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)
RETURNING id

-- name: refresh_assembly
UPDATE assemblies SET link = $1, last_ms = $2 WHERE id = $3

-- name: complete_assembly
UPDATE assemblies SET inbound_id = $1, reason = $2, last_ms = greatest(last_ms, $3)
WHERE id = $4 AND inbound_id IS NULL
RETURNING id

-- name: find_assembly
SELECT id, carrier, source, destination, kind, reference, total, reason FROM assemblies WHERE id = $1

-- name: add_incoming_part
INSERT INTO incoming_parts (
  assembly, number, encoding, octets, for_application, received_ms, raw, text_key
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: incoming_parts
SELECT number, encoding, octets, for_application, received_ms, raw, text_key FROM incoming_parts
WHERE assembly = $1 ORDER BY number

-- name: count_incoming_parts
SELECT count(*) FROM incoming_parts WHERE assembly = $1

-- name: overdue_assemblies
SELECT id FROM assemblies WHERE inbound_id IS NULL AND first_ms < $1 ORDER BY first_ms LIMIT $2

-- name: surplus_incomplete_assemblies
SELECT id FROM assemblies
WHERE id <= (SELECT max(id) FROM assemblies) - $1::bigint AND inbound_id IS NULL
ORDER BY id LIMIT $2

-- name: delete_old_assemblies
WITH old AS (
  (SELECT id FROM assemblies WHERE inbound_id IS NOT NULL AND last_ms < $1
   ORDER BY last_ms LIMIT $2)
  UNION
  (SELECT id FROM assemblies
   WHERE id <= (SELECT max(id) FROM assemblies) - $3::bigint AND inbound_id IS NOT NULL
   ORDER BY id LIMIT $2)
), parts AS (
  DELETE FROM incoming_parts AS p USING old WHERE p.assembly = old.id
), gone AS (
  DELETE FROM assemblies AS a USING old WHERE a.id = old.id RETURNING 1
)
SELECT count(*) FROM gone

-- Inbound messages.

-- name: insert_inbound
INSERT INTO inbound (
  account_id, id, esim_tran_no, carrier, source, destination, state, reason, encoding, text,
  part_count, missing, message_id, received_ms, raw, text_key
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)

-- name: trim_inbound
DELETE FROM inbound WHERE account_id = $1 AND id IN (
  SELECT id FROM inbound
  WHERE account_id = $1 AND esim_tran_no = $2 ORDER BY id DESC LIMIT 100 OFFSET $3
)

-- name: trim_inbound_of_none
DELETE FROM inbound WHERE account_id = $1 AND id IN (
  SELECT id FROM inbound
  WHERE account_id = $1 AND esim_tran_no IS NULL ORDER BY id DESC LIMIT 100 OFFSET $2
)

-- name: find_inbound
SELECT id, account_id, esim_tran_no, carrier, source, destination, state, reason, encoding, text,
  part_count, missing, message_id, received_ms, raw, text_key, redacted_ms, forgotten_ms
FROM inbound WHERE account_id = $1 AND id = $2

-- name: list_inbound
SELECT id, account_id, esim_tran_no, carrier, source, destination, state, reason, encoding, text,
  part_count, missing, message_id, received_ms, text_key, redacted_ms, forgotten_ms
FROM inbound
WHERE account_id = $1 AND id < $2 AND ($3 OR state <> 'forwarded')
ORDER BY id DESC LIMIT $4

-- name: list_inbound_of_esim
SELECT id, account_id, esim_tran_no, carrier, source, destination, state, reason, encoding, text,
  part_count, missing, message_id, received_ms, text_key, redacted_ms, forgotten_ms
FROM inbound
WHERE account_id = $1 AND id < $2 AND ($3 OR state <> 'forwarded') AND esim_tran_no = $5
ORDER BY id DESC LIMIT $4

-- Retention.

-- name: delete_inbound_older_than
-- Reads the message by its key: the planner would answer NOT EXISTS with a scan of all parts of the
-- account.
WITH old AS (
  SELECT i.account_id, i.id FROM (SELECT 0 AS id UNION ALL SELECT id FROM accounts) AS a
  CROSS JOIN LATERAL (
    SELECT account_id, id FROM inbound
    WHERE account_id = a.id AND id < $1 AND (
      SELECT min(p.due_ms) FROM parts AS p
      WHERE p.account_id = inbound.account_id AND p.message_id = inbound.message_id) IS NULL
    LIMIT $2
  ) AS i LIMIT $2
), gone AS (
  DELETE FROM inbound AS i USING old WHERE i.account_id = old.account_id AND i.id = old.id
  RETURNING 1
)
SELECT count(*) FROM gone

-- The eSIM of a number, and the detection of delivery loops.

-- name: esim_of_number
SELECT account_id, esim_tran_no FROM esims
WHERE msisdn = $1 AND msisdn <> '' AND ($2::integer IS NULL OR account_id = $2)
ORDER BY retired_ms IS NOT NULL, smdp_status <> 'ENABLED', created_ms DESC, esim_tran_no COLLATE "C" DESC LIMIT 1

-- name: count_identical
-- Sealed texts are compared after they were opened.
SELECT id, text, text_key FROM messages
WHERE account_id = $1 AND esim_tran_no = $2 AND id >= $3 AND sender = $4
  AND (text = $5 OR text_key IS NOT NULL)
ORDER BY id DESC LIMIT 1000
