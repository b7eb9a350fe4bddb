-- Receipts: the search for their part, their effect on it, and stored receipts.

-- name: apply_unambiguous
-- Applies the unambiguous receipts: final, the only one for its id, for a message of one part, of a
-- carrier that was never seen to write ids in another format. Returns their places.
WITH seen AS (
  SELECT * FROM unnest(
    $1::integer[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::bigint[]
  ) AS s (place, carrier, carrier_message_id, state, reason, carrier_code, received_ms)
), hit AS MATERIALIZED (
  SELECT s.place, s.state, s.reason, s.carrier_code, s.received_ms,
    p.account_id, p.message_id, p.number, p.total, count(*) OVER (PARTITION BY s.place) AS hits
  FROM seen AS s CROSS JOIN LATERAL (
    SELECT account_id, message_id, number, total FROM parts
    WHERE carrier = s.carrier AND carrier_message_id = s.carrier_message_id
      AND carrier_message_id IS NOT NULL AND final_ms IS NULL AND message_id >= $8
    OFFSET 0
  ) AS p
  WHERE s.carrier NOT IN (SELECT f.carrier FROM receipt_forms AS f)
)
UPDATE parts AS p SET
  state = hit.state, message_state = hit.state, reason = hit.reason,
  carrier_code = hit.carrier_code, owner = NULL, due_ms = NULL, final_ms = hit.received_ms,
  updated_ms = hit.received_ms
FROM hit
WHERE hit.hits = 1 AND hit.total = 1 AND p.account_id = hit.account_id
  AND p.message_id = hit.message_id AND p.number = hit.number AND p.final_ms IS NULL
RETURNING hit.place

-- name: find_candidates
-- Open parts that have one of the ids, with their destination.
SELECT s.place, p.account_id, p.message_id, p.number, p.total, p.state, p.reason, p.expires_ms,
  p.carrier_message_id, m.destination
FROM unnest($1::integer[], $2::text[], $3::text[]) AS s (place, carrier, carrier_message_id)
CROSS JOIN LATERAL (
  SELECT * FROM parts
  WHERE carrier = s.carrier AND carrier_message_id = s.carrier_message_id
    AND carrier_message_id IS NOT NULL AND final_ms IS NULL AND message_id >= $4
  OFFSET 0
) AS p
JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id

-- name: count_in_doubt
SELECT count(*) FROM (
  SELECT 1 FROM parts WHERE carrier = $1 AND state = 40 AND message_id >= $2 LIMIT $3) AS counted

-- name: parts_in_doubt
-- Parts to a number with one of these endings, of messages that are older than the receipt.
SELECT 0 AS place, p.account_id, p.message_id, p.number, p.total, p.state, p.reason, p.expires_ms,
  '' AS carrier_message_id, m.destination, m.esim_tran_no
FROM parts AS p JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.carrier = $1 AND p.state = 40 AND p.message_id >= $2 AND m.created_ms <= $3
  AND right(ltrim(m.destination, '0'), 7) = ANY ($4::text[])
LIMIT 100

-- name: answers_of_esim
SELECT a.carrier_message_id, p.state = 50 AS is_open
FROM messages AS m
JOIN attempts AS a ON a.account_id = m.account_id AND a.message_id = m.id
JOIN parts AS p
  ON p.account_id = a.account_id AND p.message_id = a.message_id AND p.number = a.part
WHERE m.account_id = $1 AND m.esim_tran_no = $2 AND m.id >= $3 AND a.carrier = $4
  AND a.carrier_message_id IS NOT NULL
ORDER BY m.id DESC LIMIT 1000

-- name: may_be_of_sibling
-- Another part to this eSIM whose id is not known: it is unanswered, or it has more attempts than
-- known ids.
SELECT 1
FROM messages AS m
JOIN parts AS p ON p.account_id = m.account_id AND p.message_id = m.id
WHERE m.account_id = $1 AND m.esim_tran_no = $2 AND m.id >= $3 AND p.message_id >= $3 AND p.carrier = $4
  AND m.created_ms <= $5 AND p.expires_ms >= $6 AND (m.id <> $7 OR p.number <> $8)
  AND m.destination = $9
  AND (p.state < 40 AND p.owner IS NOT NULL
    OR (SELECT count(*) FROM attempts AS a
        WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
          AND a.outcome IN ('in_doubt', 'accepted'))
     > (SELECT count(DISTINCT id) FROM (
          SELECT a.carrier_message_id AS id FROM attempts AS a
          WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
          UNION ALL SELECT p.carrier_message_id) AS ids))
LIMIT 1

-- name: adopt_part
-- A receipt shows that the carrier accepted a part in doubt, and under which id.
UPDATE parts SET
  state = 50, message_state = CASE WHEN total = 1 THEN 50 ELSE message_state END, reason = NULL,
  carrier_message_id = coalesce(carrier_message_id, $1), owner = NULL, due_ms = NULL,
  sent_ms = coalesce(sent_ms, $2), updated_ms = $2
WHERE account_id = $3 AND message_id = $4 AND number = $5 AND state = 40
RETURNING 1

-- name: numbers_in_doubt
SELECT p.carrier, m.destination
FROM parts AS p JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.state = 40 AND p.message_id >= $1 LIMIT $2

-- name: newest_parked
SELECT state, carrier, carrier_message_id, reason, carrier_code, last_ms, numbers, text_id, times
FROM receipts WHERE standing = 'parked' AND numbers IS NOT NULL
ORDER BY last_ms DESC LIMIT $1

-- name: ended_part
-- The part with one of these ids that ended last, at $3 or later.
SELECT p.account_id, p.message_id, p.number, p.state FROM parts AS p
WHERE p.carrier = $1 AND p.carrier_message_id = ANY ($2::text[])
  AND p.carrier_message_id IS NOT NULL AND p.final_ms >= $3 AND p.message_id >= $4
ORDER BY p.final_ms DESC LIMIT 1

-- name: ended_destinations
SELECT m.destination FROM parts AS p
JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.carrier = $1 AND p.carrier_message_id = ANY ($2::text[])
  AND p.carrier_message_id IS NOT NULL AND p.final_ms >= $3 AND p.message_id >= $4
LIMIT 100

-- name: first_and_last_id
-- A carrier that pads its ids gives all of them one width: the first and the last have it too.
SELECT
  (SELECT min(carrier_message_id) FROM parts
   WHERE carrier = $1 AND carrier_message_id IS NOT NULL AND message_id >= $2) AS first_id,
  (SELECT max(carrier_message_id) FROM parts
   WHERE carrier = $1 AND carrier_message_id IS NOT NULL AND message_id >= $2) AS last_id

-- name: end_parts
-- Applies final receipts. The lease of an unanswered attempt ends with its part.
UPDATE parts AS p SET
  state = n.state, message_state = CASE WHEN p.total = 1 THEN n.state ELSE p.message_state END,
  reason = n.reason, carrier_code = n.carrier_code, owner = NULL, due_ms = NULL,
  final_ms = n.received_ms, updated_ms = n.received_ms
FROM unnest(
  $1::integer[], $2::integer[], $3::text[], $4::text[], $5::bigint[], $6::integer[], $7::bytea[],
  $8::integer[]
) AS n (place, state, reason, carrier_code, received_ms, account_id, message_id, number)
WHERE p.account_id = n.account_id AND p.message_id = n.message_id AND p.number = n.number
  AND p.final_ms IS NULL
RETURNING n.place

-- name: set_part_reason
-- Applies an intermediate receipt.
UPDATE parts SET reason = $1, carrier_code = $2, updated_ms = $3
WHERE account_id = $4 AND message_id = $5 AND number = $6 AND final_ms IS NULL
RETURNING 1

-- name: store_receipt
INSERT INTO receipts AS r (
  carrier, carrier_message_id, state, standing, reason, carrier_code, times, first_ms, last_ms,
  account_id, message_id, number, numbers, text_id
) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7, $8, $9, $10, $11, $12)
ON CONFLICT (carrier, carrier_message_id, state) DO UPDATE SET
  standing = excluded.standing, reason = excluded.reason, carrier_code = excluded.carrier_code,
  times = r.times + 1, last_ms = excluded.last_ms, numbers = excluded.numbers,
  text_id = excluded.text_id, dismissed_ms = NULL,
  account_id = coalesce(excluded.account_id, r.account_id),
  message_id = coalesce(excluded.message_id, r.message_id),
  number = coalesce(excluded.number, r.number)

