-- Receipts: the search for their part, their effect on it, and stored receipts.

-- name: match_exact_ids
-- All matches in one row, as JSON: a row each would cost a call each.
SELECT json_group_array(json_array(
  seen.column1, p.account_id, hex(p.message_id), p.number, p.total, p.state, p.reason,
  p.expires_ms))
FROM (VALUES (?, ?, ?)) AS seen CROSS JOIN parts AS p INDEXED BY parts_by_carrier_id
WHERE p.carrier = seen.column2 AND p.carrier_message_id = seen.column3
  AND p.carrier_message_id IS NOT NULL AND p.final_ms IS NULL

-- name: find_candidates
-- Open parts that have one of the ids, with their destination.
SELECT seen.column1 AS place, p.account_id, p.message_id, p.number, p.total, p.state, p.reason,
  p.expires_ms, p.carrier_message_id, m.destination
FROM (VALUES (?, ?, ?)) AS seen CROSS JOIN parts AS p INDEXED BY parts_by_carrier_id
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.carrier = seen.column2 AND p.carrier_message_id = seen.column3
  AND p.carrier_message_id IS NOT NULL AND p.final_ms IS NULL

-- name: count_in_doubt
SELECT count(*) FROM (
  SELECT 1 FROM parts INDEXED BY parts_in_doubt WHERE carrier = ? AND state = 40 LIMIT ?)

-- name: parts_in_doubt
-- Parts to a number with one of these endings, of messages that are older than the receipt.
SELECT 0 AS place, p.account_id, p.message_id, p.number, p.total, p.state, p.reason, p.expires_ms,
  '' AS carrier_message_id, m.destination, m.esim_tran_no
FROM parts AS p INDEXED BY parts_in_doubt
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.carrier = ? AND p.state = 40 AND m.created_ms <= ?
  AND substr(ltrim(m.destination, '0'), -7) IN (?, ?)
LIMIT 100

-- name: answers_of_esim
SELECT DISTINCT a.carrier_message_id, p.state = 50 AS is_open
FROM messages AS m INDEXED BY messages_by_esim
CROSS JOIN attempts AS a ON a.account_id = m.account_id AND a.message_id = m.id
CROSS JOIN parts AS p
  ON p.account_id = a.account_id AND p.message_id = a.message_id AND p.number = a.part
WHERE m.account_id = ? AND m.esim_tran_no = ? AND m.id >= ? AND a.carrier = ?
  AND a.carrier_message_id IS NOT NULL
ORDER BY m.id DESC LIMIT 1000

-- name: may_be_of_sibling
-- Another part to this eSIM whose id is not known: it is unanswered, or it has more attempts than
-- known ids.
SELECT 1
FROM messages AS m INDEXED BY messages_by_esim
CROSS JOIN parts AS p ON p.account_id = m.account_id AND p.message_id = m.id
WHERE m.account_id = ?1 AND m.esim_tran_no = ?2 AND m.id >= ?3 AND p.carrier = ?4
  AND m.created_ms <= ?5 AND p.expires_ms >= ?6 AND (m.id <> ?7 OR p.number <> ?8)
  AND m.destination = ?9
  AND (p.state < 40 AND p.owner IS NOT NULL
    OR (SELECT count(*) FROM attempts AS a
        WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
          AND a.outcome IN ('in_doubt', 'accepted'))
     > (SELECT count(DISTINCT id) FROM (
          SELECT a.carrier_message_id AS id FROM attempts AS a
          WHERE a.account_id = p.account_id AND a.message_id = p.message_id AND a.part = p.number
          UNION ALL SELECT p.carrier_message_id)))
LIMIT 1

-- name: adopt_part
-- A receipt shows that the carrier accepted a part in doubt, and under which id.
UPDATE parts SET
  state = 50, message_state = iif(total = 1, 50, message_state), reason = NULL,
  carrier_message_id = coalesce(carrier_message_id, ?1), owner = NULL, due_ms = NULL,
  sent_ms = coalesce(sent_ms, ?2), updated_ms = ?2
WHERE account_id = ?3 AND message_id = ?4 AND number = ?5 AND state = 40

-- name: numbers_in_doubt
SELECT p.carrier, m.destination
FROM parts AS p INDEXED BY parts_in_doubt
CROSS JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
WHERE p.state = 40 LIMIT ?

-- name: newest_parked
SELECT state, carrier, carrier_message_id, reason, carrier_code, last_ms, numbers, text_id, times
FROM receipts INDEXED BY receipts_parked WHERE standing = 'parked' AND numbers IS NOT NULL
ORDER BY last_ms DESC LIMIT ?

-- name: destination_of
SELECT destination FROM messages WHERE account_id = ? AND id = ?

-- name: first_and_last_id
-- A carrier that pads its ids gives all of them one width: the first and the last have it too.
SELECT
  (SELECT carrier_message_id FROM parts INDEXED BY parts_by_carrier_id
   WHERE carrier = ?1 AND carrier_message_id IS NOT NULL AND final_ms IS NULL
   ORDER BY carrier_message_id LIMIT 1) AS first_id,
  (SELECT carrier_message_id FROM parts INDEXED BY parts_by_carrier_id
   WHERE carrier = ?1 AND carrier_message_id IS NOT NULL AND final_ms IS NULL
   ORDER BY carrier_message_id DESC LIMIT 1) AS last_id

-- name: end_parts
-- Applies final receipts. The lease of an unanswered attempt ends with its part.
UPDATE parts SET
  state = new.column1, message_state = iif(total = 1, new.column1, message_state),
  reason = new.column2, carrier_code = new.column3,
  owner = NULL, due_ms = NULL, final_ms = new.column4, updated_ms = new.column4
