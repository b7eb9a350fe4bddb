-- Metrics and health.

-- name: queues
-- Reads the index only. The age of a queue is in its lowest id: ids begin with their time.
SELECT carrier, count(*) AS parts, min(message_id) AS first_id FROM parts INDEXED BY parts_due
WHERE owner IS NULL AND due_ms IS NOT NULL
GROUP BY carrier

-- name: probe
INSERT INTO meta (name, value) VALUES ('probe', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