-- name: find_disposition
SELECT standing FROM receipts
WHERE carrier = $1 AND carrier_message_id = $2 AND state = $3 FOR UPDATE

-- name: parked_lengths
-- The lengths of the ids of each carrier's parked receipts, among the newest $2.
SELECT DISTINCT carrier, length(carrier_message_id) AS width FROM (
  SELECT carrier, carrier_message_id FROM receipts
  WHERE standing = 'parked' AND last_ms >= $1 ORDER BY last_ms DESC LIMIT $2
) AS newest

-- name: parked_receipts
-- Parked receipts with one of the ids that are not older than the message.
SELECT s.place, r.first_ms, r.state, r.carrier, r.carrier_message_id, r.reason, r.carrier_code,
  r.last_ms, r.numbers, r.text_id, r.times
FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::bytea[])
  AS s (place, carrier, carrier_message_id, account_id, message_id)
JOIN receipts AS r ON r.carrier = s.carrier AND (
  r.carrier_message_id = s.carrier_message_id
  OR r.text_id = s.carrier_message_id AND r.text_id IS NOT NULL)
WHERE r.standing = 'parked' AND r.last_ms >= (
  SELECT created_ms FROM messages WHERE account_id = s.account_id AND id = s.message_id)
ORDER BY s.place, r.first_ms, r.state