FROM (VALUES (?, ?, ?, ?, ?, ?, ?)) AS new
WHERE account_id = new.column5 AND message_id = new.column6 AND number = new.column7

-- name: set_part_reason
-- Applies an intermediate receipt.
UPDATE parts SET reason = ?1, carrier_code = ?2, updated_ms = ?3
WHERE account_id = ?4 AND message_id = ?5 AND number = ?6

-- name: store_receipt
INSERT INTO receipts (
  carrier, carrier_message_id, state, standing, reason, carrier_code, times, first_ms, last_ms,
  account_id, message_id, number, numbers, text_id
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (carrier, carrier_message_id, state) DO UPDATE SET
  standing = excluded.standing, reason = excluded.reason, carrier_code = excluded.carrier_code,
  times = times + 1, last_ms = excluded.last_ms, numbers = excluded.numbers,
  text_id = excluded.text_id, dismissed_ms = NULL,
  account_id = coalesce(excluded.account_id, account_id),
  message_id = coalesce(excluded.message_id, message_id),
  number = coalesce(excluded.number, number)

-- name: find_disposition
SELECT standing FROM receipts WHERE carrier = ? AND carrier_message_id = ? AND state = ?

-- name: parked_receipts
-- Parked receipts with one of the ids that are not older than the message.
SELECT seen.column1 AS place, r.first_ms, r.state, r.carrier, r.carrier_message_id, r.reason,
  r.carrier_code, r.last_ms, r.numbers, r.text_id, r.times
FROM (VALUES (?, ?, ?, ?, ?)) AS seen CROSS JOIN receipts AS r
WHERE r.carrier = seen.column2 AND r.standing = 'parked'
  AND (r.carrier_message_id = seen.column3 OR r.text_id = seen.column3 AND r.text_id IS NOT NULL)
  AND r.last_ms >= (
    SELECT created_ms FROM messages WHERE account_id = seen.column4 AND id = seen.column5)

-- name: set_receipt_disposition
UPDATE receipts SET standing = ?, account_id = ?, message_id = ?, number = ?
WHERE carrier = ? AND carrier_message_id = ? AND state = ?

-- name: use_receipt_once
UPDATE receipts SET times = times - 1
WHERE carrier = ? AND carrier_message_id = ? AND state = ?

-- name: count_parked
SELECT count(*) FROM receipts INDEXED BY receipts_parked WHERE standing = 'parked'

-- name: parked_lengths
SELECT carrier, length(carrier_message_id) AS width, max(last_ms) AS last_ms
FROM receipts INDEXED BY receipts_parked WHERE standing = 'parked' GROUP BY 1, 2

-- name: delete_old_parked
DELETE FROM receipts WHERE (carrier, carrier_message_id, state) IN (
  SELECT carrier, carrier_message_id, state FROM receipts INDEXED BY receipts_parked
  WHERE standing = 'parked' AND last_ms < ? ORDER BY last_ms LIMIT ?
)

-- name: unmatched_receipts
SELECT carrier, carrier_message_id, text_id, state, standing, reason, carrier_code, numbers, times,
  first_ms, last_ms, dismissed_ms
FROM (
  SELECT * FROM receipts INDEXED BY receipts_parked
  WHERE standing = 'parked' AND last_ms <= :until_ms
    AND (:carrier IS NULL OR carrier = :carrier)
    AND (dismissed_ms IS NOT NULL) = :is_dismissed
  UNION ALL
  SELECT * FROM receipts INDEXED BY receipts_ambiguous
  WHERE standing = 'ambiguous' AND last_ms <= :until_ms
    AND (:carrier IS NULL OR carrier = :carrier)
    AND (dismissed_ms IS NOT NULL) = :is_dismissed
)
ORDER BY last_ms DESC, carrier, carrier_message_id, state LIMIT :limit

-- name: find_receipts
-- Stored receipts of the message, and those that may be of it: they have the id of one of its
-- attempts and are of its time.
SELECT number, carrier, carrier_message_id, state, standing, reason, carrier_code, times,
  first_ms, last_ms
FROM receipts INDEXED BY receipts_by_message
WHERE account_id = :account_id AND message_id = :message_id
UNION
SELECT a.part, r.carrier, r.carrier_message_id, r.state, r.standing, r.reason, r.carrier_code,
  r.times, r.first_ms, r.last_ms
FROM messages AS m
CROSS JOIN attempts AS a ON a.account_id = m.account_id AND a.message_id = m.id
CROSS JOIN receipts AS r
  ON r.carrier = a.carrier AND r.carrier_message_id = a.carrier_message_id
WHERE m.account_id = :account_id AND m.id = :message_id AND r.message_id IS NULL
  AND r.last_ms BETWEEN m.created_ms AND m.expires_ms + 86400000
ORDER BY 9, 4 LIMIT :limit

-- The formats in which carriers write ids.

-- name: count_format
INSERT INTO receipt_forms (carrier, base, letters, width, times, first_ms, last_ms)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (carrier, base, letters, width) DO UPDATE SET
  times = times + excluded.times, last_ms = max(last_ms, excluded.last_ms)

-- name: list_formats
SELECT carrier, base, letters, width FROM receipt_forms

-- name: formats_of
SELECT base, letters, width, times, first_ms, last_ms FROM receipt_forms
WHERE carrier = ? ORDER BY times DESC, base, letters, width
