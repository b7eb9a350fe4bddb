-- Parts of inbound messages.

-- name: newest_assembly
SELECT id, inbound_id, reason FROM assemblies INDEXED BY assemblies_by_reference
WHERE carrier = ? AND source = ? AND destination = ? AND kind = ? AND reference = ? AND total = ?
ORDER BY id DESC LIMIT 1

-- name: equal_assemblies
SELECT id, link, reason FROM assemblies INDEXED BY assemblies_by_reference
WHERE carrier = ? AND source = ? AND destination = ? AND kind = ? AND reference = ? AND total = ?
  AND inbound_id IS NOT NULL
ORDER BY id LIMIT 100

-- name: add_assembly
INSERT INTO assemblies (
  carrier, source, destination, kind, reference, total, link, first_ms, last_ms, inbound_id, reason
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10)
RETURNING id

-- name: refresh_assembly
UPDATE assemblies SET link = ?, last_ms = ? WHERE id = ?

-- name: complete_assembly
UPDATE assemblies SET inbound_id = ?, reason = ?, last_ms = max(last_ms, ?)
WHERE id = ? AND inbound_id IS NULL

-- name: find_assembly
SELECT id, carrier, source, destination, kind, reference, total, reason FROM assemblies WHERE id = ?

-- name: add_incoming_part
INSERT INTO incoming_parts (
  assembly, number, encoding, octets, for_application, received_ms, raw, text_key
) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: incoming_parts
SELECT number, encoding, octets, for_application, received_ms, raw, text_key FROM incoming_parts
WHERE assembly = ? ORDER BY number

-- name: count_incoming_parts
SELECT count(*) FROM incoming_parts WHERE assembly = ?

-- name: overdue_assemblies
SELECT id FROM assemblies INDEXED BY assemblies_open
WHERE inbound_id IS NULL AND first_ms < ? ORDER BY first_ms LIMIT ?

-- name: surplus_incomplete_assemblies
SELECT id FROM assemblies
WHERE id <= (SELECT max(id) FROM assemblies) - ? AND inbound_id IS NULL ORDER BY id LIMIT ?

-- name: old_assemblies
SELECT id FROM assemblies INDEXED BY assemblies_kept
WHERE inbound_id IS NOT NULL AND last_ms < ? ORDER BY last_ms LIMIT ?

-- name: surplus_assemblies
SELECT id FROM assemblies
WHERE id <= (SELECT max(id) FROM assemblies) - ? AND inbound_id IS NOT NULL ORDER BY id LIMIT ?

-- name: delete_assembly
DELETE FROM assemblies WHERE id = ?

-- name: delete_incoming_parts
DELETE FROM incoming_parts WHERE assembly = ?

-- Inbound messages.

-- name: insert_inbound
INSERT INTO inbound (
  account_id, id, esim_tran_no, carrier, source, destination, state, reason, encoding, text,
  part_count, missing, message_id, received_ms, raw, text_key
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: trim_inbound
DELETE FROM inbound WHERE account_id = ?1 AND id IN (
  SELECT id FROM inbound INDEXED BY inbound_by_esim
  WHERE account_id = ?1 AND esim_tran_no IS ?2 ORDER BY id DESC LIMIT 100 OFFSET ?3
)

-- name: find_inbound
SELECT id, account_id, esim_tran_no, carrier, source, destination, state, reason, encoding, text,
  part_count, missing, message_id, received_ms, raw, text_key, redacted_ms, forgotten_ms
FROM inbound WHERE account_id = ? AND id = ?

-- name: list_inbound
SELECT id, account_id, esim_tran_no, carrier, source, destination, state, reason, encoding, text,
  part_count, missing, message_id, received_ms, text_key, redacted_ms, forgotten_ms
FROM inbound
WHERE account_id = :account_id AND id < :before AND (:carried OR state <> 'forwarded')
ORDER BY id DESC LIMIT :limit

-- name: list_inbound_of_esim
SELECT id, account_id, esim_tran_no, carrier, source, destination, state, reason, encoding, text,
  part_count, missing, message_id, received_ms, text_key, redacted_ms, forgotten_ms
FROM inbound INDEXED BY inbound_by_esim
WHERE account_id = :account_id AND esim_tran_no = :esim_tran_no AND id < :before
  AND (:carried OR state <> 'forwarded')
ORDER BY id DESC LIMIT :limit

-- Retention.

-- name: old_inbound
SELECT i.account_id, i.id FROM (SELECT 0 AS id UNION ALL SELECT id FROM accounts) AS a
CROSS JOIN inbound AS i ON i.account_id = a.id AND i.id < ?1
WHERE NOT EXISTS (
  SELECT 1 FROM parts AS p
  WHERE p.account_id = i.account_id AND p.message_id = i.message_id AND p.due_ms IS NOT NULL)
LIMIT ?2

-- name: delete_inbound_older_than
DELETE FROM inbound WHERE account_id = ? AND id = ?

-- name: delete_old_ambiguous
DELETE FROM receipts WHERE (carrier, carrier_message_id, state) IN (
  SELECT carrier, carrier_message_id, state FROM receipts INDEXED BY receipts_ambiguous
  WHERE standing = 'ambiguous' AND last_ms < ? ORDER BY last_ms LIMIT ?
)

-- The eSIM of a number, and the detection of delivery loops.

-- name: esim_of_number
SELECT account_id, esim_tran_no FROM esims INDEXED BY esims_by_msisdn
WHERE msisdn = ?1 AND msisdn <> '' AND (?2 IS NULL OR account_id = ?2)
ORDER BY retired_ms IS NOT NULL, smdp_status <> 'ENABLED', created_ms DESC, esim_tran_no DESC LIMIT 1

-- name: count_identical
-- Sealed texts are compared after they were opened.
SELECT id, text, text_key FROM messages INDEXED BY messages_by_esim
WHERE account_id = :account_id AND esim_tran_no = :esim_tran_no AND id >= :since
  AND sender = :sender AND (text = :text OR text_key IS NOT NULL)
ORDER BY id DESC LIMIT 1000
