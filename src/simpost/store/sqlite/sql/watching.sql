-- For whoever watches the service.

-- name: queues
-- From the index alone: an id begins with the time of its message.
SELECT carrier, count(*), min(substr(message_id, 1, 6)) FROM parts INDEXED BY parts_due
WHERE owner IS NULL AND due_ms IS NOT NULL
GROUP BY carrier

-- name: probe
INSERT INTO meta (name, value) VALUES ('probe', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
