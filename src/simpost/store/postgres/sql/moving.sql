-- The move of an embedded store to this database.

-- name: find_moves
SELECT id, compared_ms, finished_ms FROM moves

-- name: unfinished_move
SELECT 1 FROM moves WHERE finished_ms IS NULL LIMIT 1

-- name: begin_move
INSERT INTO moves (id, started_ms) VALUES ($1, $2)

-- name: note_compared
UPDATE moves SET compared_ms = $2 WHERE id = $1

-- name: finish_move
UPDATE moves SET finished_ms = $2 WHERE id = $1

-- name: move_steps
SELECT table_name, after, row_count, is_done FROM move_steps

-- name: step_move
-- Returns no row if another process has moved more rows in the meantime.
INSERT INTO move_steps AS s (table_name, after, row_count, is_done) VALUES ($1, $2, $3, $4)
ON CONFLICT (table_name) DO UPDATE SET
  after = coalesce(excluded.after, s.after), row_count = excluded.row_count,
  is_done = excluded.is_done
WHERE s.row_count = $5 AND NOT s.is_done
RETURNING 1

-- name: list_tables
SELECT c.relname::text FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace(current_schema()::text) AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition
ORDER BY c.relname

-- name: columns_of
SELECT column_name::text, data_type::text, is_identity::text FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position

-- name: nodes_alive
-- Nodes with a heartbeat within two of their leases.
SELECT name FROM nodes
WHERE beat_ms > extract(epoch FROM clock_timestamp()) * 1000 - 2000 * lease_s ORDER BY name

-- name: lease_owners
SELECT DISTINCT owner FROM parts WHERE owner IS NOT NULL AND due_ms IS NOT NULL LIMIT $1
