-- For whoever watches the service.

-- name: queues
-- From the index alone: an id begins with the time of its message.
SELECT carrier, count(*) AS parts, min(message_id) AS first_id FROM parts INDEXED BY parts_due
WHERE owner IS NULL AND due_ms IS NOT NULL
GROUP BY carrier

-- name: probe
INSERT INTO meta (name, value) VALUES ('probe', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
