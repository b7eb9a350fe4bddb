-- Metrics and health.

-- name: queues
-- The age of a queue is in its lowest id: ids begin with their time.
SELECT carrier, count(*) AS parts, min(message_id) AS first_id FROM parts
WHERE owner IS NULL AND due_ms IS NOT NULL
GROUP BY carrier

-- name: count_parked
SELECT count(*) FROM receipts WHERE standing = 'parked'

-- name: probe
INSERT INTO meta (name, value) VALUES ('probe', $1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
