-- name: list_partitions
SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'messages'::regclass ORDER BY c.relname

-- name: schema_version
SELECT version FROM schema_version

-- name: old_schema_version
SELECT version_num FROM alembic_version

-- name: lock_schema
SELECT pg_advisory_xact_lock(1398361940, 0)

-- name: lock_partitions
SELECT pg_try_advisory_xact_lock(1398361940, 1)

-- name: delete_old_receipts
WITH old AS (
  SELECT carrier, carrier_message_id, state FROM receipts
  WHERE last_ms < $1 ORDER BY last_ms LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM receipts AS r USING old
  WHERE r.carrier = old.carrier AND r.carrier_message_id = old.carrier_message_id
    AND r.state = old.state
  RETURNING 1
)
SELECT count(*) FROM gone

-- name: notify
SELECT pg_notify('simpost_parts', $1)