-- name: orphaned_receipts
-- Receipts parked a while ago although an open part has exactly their id: their node died.
SELECT r.first_ms, r.state, r.carrier, r.carrier_message_id, r.reason, r.carrier_code, r.last_ms,
  r.numbers, r.text_id, r.times
FROM (
  SELECT * FROM receipts WHERE standing = 'parked' AND last_ms >= $1
  ORDER BY last_ms DESC LIMIT 2000
) AS r
WHERE EXISTS (
  SELECT 1 FROM parts AS p JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
  WHERE p.carrier = r.carrier AND p.carrier_message_id = r.carrier_message_id
    AND p.carrier_message_id IS NOT NULL AND p.final_ms IS NULL AND p.message_id >= $2
    AND m.created_ms <= r.last_ms)
ORDER BY r.last_ms DESC LIMIT $3

-- name: use_receipt_once
UPDATE receipts SET times = times - 1
WHERE carrier = $1 AND carrier_message_id = $2 AND state = $3

-- name: count_parts
SELECT total FROM parts WHERE account_id = $1 AND message_id = $2 AND number = $3

-- name: set_receipt_disposition
UPDATE receipts SET standing = $1, account_id = $2, message_id = $3, number = $4
WHERE carrier = $5 AND carrier_message_id = $6 AND state = $7

-- name: delete_old_parked
WITH old AS (
  SELECT carrier, carrier_message_id, state FROM receipts
  WHERE standing = 'parked' AND last_ms < $1 ORDER BY last_ms LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM receipts AS r USING old
  WHERE r.carrier = old.carrier AND r.carrier_message_id = old.carrier_message_id
    AND r.state = old.state
  RETURNING 1
)
SELECT count(*) FROM gone

-- name: parked_beyond
-- The time of the newest parked receipt beyond the limit.
SELECT last_ms FROM receipts WHERE standing = 'parked' ORDER BY last_ms DESC OFFSET $1 LIMIT 1

-- name: unmatched_receipts
SELECT carrier, carrier_message_id, text_id, state, standing, reason, carrier_code, numbers, times,
  first_ms, last_ms, dismissed_ms
FROM receipts
WHERE standing IN ('parked', 'ambiguous') AND last_ms <= $1
  AND ($2::text IS NULL OR carrier = $2) AND (dismissed_ms IS NOT NULL) = $4
ORDER BY last_ms DESC, carrier, carrier_message_id, state LIMIT $3

-- name: find_receipts
-- Stored receipts of the message, and those that may be of it: they have the id of one of its
-- attempts and are of its time.
SELECT number, carrier, carrier_message_id, state, standing, reason, carrier_code, times,
  first_ms, last_ms
FROM receipts WHERE account_id = $1 AND message_id = $2 AND message_id IS NOT NULL
UNION
SELECT a.part, r.carrier, r.carrier_message_id, r.state, r.standing, r.reason, r.carrier_code,
  r.times, r.first_ms, r.last_ms
FROM messages AS m
JOIN attempts AS a ON a.account_id = m.account_id AND a.message_id = m.id
JOIN receipts AS r ON r.carrier = a.carrier AND r.carrier_message_id = a.carrier_message_id
WHERE m.account_id = $1 AND m.id = $2 AND r.message_id IS NULL
  AND r.last_ms BETWEEN m.created_ms AND m.expires_ms + 86400000
ORDER BY 9, 4 LIMIT $3

-- The formats in which carriers write ids.

-- name: count_formats
INSERT INTO receipt_forms AS f (carrier, base, letters, width, times, first_ms, last_ms)
SELECT * FROM unnest(
  $1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[])
ON CONFLICT (carrier, base, letters, width) DO UPDATE SET
  times = f.times + excluded.times, last_ms = greatest(f.last_ms, excluded.last_ms)

-- name: list_formats
SELECT carrier, base, letters, width FROM receipt_forms ORDER BY carrier, first_ms, base, letters

-- name: formats_of
SELECT base, letters, width, times, first_ms, last_ms FROM receipt_forms
WHERE carrier = $1 ORDER BY times DESC, base, letters, width
